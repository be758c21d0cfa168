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

pageTest("from load to a duplicate explained in two actions", async ({ page }) => {
  assert.equal(await settled(page), "running");
  assert.equal(new URL(page.url()).search + new URL(page.url()).hash, "", "nothing is prepared by a link");
  // The first action, and the second.
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").click();
  const because = page.locator(".explanation .because");
  await because.waitFor();
  assert.match(await page.locator(".found strong").innerText(), /duplicate/i);
  assert.match(await because.innerText(), /mailed more than once \(Notification\), because Notification \d crashes/);
  assert.match(await page.locator(".explanation ul").innerText(), /crashes/);
  assert.match(await page.locator(".explanation").innerText(), /the same weather does not lead to it/);
  await axeFindsNothing(page, "explanation");
  await shot(page, "explanation");
});

pageTest("what is about no message is explained too", { path: "?preset=rebalance-zombie" }, async ({ page }) => {
  await toAnomaly(page);
  const found = page.locator(".found strong");
  for (let n = 0; n < 12 && !/^Stale commit/.test(await found.innerText()); n++) {
    const before = await page.locator(".transport .clock").innerText();
    await button(page, "Next anomaly").click();
    await page.waitForFunction((before) => document.querySelector(".transport .clock").innerText !== before && document.querySelector(".found .why"), before);
  }
  await page.locator(".found .why").click();
  const because = page.locator(".explanation .because");
  await because.waitFor();
  assert.match(await because.innerText(), /^A commit of .* came too late, because .* stands still/);
  assert.match(await page.locator(".explanation").innerText(), /Session timeout = 45s/);
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
  const events = page.locator(".log-head span:first-child");
  const [before, at] = [await events.innerText(), await clock(page)];
  await button(page, "Step back").click();
  await page.waitForFunction((before) => document.querySelector(".log-head span:first-child").innerText !== before, before);
  await button(page, "Step to the next event").click();
  await page.waitForFunction((before) => document.querySelector(".log-head span:first-child").innerText === before, before);
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

pageTest("an explanation is lit in the chain, the diagram, the log and on the stage", { path: "?preset=lost-ack" }, async ({ page }) => {
  await toAnomaly(page);
  await page.locator(".found .why").click();
  await page.locator(".explanation .because").waitFor();
  const links = await page.locator(".chain li").count();
  assert.ok(links > 5);
  const marked = page.locator(".diagram svg .place");
  await marked.first().waitFor({ state: "attached" });
  // A weight and a number, not a colour: of the rows, and of the lines that are thick.
  assert.ok((await marked.count()) > 3);
  assert.ok((await page.locator('.diagram svg line[stroke-width="3"]').count()) > 0);
  await tab(page, "Log");
  await page.locator(".log-row.chained").first().waitFor();
  const numbers = await page.locator(".log-row .place").allInnerTexts();
  assert.ok(numbers.length > 3 && numbers.every((n) => Number(n) >= 1 && Number(n) <= links), String(numbers));
});

pageTest("a figure of the verdict leads to what it counts, with the reason", { path: "?preset=lost-ack" }, async ({ page }) => {
  assert.equal(await settled(page), "running");
  for (let n = 0; n < 4 && (await page.locator(".verdict .asks").count()) === 0; n++) await button(page, "Next anomaly").click().then(() => page.waitForTimeout(400));
  const figure = page.locator(".verdict .asks").first();
  assert.match(await figure.getAttribute("aria-label"), /^1 repeated: why\?$/);
  await figure.click();
  await page.getByRole("button", { name: /^Why\? Duplicate effect: order 4 at Payment$/ }).click();
  await page.locator(".explanation .because").waitFor();
  assert.match(await page.locator(".explanation .because").innerText(), /the ack of order 4 is lost/);
  await axeFindsNothing(page, "list of a figure");
});

pageTest("a line of the ledger picks its message", { path: "?preset=lost-ack" }, async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Message");
  await page.getByLabel("Number of the order").fill("");
  await page.getByLabel("Number of the order").press("Tab");
  await page.getByRole("button", { name: "order 2", exact: true }).click();
  assert.equal(await page.getByLabel("Number of the order").inputValue(), "2");
  await page.locator(".boundary svg").waitFor();
  assert.match(await page.locator(".boundary svg title").textContent(), /order 2 was delivered, processed/);
});

pageTest("what a party cannot know is fogged, and said", { path: "?preset=lost-ack" }, async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Moment");
  const seenBy = page.locator(".panel").getByLabel("Seen by");
  await seenBy.selectOption({ label: "Order API" });
  await page.waitForFunction(() => document.querySelectorAll(".beliefs li").length === 1);
  assert.match(await page.locator(".beliefs").innerText(), /Order API has sent order 4 2 times and heard nothing/);
  assert.equal(await page.locator(".found").getByLabel("Seen by").inputValue(), await seenBy.inputValue());
  await page.getByText("the Two Generals").click();
  await page.getByText("No number of messages ends this").waitFor();
  await shot(page, "belief");
  await axeFindsNothing(page, "truth and belief");
  assert.match(await page.locator(".strip-of-log svg").first().textContent(), /committed/);
  await page.locator(".panel .seen-by select").nth(1).selectOption({ label: "the partition's broker" });
  await page.waitForFunction(() => /high watermark/.test(document.querySelector(".strip-of-log svg").textContent));
  assert.match(await page.locator(".panel").innerText(), /If broker \d died now/);
});

pageTest("in the fog of one party the verdict is fogged too", { path: "?preset=lost-ack&t=10s" }, async ({ page }) => {
  assert.equal(await settled(page), "running");
  const [tags, figures, outcome] = [".tag", ".figures", ".outcome"].map((part) => page.locator(`.verdict ${part}`));
  const known = async () => [...(await tags.allInnerTexts()), ...(await figures.allInnerTexts()), ...(await outcome.allInnerTexts())].join(" ");
  const marked = () => page.locator(".bar canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((part, i) => i % 4 === 3 && part > 0);
  });
  const before = await known();
  assert.match(before, /✓ held[^]*repeated\s+1/);
  assert.equal(await marked(), true, "faults and anomalies are marked on the bar");
  const seenBy = page.locator(".found").getByLabel("Seen by");
  await seenBy.selectOption({ label: "Order API" });
  await page.waitForFunction(() => /fogged/.test(document.querySelector(".verdict .tag").innerText));
  for (const tag of await tags.allInnerTexts()) assert.equal(tag, "? fogged");
  assert.doesNotMatch(await known(), /\d|held|broken/, "no figure is left");
  assert.equal(await marked(), false, "nor a mark");
  assert.match(await outcome.first().innerText(), /^What came of it, Order API cannot know\.$/);
  assert.match(await page.locator("#summary").textContent(), /^As Order API can know it/);
  assert.doesNotMatch(await page.locator("#summary").textContent(), /charges/);
  await tab(page, "Numbers");
  assert.match(await page.getByRole("note").innerText(), /^Seen by the lab alone/);
  await shot(page, "fogged verdict");
  await axeFindsNothing(page, "fogged verdict");
  await seenBy.selectOption({ label: "everything" });
  await page.waitForFunction(() => !/fogged/.test(document.querySelector(".verdict .tag").innerText));
  assert.equal(await known(), before);
  assert.equal(await marked(), true);
  assert.equal(await page.getByRole("note").count(), 0);
});

pageTest("where exactly-once ends is said where the pointer is over a count", async ({ page }) => {
  assert.equal(await settled(page), "running");
  const stage = page.locator(".stage canvas");
  const { width } = await stage.boundingBox();
  const told = new Set();
  for (let y = 10; y < 400; y += 8) {
    await stage.hover({ position: { x: width - 60, y } });
    told.add(await stage.getAttribute("title"));
  }
  const all = [...told].filter(Boolean).join("\n");
  assert.match(all, /^Payment: Exactly-once ends before the effect; the party outside recognises a repeat by its key\.$/m);
  assert.match(all, /^Inventory: The effect and what remembers it are one transaction/m);
  await page.getByText("The stage in words").click();
  await page.locator(".words").getByText("Exactly-once ends before the effect").first().waitFor();
});

pageTest("a packet is dropped by what it carries, in the past, and the branch is named so", { path: "?preset=lost-message" }, async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Forks");
  const drop = page.getByRole("button", { name: /^Drop the (ack|request|commit)/ }).first();
  for (let n = 0; n < 40 && (await drop.count()) === 0; n++) {
    await button(page, "Step back").click();
    await page.waitForTimeout(60);
  }
  const what = (await drop.getAttribute("aria-label")).replace("Drop ", "");
  await drop.click();
  await page.waitForFunction(() => document.querySelectorAll(".forks button").length === 2);
  assert.ok((await page.locator(".forks [aria-pressed=true]").innerText()).endsWith(`${what} dropped`), what);
  assert.equal(await page.locator(".tree svg circle").count(), 2, "a dot where it left, and the cursor");
  await page.locator(".stage").focus();
  await page.keyboard.press("b");
  await page.waitForFunction(() => document.querySelector(".forks [aria-pressed=true]").innerText === "As it ran first");
  await axeFindsNothing(page, "forks with packets");
});

pageTest("two runs go side by side, and the first difference is marked", { path: "?preset=lost-ack" }, async ({ page }) => {
  await toAnomaly(page);
  await tab(page, "Compare");
  assert.equal(await page.locator(".small-stage").count(), 2);
  const beside = page.getByLabel("Beside this run, first");
  await beside.selectOption("preset:idempotent-producer");
  await page.locator(".columns").getByText("First difference").waitFor();
  await page.locator(".compared").first().waitFor();
  assert.match(await page.locator(".compared").first().innerText(), /promise/);
  await shot(page, "compare");
  await axeFindsNothing(page, "compare");
  await beside.selectOption({ label: "what a link opens…" });
  await page.getByLabel("Link to compare with").fill("?preset=no-such");
  await page.getByLabel("Link to compare with").press("Enter");
  await page.locator(".columns [role=alert]").waitFor();
  assert.match(await page.locator(".columns [role=alert]").innerText(), /no-such/);
  await page.getByLabel("Link to compare with").fill("?preset=lost-ack&idempotence=true");
  await page.getByLabel("Link to compare with").press("Enter");
  await page.locator(".columns").getByText("First difference").waitFor();
  assert.match(await page.locator(".columns").innerText(), /recognise/);
});
