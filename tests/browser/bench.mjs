// Measures in Chromium. `bench.mjs program FOLDER` runs a bench that was compiled for the browser and prints what it
// logs; `bench.mjs page` measures the built page, at rest and at 10,000 orders a second.
import { busy } from "./busy.mjs";
import { launch, settled } from "./chromium.mjs";
import { serve } from "./server.mjs";

const [what, folder] = process.argv.slice(2);
const report = (name, value, unit) => console.log(`${name} ${value.toFixed(3)} ${unit}`);

/** A program runs in its module's start; what it logs are its results. */
async function program(browser) {
  const host = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="start.mjs"></script>';
  const start = 'import init from "./bench.js"; await init({ module_or_path: "bench_bg.wasm" }); document.title = "done";';
  const server = await serve({ root: folder, pages: { "/host.html": host, "/start.mjs": start } });
  try {
    const page = await browser.newPage();
    let failed;
    page.on("console", (message) => (message.type() === "error" ? (failed = message.text()) : console.log(message.text())));
    page.on("pageerror", (error) => (failed ??= error.message));
    await page.goto(`${server.url}host.html`);
    while ((await page.title()) !== "done") {
      if (failed) throw new Error(failed);
      await new Promise((wait) => setTimeout(wait, 100));
    }
  } finally {
    await server.close();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** From the last byte of the program to the first frame with the page in it; layout shift while loading. */
async function page(browser) {
  const server = await serve();
  const frames = [];
  const shifts = [];
  try {
    for (let round = 0; round < 7; round++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const page = await context.newPage();
      await page.addInitScript(() => {
        globalThis.layoutShift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) globalThis.layoutShift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        new MutationObserver((_, observer) => {
          if (document.documentElement.dataset.state !== "running") return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(() => (globalThis.firstFrame = performance.now())));
        }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
      });
      await page.goto(server.url);
      if ((await settled(page)) !== "running") throw new Error("the page did not run");
      await page.waitForFunction(() => globalThis.firstFrame !== undefined);
      const [frame, shift] = await page.evaluate(() => {
        // The part that comes after the first look is not waited for.
        const first = (entry) => entry.name.endsWith("_bg.wasm");
        const last = performance.getEntriesByType("resource").filter(first).at(-1);
        return [globalThis.firstFrame - last.responseEnd, globalThis.layoutShift];
      });
      frames.push(frame);
      shifts.push(shift);
      await context.close();
    }
  } finally {
    await server.close();
  }
  report("page_last_byte_to_first_frame", median(frames), "ms");
  report("page_layout_shift", Math.max(...shifts), "score");
  for (const [name, [value, unit]] of Object.entries(await busy(browser))) report(name, value, unit);
}

const browser = await launch();
try {
  await { program, page }[what](browser);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
