// Time travel and explanations: from an anomaly to its cause, back and forward, forks, the log, diagrams.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axeFindsNothing, pageTest, settled, shot } from "./harness.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const tab = (page, name) => page.getByRole("tab", { name }).click();
const clock = (page) => page.locator(".transport .clock").innerText();

/** To the first anomaly of the run. */
async function toAnomaly(page) {
  assert.equal(await settled(page), "running");
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").waitFor();
}

pageTest("from load to a duplicate explained in two actions", { path: "?preset=lost-ack" }, async ({ page }) => {
  assert.equal(await settled(page), "running");
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").click();
  const because = page.locator(".explanation .because");
  await because.waitFor();
  assert.match(await page.locator(".found strong").innerText(), /duplicate/i);
  assert.match(await because.innerText(), /ack/);
  assert.match(await page.locator(".explanation ul").innerText(), /ack/);
  await axeFindsNothing(page, "explanation");
  await shot(page, "explanation");
});

pageTest("the advised setting, applied to the same weather, helps", { path: "?preset=lost-ack" }, async ({ page }) => {
  await toAnomaly(page);
  const order = await page.locator(".found strong").innerText();
  await page.locator(".found .why").click();
  await button(page, "Apply and replay the same weather").click();
  await page.locator(".replayed").waitFor();
  assert.match(await page.locator(".replayed").innerText(), / = /);
  assert.doesNotMatch(await page.locator(".standings").innerText(), /repeated/, order);
});

pageTest("a step forward undoes a step back", async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Log");
  const events = page.locator(".log-head [role=status]");
  const [before, at] = [await events.innerText(), await clock(page)];
  await button(page, "Step back").click();
  await page.waitForFunction((before) => document.querySelector(".log-head [role=status]").innerText !== before, before);
  await button(page, "Step to the next event").click();
  await page.waitForFunction((before) => document.querySelector(".log-head [role=status]").innerText === before, before);
  assert.equal(await clock(page), at);
});

pageTest("an intervention in the past makes a fork, and both branches stay", async ({ page }) => {
  await toAnomaly(page);
  await button(page, "Step back").click();
  await tab(page, "Forks");
  assert.equal(await page.locator(".forks button").count(), 1);
  await page.getByRole("button", { name: /^Crash broker 0/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".forks button").length === 2);
  assert.match(await page.locator(".forks [aria-pressed=true]").innerText(), /crash of broker 0/);
  await page.locator(".forks button").first().click();
  await page.waitForFunction(() => document.querySelector(".forks [aria-pressed=true]").innerText === "As it ran first");
  await axeFindsNothing(page, "forks");
});

pageTest("the log holds few rows, is filtered, and goes out as JSON Lines", async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Log");
  const rows = page.locator(".log-row");
  await rows.first().waitFor();
  assert.ok((await rows.count()) < 60, "only rows in sight exist");
  await page.getByLabel("order", { exact: true }).fill("3");
  await page.waitForFunction(() => [...document.querySelectorAll(".log-row")].every((row) => /\b3\b/.test(row.innerText)));
  const download = page.waitForEvent("download");
  await button(page, "Export as JSON Lines").click();
  const lines = readFileSync(await (await download).path(), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.length > 3);
  for (const event of lines) {
    assert.equal(event.message, 3);
    for (const field of ["id", "at", "cause"]) assert.equal(typeof event[field], "number", field);
    assert.equal(typeof event.kind, "string");
  }
  await axeFindsNothing(page, "log");
});

pageTest("a life is copied as Mermaid and saved as SVG", { context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page }) => {
  await toAnomaly(page);
  await page.locator(".found .why").click();
  await page.locator(".diagram svg").waitFor();
  await button(page, "Copy as Mermaid").click();
  await page.getByText("Copied.").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^sequenceDiagram/);
  const download = page.waitForEvent("download");
  await button(page, "Save as SVG").click();
  assert.match(readFileSync(await (await download).path(), "utf8"), /^<svg/);
});
