// What a screen reader hears: the summary, the news, and the stage in words, which is the stage as it is drawn.
import assert from "node:assert/strict";
import { pageTest, settled } from "./harness.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The names of all nodes in the accessibility tree. */
async function spoken(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes.filter((node) => !node.ignored).map((node) => `${node.role?.value}: ${node.name?.value ?? ""}`);
}

for (const path of ["?preset=lost-ack", "?preset=lost-ack&embed=1"]) {
  pageTest(`the moment in words is always in the tree: ${path}`, { path }, async ({ page }) => {
    await settled(page);
    const there = (words) => words.some((one) => one.startsWith("StaticText: At 0") && /Order API has published 0/.test(one));
    assert.ok(there(await spoken(page)), "the summary");
    const names = await spoken(page);
    assert.ok(names.some((one) => /^(image|img): The stage of An ack gets lost/.test(one)), names.filter((one) => /^im/.test(one)).join("\n"));
    await page.keyboard.press("Alt+K");
    await page.waitForFunction(() => /has published [1-9]/.test(document.getElementById("summary").textContent), null, { timeout: 60_000 });
    await page.keyboard.press("Alt+K");
    assert.match(await page.locator("#summary").textContent(), /^At [\d.]+ m?s: Order API has published \d+ and waits for \d+ acks?\. .*Payment: \d+ charges?/);
  });
}

/** Notes what is said: every change of a live region, whether it is there already or comes later. */
function listen() {
  globalThis.said = [];
  const regions = "[role=status], [role=alert], [role=log], [role=timer], [aria-live], output";
  const known = new Map();
  const look = () => {
    for (const region of document.querySelectorAll(regions)) {
      if (region.getAttribute("aria-live") === "off") continue;
      const text = region.textContent;
      // What a region comes with is not told.
      const before = known.get(region) ?? text;
      known.set(region, text);
      if (text !== before && text.trim()) said.push({ at: performance.now(), text, where: region.id || region.className });
    }
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
}

function rareAndShort(said, where = "") {
  for (const [i, { at, text, where: region }] of said.entries()) {
    assert.ok(text.length <= 200, `${where} ${text.length} letters: ${text}`);
    if (i > 0) assert.ok(at - said[i - 1].at > 1_900, `${where} ${region}: "${text}" comes ${Math.round(at - said[i - 1].at)} ms after "${said[i - 1].text}"`);
  }
}

pageTest("beside every tab the run says no more than its news", { path: "?preset=order-processing&crash=1s&speed=1&rate=50" }, async ({ page }) => {
  await settled(page);
  await page.locator(".twin summary").click();
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").waitFor();
  await button(page, "Play").click();
  for (const name of await page.getByRole("tab").allInnerTexts()) {
    await page.getByRole("tab", { name }).click();
    // What stands behind a click is there too.
    await page.evaluate(() => { for (const one of document.querySelectorAll(".beside details")) one.open = true; });
    await page.waitForTimeout(300);
    await page.evaluate(listen);
    await page.waitForTimeout(2_500);
    rareAndShort(await page.evaluate(() => globalThis.said), name);
  }
  assert.equal(await button(page, "Pause").count(), 1, "it has played all the time");
});

pageTest("an explanation is told in short", { path: "?preset=lost-ack" }, async ({ page }) => {
  await settled(page);
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").waitFor();
  await page.evaluate(listen);
  await page.locator(".found .why").click();
  await page.locator(".explanation .because").waitFor();
  await page.waitForFunction(() => said.some(({ text }) => text === "The explanation is there."));
  for (const { text } of await page.evaluate(() => globalThis.said)) assert.ok(text.length <= 200, text);
});

pageTest("asking the log for less is answered", { path: "?preset=lost-ack" }, async ({ page }) => {
  await settled(page);
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").waitFor();
  await page.getByRole("tab", { name: "Log" }).click();
  await page.evaluate(listen);
  await page.locator(".filters select").last().selectOption({ index: 1 });
  await page.waitForFunction(() => said.length > 0);
  const [{ text }] = await page.evaluate(() => globalThis.said);
  assert.match(text, /^Filtered: (\d+ events?|No events)\.$/);
  assert.ok(text.includes(await page.locator(".log-head span").first().innerText()), text);
});

pageTest("a notice is told once, and stays as it is when others come and go", async ({ page }) => {
  await settled(page);
  const wrong = async (value) => {
    const field = page.getByLabel("Requests lost, exact value");
    await field.fill(value);
    await field.press("Enter");
    await page.locator(".notice", { hasText: value }).waitFor();
  };
  await wrong("much");
  await page.evaluate(() => {
    document.querySelector(".notice").dataset.first = "1";
    globalThis.added = [];
    new MutationObserver((all) => {
      for (const { addedNodes } of all) for (const node of addedNodes) if (node.textContent) added.push(node.textContent);
    }).observe(document.querySelector(".notices"), { childList: true, subtree: true });
  });
  await wrong("more");
  await wrong("most");
  const added = await page.evaluate(() => globalThis.added);
  assert.equal(added.length, 2, added.join("\n"));
  assert.equal(await page.locator(".notices").getAttribute("aria-atomic"), "false", "only what is new is told");
  assert.equal(await page.locator(".notice[data-first]").count(), 1, "the first is the one it was");
  const dismiss = page.getByRole("button", { name: "Dismiss this notice" });
  await dismiss.nth(1).focus();
  await page.keyboard.press("Enter");
  assert.equal(await dismiss.count(), 2);
  assert.ok(await dismiss.nth(1).evaluate((one) => one === document.activeElement), "the focus goes to the next");
  await page.keyboard.press("Enter");
  assert.ok(await dismiss.first().evaluate((one) => one === document.activeElement), "or to the one before");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "stage");
  assert.equal((await page.evaluate(() => globalThis.added)).length, 2, "nothing is told again");
});

pageTest("what is said unasked is rare, short, and names the promise that broke", {
  path: "?preset=order-processing&payment.idempotency=none&notification.guarantee=exactly-once&notification.idempotency=none&crash=1s&speed=1&rate=50",
}, async ({ page }) => {
  await settled(page);
  await page.evaluate(listen);
  await button(page, "Play").click();
  await page.waitForFunction(() => said.some(({ text }) => /promise broken/.test(text)), null, { timeout: 60_000 });
  await page.waitForTimeout(5_000);
  const said = await page.evaluate(() => globalThis.said);
  rareAndShort(said);
  assert.match(said.map(({ text }) => text).join(" "), /(Payment|Notification): promise broken, \d+ (charge|mail)s? repeated\./);
});

pageTest("a step is told", { path: "?preset=lost-ack" }, async ({ page }) => {
  await settled(page);
  await button(page, "Step to the next event").click();
  await page.waitForFunction(() => /^At [\d.]+ m?s .+\.$/.test(document.getElementById("news").textContent));
});

/** How many lines the stage in words has in a part, and how many of them are about a message. */
const lines = (page, part) => page.evaluate((part) => {
  const head = [...document.querySelectorAll(".twin h3")].find((one) => one.textContent === part);
  const all = head ? [...head.nextElementSibling.children].map((one) => one.textContent) : [];
  return all.filter((text) => / of (order|mail|event|charge) \d/.test(text)).length;
}, part);

/** What the log's cells hold as the words have it: a row for each record, and the frontiers of each service. */
async function everythingInWords(page) {
  const parts = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll(".twin h3")].map((head) =>
    [head.textContent, [...head.nextElementSibling.children].map((one) => one.textContent)])));
  const about = parts["order-events"];
  for (const [p, head] of about.filter((line) => / led by | without a leader/.test(line)).entries()) {
    const end = Number(/offsets \d+ to (\d+)/.exec(head)[1]);
    const records = parts[`Records in partition ${p} of order-events`] ?? [];
    assert.equal(records.length, Math.min(end, 64), head);
    if (end > 0) assert.match(records.at(-1), new RegExp(`^offset ${end - 1}: order \\d+`));
    assert.equal(about.filter((line) => line.startsWith(`partition ${p}, `) && line.includes(": committed below")).length, 4);
  }
  assert.match((parts["What happened last"] ?? []).join("\n"), /^[\d.]+ m?s: .+\./);
}

pageTest("the stage in words has a line for each mark that is drawn", { path: "?preset=order-processing&seed=7&rate=60&loss=20%25&latency=30ms" }, async ({ page }) => {
  await settled(page);
  await page.locator(".twin summary").click();
  let [moving, fallen] = [0, 0];
  for (let look = 0; look < 12; look++) {
    await button(page, "Play").click();
    await page.waitForTimeout(250);
    await button(page, "Pause").click();
    // Drawn and written after the same pause.
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
    const drawn = await page.locator(".stage canvas").evaluate((canvas) => [canvas.dataset.moving, canvas.dataset.lost].map(Number));
    const written = [await lines(page, "On the way"), await lines(page, "Lost a moment ago")];
    assert.deepEqual(written, drawn);
    await everythingInWords(page);
    moving += drawn[0];
    fallen += drawn[1];
  }
  assert.ok(moving > 5 && fallen > 0, `${moving} on the way and ${fallen} lost in twelve looks`);
});
