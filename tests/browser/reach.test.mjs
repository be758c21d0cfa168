// Targets that can be hit, and pages that fit: by finger, on small screens, with large text.
import assert from "node:assert/strict";
import { pageTest, settled, shot } from "./harness.mjs";
import { figure } from "./host.mjs";

/** Everything in sight that can be operated and is smaller than `least`, as sentences. A label is part of its target. */
const tooSmall = (page, least, selector = "a[href], button, input, select, textarea, summary, [tabindex='0']") =>
  page.evaluate(([least, selector]) => {
    const open = document.querySelector("dialog[open]");
    const box = (one) => {
      const boxes = [one, ...(one.labels ?? [])].filter((part) => part === one || part.contains(one)).map((part) => part.getBoundingClientRect());
      return { width: Math.max(...boxes.map((b) => b.width)), height: Math.max(...boxes.map((b) => b.height)) };
    };
    return [...(open ?? document).querySelectorAll(selector)]
      .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0)
      .filter((one) => { const { width, height } = box(one); return width < least - 0.5 || height < least - 0.5; })
      .map((one) => `${one.outerHTML.slice(0, 90)} is ${box(one).width.toFixed(1)} x ${box(one).height.toFixed(1)}`);
  }, [least, selector]);

const widths = [[1280, 800], [768, 1024], [390, 844]];
for (const [width, height] of widths) {
  pageTest(`every target is at least 24 px: ${width} wide`, { path: "?preset=order-processing", context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    for (const details of await page.locator("details > summary").all()) await details.click();
    assert.deepEqual(await tooSmall(page, 24), []);
    for (const name of ["Message", "Numbers", "Log", "Moment", "Forks", "Compare"]) {
      await page.getByRole("tab", { name }).click();
      assert.deepEqual(await tooSmall(page, 24), [], name);
    }
    for (const name of ["Help and keys", "Share"]) {
      await page.getByRole("button", { name, exact: true }).click();
      assert.deepEqual(await tooSmall(page, 24), [], name);
      await page.keyboard.press("Escape");
    }
  });
}

const touch = { hasTouch: true, isMobile: true };
for (const [path, viewport] of [["?preset=order-processing", { width: 390, height: 844 }], [figure, { width: 390, height: 300 }], [figure, { width: 768, height: 432 }]]) {
  pageTest(`for fingers what drives the run is at least 44 px: ${path} ${viewport.width} wide`, { path, context: { ...touch, viewport } }, async ({ page }) => {
    await settled(page);
    assert.deepEqual(await tooSmall(page, 44, ".drive button, .tabs button, .top button, .top select"), []);
    assert.deepEqual(await tooSmall(page, 24), []);
  });
}

/** How far the page can be scrolled sideways, and what sticks out. */
const sideways = (page) => page.evaluate(() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over <= 0) return [];
  const out = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5);
  return [`${over} px`, ...out.slice(0, 5).map((one) => one.outerHTML.slice(0, 90))];
});

/** Opens the panels one after the other and looks whether anything makes the page wider. */
async function fitsEverywhere(page) {
  assert.deepEqual(await sideways(page), []);
  for (const name of ["Message", "Numbers", "Log", "Moment", "Forks", "Compare", "Settings"]) {
    await page.getByRole("tab", { name }).click();
    assert.deepEqual(await sideways(page), [], name);
  }
}

for (const [width, height] of [[320, 256], [320, 640], [640, 360]]) {
  pageTest(`the page fits ${width}x${height} without scrolling sideways`, { path: "?preset=order-processing", context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    await fitsEverywhere(page);
    await shot(page, `page-${width}`);
  });
}

for (const [width, height] of [[1280, 800], [640, 800]]) {
  pageTest(`with text at 200 % the page fits ${width}x${height}, and nothing is cut off`, { path: "?preset=order-processing", context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
    await fitsEverywhere(page);
    const cut = await page.evaluate(() => [...document.querySelectorAll("button, .verdict, .watch, label, legend:not(.unseen), summary")]
      .filter((one) => one.checkVisibility() && getComputedStyle(one).overflow !== "visible" && one.scrollWidth > one.clientWidth + 1)
      .map((one) => one.outerHTML.slice(0, 90)));
    assert.deepEqual(cut, []);
    await shot(page, `large-text-${width}`);
  });
}
