// What was set and done by hand is kept: in the address, in a file, and as little of it as there was.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pageTest, settled } from "./harness.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const tab = (page, name) => page.getByRole("tab", { name }).click();
const clock = (page) => page.locator(".transport .clock").innerText();
const ms = (text) => Math.round(parseFloat(text.match(/:([\d.]+)$/)[1]) * 1_000);

/** All events up to a moment in ms, as the log exports them. */
async function trace(page, upTo) {
  await tab(page, "Log");
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Export as JSON Lines").click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  return lines.filter((line) => JSON.parse(line).at < upTo * 1_000);
}

/** The same address, a while into the run, in a page of its own. */
async function again(page, at) {
  const address = new URL(page.url());
  address.searchParams.set("t", `${at}ms`);
  const other = await page.context().newPage();
  await other.goto(address.href);
  assert.equal(await settled(other), "running");
  await other.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  return other;
}

/** Plays for a while of real time. */
async function play(page, real) {
  await button(page, "Play").click();
  await page.waitForTimeout(real);
  await button(page, "Pause").click();
}

/** Drags a slider through many places with the mouse. */
async function drag(page, id, between = async () => {}) {
  const box = await page.locator(id).boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.1, y);
  await page.mouse.down();
  for (let part = 0.1; part < 0.85; part += 0.025) {
    await page.mouse.move(box.x + box.width * part, y);
    await between();
  }
  await page.mouse.up();
}

const done = async (page) => {
  await tab(page, "Forks");
  return page.locator(".done li").allInnerTexts();
};

pageTest("sliders are dragged, at rest and while it plays: the address holds what was done, and the same run", { path: "?preset=order-processing&seed=7&rate=40&speed=0.1" }, async ({ page }) => {
  await settled(page);
  await play(page, 600);
  const stood = ms(await clock(page));
  await drag(page, "#set-loss");
  assert.equal(ms(await clock(page)), stood, "it rests");
  assert.equal((await done(page)).length, 1, "one drag at rest is one deed");
  await tab(page, "Settings");
  await button(page, "Play").click();
  await drag(page, "#set-ackLoss", () => page.waitForTimeout(30));
  await page.waitForTimeout(600);
  await button(page, "Pause").click();
  const value = await page.getByLabel("Acks lost, exact value").inputValue();
  const deeds = await done(page);
  assert.ok(deeds.length >= 2 && deeds.length <= 5, `where the hand rested, not where it passed: ${deeds.join("; ")}`);
  assert.ok(deeds.at(-1).endsWith(`ackLoss set to ${value.replace(" ", "")}`), `${deeds.at(-1)} and ${value}`);
  assert.match(page.url(), /#s=1\./);
  assert.ok(new URL(page.url()).hash.length < 600, page.url());
  const end = ms(await clock(page));
  const other = await again(page, end);
  assert.deepEqual(await done(other), deeds);
  const [first, second] = [await trace(page, end), await trace(other, end)];
  assert.ok(first.length > 50, `${first.length} events`);
  assert.deepEqual(second, first);
});

pageTest("a crash by a click is in the address at once, and is there when the page is loaded anew", { path: "?preset=order-processing&seed=7" }, async ({ page }) => {
  await settled(page);
  await play(page, 500);
  const before = page.url();
  await tab(page, "Forks");
  await page.getByRole("button", { name: /^Crash broker 0/ }).click();
  await page.waitForFunction((before) => location.href !== before, before);
  const deeds = await done(page);
  assert.match(deeds[0], /crash of broker 0$/);
  const other = await again(page, ms(await clock(page)) + 1);
  assert.deepEqual(await done(other), deeds);
  // Onto the branch without it, and the address has none.
  await button(page, "Step back").click();
  await page.getByRole("button", { name: /^Cut off broker 1/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".forks button").length === 2);
  const forked = page.url();
  await page.locator(".forks button").first().click();
  await page.waitForFunction((forked) => location.href !== forked, forked);
});

pageTest("a link that differs behind the # alone is followed", { path: "?preset=order-processing&seed=7" }, async ({ page }) => {
  await settled(page);
  await play(page, 300);
  await tab(page, "Forks");
  await page.getByRole("button", { name: /^Crash broker 0/ }).click();
  await page.waitForFunction(() => location.hash.startsWith("#s=1."));
  const [link, deeds] = [page.url(), await done(page)];
  await page.getByRole("button", { name: /^Cut off broker 1/ }).click();
  await page.waitForFunction((link) => location.href !== link, link);
  const loaded = page.waitForEvent("load");
  await page.evaluate((link) => { location.href = link; }, link);
  await loaded;
  await settled(page);
  assert.deepEqual(await done(page), deeds);
});

/** Does more than a link can hold. */
async function doMuch(page) {
  const slider = page.locator("#set-loss");
  for (let n = 0; n < 90; n++) {
    await page.locator(".stage").focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowRight");
    await slider.focus();
    await page.keyboard.press(n % 2 ? "ArrowLeft" : "ArrowRight");
  }
}

pageTest("what no address can hold is said once, and goes into a file that opens again", { path: "?preset=order-processing&seed=7&rate=40" }, async ({ page, open }) => {
  await settled(page);
  await play(page, 300);
  await doMuch(page);
  const notice = page.locator(".notice", { hasText: "longer than 2,000 characters" });
  await notice.waitFor();
  assert.equal(await notice.count(), 1);
  const end = ms(await clock(page));
  const [deeds, first] = [await done(page), await trace(page, end)];
  await button(page, "Share").click();
  assert.match(await page.locator(".sharing [role=alert]").innerText(), /a link has at most 2000\. Save it as a file instead\./);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save as a file").click()]);
  assert.equal(download.suggestedFilename(), "order-processing-7.json");
  const file = await download.path();
  const whole = JSON.parse(readFileSync(file, "utf8"));
  assert.equal(whole.interventions.length, deeds.length);
  await open("?preset=lost-ack");
  await settled(page);
  await button(page, "Share").click();
  await page.getByLabel("Open a file").setInputFiles({ name: "mine.json", mimeType: "application/json", buffer: readFileSync(file) });
  await page.waitForFunction(() => document.querySelector(".presets").value === "order-processing");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await button(page, "Play").click();
  await page.locator(".transport select").selectOption({ label: "real time" });
  await page.waitForFunction((end) => parseFloat(document.querySelector(".clock").textContent.match(/:([\d.]+)$/)[1]) * 1_000 > end, end);
  await button(page, "Pause").click();
  assert.deepEqual(await done(page), deeds);
  assert.deepEqual(await trace(page, end), first);
});

pageTest("a file that cannot be run is answered with its name and field, and nothing changes", async ({ page }) => {
  await settled(page);
  const before = page.url();
  for (const [text, words] of [
    ['{"load": {"rate": -5}}', /The file `wrong\.json` is no scenario: at `rate`, invalid value/],
    ["order-processing", /The file `wrong\.json` is no scenario: expected value/],
    ['{"name": "x", "interventions": [{"at": "2s", "do": {"crash-broker": {"broker": 9}}}]}', /broker 9 does not exist|topics/],
  ]) {
    await button(page, "Share").click();
    await page.getByLabel("Open a file").setInputFiles({ name: "wrong.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await page.locator(".notice", { hasText: words }).first().waitFor({ timeout: 10_000 });
    assert.equal(await page.locator(".presets").inputValue(), "order-processing");
  }
  const large = join(tmpdir(), `large-${process.pid}.json`);
  writeFileSync(large, " ".repeat(1_000_001));
  await button(page, "Share").click();
  await page.getByLabel("Open a file").setInputFiles(large);
  await page.locator(".notice", { hasText: /has 1000001 bytes; at most 1000000 are read/ }).waitFor();
  assert.equal(page.url(), before);
});
