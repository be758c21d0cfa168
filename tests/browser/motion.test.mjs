// Nothing moves unasked, one pause stops everything, and reduced motion has no frames in between.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pageTest, settled } from "./harness.mjs";

const run = "?preset=order-processing&seed=7";
const wait = (page, ms) => page.waitForTimeout(ms);
const playing = (page) => page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));

/** Two pictures of the page, a second apart, are the same. */
async function rests(page, when) {
  const before = await page.screenshot();
  await wait(page, 1_000);
  assert.ok(before.equals(await page.screenshot()), `something moves ${when}`);
}

pageTest("nothing moves before the reader starts it", { path: run }, async ({ page }) => {
  await settled(page);
  await page.waitForFunction(() => document.querySelector(".stage canvas").dataset.moving);
  await page.waitForTimeout(300);
  await rests(page, "before it is started");
});

for (const [how, stop] of [
  ["the button", (page) => page.getByRole("button", { name: "Pause" }).click()],
  ["Alt+K, wherever the focus is", async (page) => {
    await page.getByRole("tab", { name: "Log" }).focus();
    await page.keyboard.press("Alt+K");
  }],
]) {
  pageTest(`one pause stops everything: ${how}`, { path: run }, async ({ page }) => {
    await settled(page);
    await page.getByRole("tab", { name: "Log" }).click();
    await page.getByRole("button", { name: "Play" }).click();
    await playing(page);
    await stop(page);
    // What is polite may still say its last word, of what has been.
    await page.mouse.move(5, 5);
    await rests(page, "after a pause");
  });
}

pageTest("a pause holds from the next frame on", { path: run }, async ({ page }) => {
  await settled(page);
  await page.getByRole("button", { name: "Play" }).click();
  await playing(page);
  const [next, later] = await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const seen = () => document.querySelector(".stage canvas").toDataURL() + document.querySelector(".transport .clock").textContent + document.querySelector(".strip").textContent;
    document.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyK", altKey: true, bubbles: true }));
    await frame();
    const next = seen();
    await new Promise((done) => setTimeout(done, 700));
    return [next, seen()];
  });
  assert.equal(later, next);
});

pageTest("autoplay does not move where the reader wants no motion to begin by itself", { path: `${run}&autoplay=1`, context: { reducedMotion: "reduce" } }, async ({ page }) => {
  await settled(page);
  await playing(page);
  // WCAG 2.2.2: what moves by itself ends within five seconds.
  await page.getByRole("button", { name: "Play" }).waitFor({ timeout: 15_000 });
});

/** How many of the frames drawn in a while differ from the one before. */
const changes = (page, ms) => page.evaluate(async (ms) => {
  const canvas = document.querySelector(".stage canvas");
  const end = performance.now() + ms;
  let [frames, changed, before] = [0, 0, ""];
  while (performance.now() < end) {
    await new Promise((next) => requestAnimationFrame(next));
    const now = canvas.toDataURL();
    frames += 1;
    changed += now === before ? 0 : 1;
    before = now;
  }
  return changed / frames;
}, ms);

pageTest("reduced motion shows discrete states, and can be switched while it runs", { path: `${run}&rate=4&latency=300ms&t=300ms&speed=0.05` }, async ({ page }) => {
  await settled(page);
  await page.getByRole("button", { name: "Play" }).click();
  await playing(page);
  const gliding = await changes(page, 1_500);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await wait(page, 200);
  const stepping = await changes(page, 1_500);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await wait(page, 200);
  const again = await changes(page, 1_500);
  assert.ok(gliding > 0.5 && again > 0.5, `gliding ${gliding} and ${again} of the frames differ`);
  assert.ok(stepping < 0.35, `stepping ${stepping} of the frames differ`);
});

pageTest("the same run happens with and without motion", { path: null }, async ({ page, open }) => {
  const logs = [];
  for (const motion of ["full", "reduce"]) {
    await open(`${run}&motion=${motion}&stopAt=1s&speed=1`);
    await settled(page);
    await page.getByRole("button", { name: "Play" }).click();
    await page.waitForFunction(() => document.querySelector(".clock").textContent.endsWith("00:01.000"), null, { timeout: 60_000 });
    await page.getByRole("tab", { name: "Log" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export as JSON Lines" }).click();
    logs.push(readFileSync(await (await download).path(), "utf8"));
  }
  assert.ok(logs[0].split("\n").length > 100);
  assert.equal(logs[0], logs[1]);
});
