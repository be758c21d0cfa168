// The run in figures: charts with exact values by pointer and by key, the same as a table and as a file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pageTest, settled } from "./harness.mjs";

const open = async (page) => {
  await settled(page);
  await page.getByRole("tab", { name: "Numbers" }).click();
  await page.waitForSelector(".chart svg");
};
const moment = (page) => page.locator(".numbers .slider .value").innerText();
const values = (page) => page.locator(".chart .values").allInnerTexts();

pageTest("five charts say what the run has come to, each service with its own line", { path: "?t=8s" }, async ({ page }) => {
  await open(page);
  assert.equal(await page.locator(".chart svg").count(), 5);
  const lag = page.locator(".chart").nth(1);
  assert.equal(await lag.locator(".curve").count(), 4);
  const dashes = await lag.locator(".curve").evaluateAll((lines) => lines.map((line) => line.getAttribute("stroke-dasharray")));
  assert.equal(new Set(dashes).size, 4);
  assert.match(await lag.getByRole("img").getAttribute("aria-label"), /^Lag, .* At 8\.000 s: Payment \d+, Inventory \d+,/);
  const [lost] = (await values(page)).slice(-1);
  const verdict = await page.locator(".verdict .figures div", { hasText: "lost" }).allInnerTexts();
  const counts = (text) => [...text.matchAll(/\d+/g)].map((found) => Number(found[0]));
  assert.deepEqual(counts(lost), counts(verdict.join(" ")), "the chart ends where the verdict is");
});

pageTest("the values of a moment are read by key, by pointing, and a click goes there", { path: "?t=8s" }, async ({ page }) => {
  await open(page);
  const [now, before] = [await moment(page), await values(page)];
  assert.equal(now, "8.000 s");
  await page.getByLabel("Values at").focus();
  for (let press = 0; press < 40; press++) await page.keyboard.press("ArrowLeft");
  assert.ok(parseFloat(await moment(page)) < 7, await moment(page));
  assert.notDeepEqual(await values(page), before);
  const plot = page.locator(".chart .plot").first();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2);
  const pointed = parseFloat(await moment(page));
  assert.ok(pointed > 2.5 && pointed < 5, `${pointed}`);
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2);
  const clock = await page.locator(".transport .clock").innerText();
  assert.ok(Math.abs(parseFloat(clock.split(":").at(-1)) - pointed) < 0.1, `${clock}, ${pointed}`);
});

pageTest("the same figures are a table, and a file", { path: "?t=8s" }, async ({ page }) => {
  await open(page);
  await page.getByText("As a table").click();
  const table = page.getByRole("table", { name: /^Rate/ });
  await table.waitFor();
  assert.deepEqual(await table.getByRole("columnheader").allInnerTexts(), ["at", "published", "Payment", "Inventory", "Notification", "Analytics"]);
  const rows = await table.getByRole("rowheader").allInnerTexts();
  assert.ok(rows.length > 10 && rows.length < 30, `${rows.length} rows`);
  assert.equal(rows.at(-1), "8.000 s");
  await page.locator(".numbers select").selectOption({ label: "Lag" });
  await page.getByRole("table", { name: /^Lag/ }).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  assert.match(lines[0], /^time_s,published,payment_effects,/);
  assert.ok(lines.length > 100 && lines.every((line) => line.split(",").length === lines[0].split(",").length));
});

pageTest("while the run plays, charts are drawn anew at most four times a second", { path: "?t=2s&speed=0.1&autoplay=1" }, async ({ page }) => {
  await open(page);
  const drawn = await page.evaluate(async () => {
    let count = 0;
    new MutationObserver(() => (count += 1)).observe(document.querySelector(".chart .plot"), { childList: true });
    await new Promise((done) => setTimeout(done, 3_000));
    return count;
  });
  assert.ok(drawn >= 2 && drawn <= 13, `${drawn} times in three seconds`);
});
