// The README's pictures: the page as a visitor sees it, light and dark, wide and narrow.
import { launch, settled } from "./chromium.mjs";
import { serve } from "./server.mjs";

const pictures = [
  { file: "public/lab-light.png", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { file: "public/lab-dark.png", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { file: "public/lab-narrow.png", colorScheme: "light", viewport: { width: 390, height: 844 } },
];
// What runs in the picture, and for how many milliseconds before it is taken.
const query = "?autoplay=1";
const runFor = 4_000;

const server = await serve();
const browser = await launch();
try {
  for (const { file, ...look } of pictures) {
    const context = await browser.newContext(look);
    const page = await context.newPage();
    await page.goto(server.url + query);
    if ((await settled(page)) !== "running") throw new Error(`the page did not run for ${file}`);
    await page.waitForTimeout(runFor);
    await page.screenshot({ path: file });
    await context.close();
    console.log(file);
  }
} finally {
  await browser.close();
  await server.close();
}
