// The README's pictures: the page as a visitor sees it, at moments that show what it is for. Every moment is a link, so
// the pictures are the same run each time they are taken.
import { launch, settled } from "./chromium.mjs";
import { serve } from "./server.mjs";

const wide = { width: 1280, height: 800 };
const narrow = { width: 390, height: 844 };

// An ack has just been lost, two orders are sent again, one is in the log twice, an instance is down.
const busy = new URLSearchParams({
  preset: "order-processing",
  seed: "10",
  t: "1.6047s",
  speed: "0.01",
  rate: "24",
  idempotence: "0",
  loss: "0.04",
  ackLoss: "0.08",
  delay: "4ms",
  crash: "15s",
  "payment.serviceTime": "25ms",
  "inventory.serviceTime": "60ms",
  "notification.serviceTime": "50ms",
  "analytics.serviceTime": "60ms",
});
const later = new URLSearchParams({ preset: "order-processing", t: "14s", speed: "0.1" });
const again = new URLSearchParams({ preset: "lost-ack" });

/** Goes to the next anomaly and asks why. */
async function why(page) {
  await page.getByRole("button", { name: "Next anomaly" }).click();
  await page.locator(".found .why").click();
  await page.locator(".explanation .because").waitFor();
}

async function numbers(page) {
  await page.getByRole("tab", { name: "Numbers" }).click();
  await page.waitForTimeout(500);
}

const pictures = [
  { file: "lab-light", query: busy, viewport: wide },
  { file: "lab-dark", query: busy, viewport: wide, colorScheme: "dark" },
  { file: "lab-narrow", query: busy, viewport: narrow },
  { file: "lab-why", query: again, viewport: wide, prepare: why },
  { file: "lab-numbers", query: later, viewport: wide, prepare: numbers },
];

const server = await serve();
const browser = await launch();
try {
  for (const { file, query, viewport, colorScheme = "light", prepare } of pictures) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    await page.goto(`${server.url}?${query}`);
    if ((await settled(page)) !== "running") throw new Error(`the page did not run for ${file}`);
    await page.waitForTimeout(1_000);
    await prepare?.(page);
    await page.screenshot({ path: `public/${file}.png` });
    await context.close();
    console.log(`public/${file}.png`);
  }
} finally {
  await browser.close();
  await server.close();
}
