// What a learner comes for, by mouse and by finger: choose, change, run, step, seek, break, look, ask why, share.
import assert from "node:assert/strict";
import { pageTest, settled, shot } from "./harness.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const summary = (page) => page.locator("#summary").textContent();

/** The middle of an element. */
async function middle(locator) {
  const { x, y, width, height } = await locator.boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}

/** Goes over the stage until the pointer is over a thing for which `is` holds after a try; answers whether it found one. */
async function findOnStage(page, attempt, done) {
  const { x, y, width, height } = await page.locator(".stage canvas").boundingBox();
  for (let down = 40; down < height; down += 24) {
    for (let right = width - 30; right > width * 0.1; right -= 24) {
      const spot = { x: x + right, y: y + down };
      await page.mouse.move(spot.x, spot.y);
      const over = await page.locator(".stage canvas").getAttribute("data-over");
      if (over !== "thing") continue;
      await attempt(spot);
      if (await done()) return true;
    }
  }
  return false;
}

/** Everything but the pointing, which `point` does: mouse or finger. */
async function tasks(page, point) {
  await settled(page);
  // Choose.
  await page.locator(".presets").selectOption("order-processing");
  const names = (selector) => page.locator(selector).allInnerTexts();
  await page.locator(".verdict", { hasText: "Inventory" }).waitFor();
  assert.deepEqual(await names(".side .owner b"), await names(".verdict .name"), "the settings are those of the services there are");
  // Change.
  const slider = page.locator("#set-loss");
  await slider.scrollIntoViewIfNeeded();
  const before = await slider.inputValue();
  const { x, y, width, height } = await slider.boundingBox();
  await point({ x: x + width * 0.7, y: y + height / 2 });
  await page.waitForFunction((before) => document.querySelector("#set-loss").value !== before, before);
  assert.match(page.url(), /loss=/);
  // Run, with the stage in sight: out of sight nothing moves.
  await page.locator(".stage").scrollIntoViewIfNeeded();
  await point(await middle(button(page, "Play")));
  await page.waitForFunction(() => /published [1-9]/.test(document.getElementById("summary").textContent), null, { timeout: 60_000 });
  await point(await middle(button(page, "Pause")));
  await button(page, "Play").waitFor();
  // Step.
  const events = await summary(page);
  for (let i = 0; i < 6; i++) await point(await middle(button(page, "Step to the next event")));
  await page.waitForFunction((before) => document.getElementById("summary").textContent !== before, events);
  // Seek: to near the beginning of the bar.
  const clock = await page.locator(".clock").textContent();
  const bar = await page.locator(".bar input").boundingBox();
  await point({ x: bar.x + 12, y: bar.y + bar.height / 2 });
  await page.waitForFunction((clock) => document.querySelector(".clock").textContent !== clock, clock);
  // Break.
  await page.locator(".side summary", { hasText: "Break something now" }).scrollIntoViewIfNeeded();
  await point(await middle(page.locator(".side summary", { hasText: "Break something now" })));
  const crash = page.getByRole("button", { name: "Crash Payment 1" });
  await crash.scrollIntoViewIfNeeded();
  await point(await middle(crash));
  await page.waitForFunction(() => /Payment: [^.]*1 of 1 down/.test(document.getElementById("summary").textContent));
  // Ask why.
  await button(page, "Next anomaly").scrollIntoViewIfNeeded();
  await point(await middle(button(page, "Next anomaly")));
  await page.locator(".found .why").waitFor({ timeout: 60_000 });
  await point(await middle(page.locator(".found .why")));
  await page.locator(".explanation .because").waitFor({ timeout: 60_000 });
  // Share.
  await button(page, "Share").scrollIntoViewIfNeeded();
  await point(await middle(button(page, "Share")));
  assert.match(await page.getByLabel("Link", { exact: true }).inputValue(), /#s=1\./, "what was done by hand is in the link");
}

pageTest("a learner's tasks by mouse", { path: "?preset=lost-ack" }, async ({ page, open }) => {
  await tasks(page, ({ x, y }) => page.mouse.click(x, y));
  await shot(page, "learner-mouse");
  // The link opens the same run; the address is the same already, so the way there leads over another page.
  const link = await page.getByLabel("Link", { exact: true }).inputValue();
  await page.goto("about:blank");
  await open(link);
  assert.equal(await settled(page), "running");
  await page.getByRole("tab", { name: "Forks" }).click();
  assert.match(await page.locator(".done").innerText(), /crash of Payment/);
});

pageTest("a learner's tasks by finger, on a phone", { path: "?preset=lost-ack", context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } }, async ({ page }) => {
  await tasks(page, ({ x, y }) => page.touchscreen.tap(x, y));
  await shot(page, "learner-touch");
});

pageTest("on the stage itself a click crashes an instance, and a click on a message shows its life", { path: "?preset=order-processing&seed=7&t=1.2s" }, async ({ page }) => {
  await settled(page);
  const down = async () => / of \d+ down/.test(await summary(page));
  assert.ok(await findOnStage(page, ({ x, y }) => page.mouse.click(x, y), down), "an instance that can be crashed");
  const shown = async () => (await page.locator("#tab-message").getAttribute("aria-selected")) === "true";
  assert.ok(await findOnStage(page, ({ x, y }) => page.mouse.click(x, y), shown), "a message that can be picked");
});
