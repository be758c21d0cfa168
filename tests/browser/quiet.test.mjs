// The page does nothing where nothing is to be seen: paused, off screen, or in a tab behind others.
import assert from "node:assert/strict";
import { pageTest, settled } from "./harness.mjs";

/** Counts what would make the page work: frames that are asked for, and timers. */
function watch() {
  const seen = (globalThis.seen = { frames: 0, timers: 0 });
  const count = (name, what) => {
    const own = globalThis[name];
    globalThis[name] = (...given) => {
      seen[what] += 1;
      return own.apply(globalThis, given);
    };
  };
  count("requestAnimationFrame", "frames");
  count("setTimeout", "timers");
  count("setInterval", "timers");
}

const clock = (frame) => frame.locator(".transport .clock").innerText();
const seconds = (text) => Number(text.split(":").at(-1));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** What a frame asked for during a second, and how far its run came. */
async function second(frame) {
  const before = await frame.evaluate(() => ({ ...globalThis.seen }));
  const from = await clock(frame);
  await wait(1_000);
  const after = await frame.evaluate(() => ({ ...globalThis.seen }));
  return {
    frames: after.frames - before.frames,
    timers: after.timers - before.timers,
    moved: (await clock(frame)) !== from,
  };
}

const still = { frames: 0, timers: 0, moved: false };

pageTest("a run that has not been started, and one that pauses, asks for no frame and sets no timer", { before: watch }, async ({ page }) => {
  await settled(page);
  await wait(500);
  assert.deepEqual(await second(page), still, "before play");
  await page.getByRole("button", { name: "Play" }).click();
  await wait(300);
  const playing = await second(page);
  assert.ok(playing.frames > 5 && playing.moved, `it plays: ${JSON.stringify(playing)}`);
  assert.equal(playing.timers, 0, "the clock is the frame's, not a timer's");
  await page.getByRole("button", { name: "Pause" }).click();
  // What is said to screen readers waits for up to two seconds.
  await wait(2_600);
  assert.deepEqual(await second(page), still, "paused");
});

const host = `<!doctype html><link rel="icon" href="data:,"><title>Host</title>
<iframe title="figure" src="./?embed=1&autoplay=1" width="640" height="360"></iframe><br><canvas width="1" height="6000"></canvas>`;

pageTest("a figure that is scrolled away stands still, and goes on where it was", {
  before: watch,
  server: { pages: { "/host.html": host } },
  path: "host.html",
}, async ({ page }) => {
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await settled(frame);
  await wait(500);
  assert.ok((await second(frame)).moved, "it plays while it is seen");
  await page.evaluate(() => scrollTo(0, 5_000));
  await wait(700);
  const at = await clock(frame);
  assert.deepEqual(await second(frame), still, "off screen");
  await page.evaluate(() => scrollTo(0, 0));
  await wait(100);
  assert.ok(seconds(await clock(frame)) - seconds(at) < 0.2, "the time away is a pause, not a gap to catch up");
  await wait(500);
  assert.ok((await second(frame)).moved, "it goes on");
});

/** A browser calls no frame in a tab that is not seen; this one does so when told to. */
function curtain() {
  const own = globalThis.requestAnimationFrame;
  const kept = [];
  globalThis.requestAnimationFrame = (call) => (globalThis.hidden ? kept.push(call) : own(call));
  globalThis.show = (shown) => {
    globalThis.hidden = !shown;
    if (shown) kept.splice(0).forEach((call) => own(call));
  };
}

pageTest("a tab that is not seen stands still, and the time away is a pause", {
  before: curtain,
  path: "?autoplay=1&speed=1",
}, async ({ page }) => {
  await settled(page);
  await page.evaluate(watch);
  await wait(500);
  assert.ok((await second(page)).moved, "it plays while it is seen");
  await page.evaluate(() => globalThis.show(false));
  await wait(300);
  const at = seconds(await clock(page));
  assert.deepEqual(await second(page), still, "hidden");
  const back = performance.now();
  await page.evaluate(() => globalThis.show(true));
  while (seconds(await clock(page)) === at) await wait(50);
  const [gone, real] = [seconds(await clock(page)) - at, (performance.now() - back) / 1_000];
  assert.ok(gone < real + 0.25, `${gone} s of the run in ${real} s: nothing is caught up on`);
});
