// Nothing moves unasked, one pause stops everything, and reduced motion has no frames in between.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pageTest, settled } from "./harness.mjs";
import { figure, frameOf, iframe, ready, stranger } from "./host.mjs";

const run = "?preset=order-processing&seed=7";
const wait = (page, ms) => page.waitForTimeout(ms);
const playing = (page) => page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));

/** Two pictures of the page, a second apart, are the same. */
async function rests(page, when) {
  // Chromium draws the end of a slider's track anew, a pixel wide, some time after it was first shown.
  await page.evaluate(() => document.querySelectorAll(".side input[type=range]").forEach((slider) => { slider.style.visibility = "hidden"; }));
  await page.screenshot();
  const before = await page.screenshot();
  await wait(page, 1_000);
  assert.ok(before.equals(await page.screenshot()), `something moves ${when}`);
}

pageTest("nothing moves before the reader starts it", { path: run }, async ({ page }) => {
  await settled(page);
  await page.waitForFunction(() => document.querySelector(".stage canvas").dataset.moving);
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
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", code: "KeyK", altKey: true, bubbles: true }));
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

/** How many different drawings there are at moments close to each other, while a message is on its way. */
async function drawings(page) {
  const seen = new Set();
  for (let look = 0; look < 24; look++) {
    await page.evaluate((t) => ask({ type: "seek", t }), 1 + look * 0.0015);
    seen.add(await frameOf(page).evaluate(async () => {
      for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
      return document.querySelector(".stage canvas").toDataURL();
    }));
  }
  return seen.size;
}

pageTest("reduced motion shows discrete states, and can be switched while the page is open", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(`${server.url}${figure}&rate=40&latency=40ms&jitter=0&loss=0&ackLoss=0&crash=0`));
  await ready(page);
  await page.evaluate(() => ask({ type: "hello" }));
  const gliding = await drawings(page);
  await page.emulateMedia({ reducedMotion: "reduce" });
  const stepping = await drawings(page);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  const again = await drawings(page);
  assert.ok(gliding >= 20 && again >= 20, `${gliding} and ${again} different drawings of 24`);
  assert.ok(stepping <= 10, `${stepping} different drawings of 24 where there is to be little motion`);
  await other.close();
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
