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

pageTest("what is said unasked is rare, short, and names the promise that broke", {
  path: "?preset=order-processing&payment.idempotency=none&notification.guarantee=exactly-once&notification.idempotency=none&crash=1s&speed=1&rate=50",
}, async ({ page }) => {
  await settled(page);
  await page.evaluate(() => {
    globalThis.said = [];
    for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
      let before = region.textContent;
      new MutationObserver(() => {
        if (region.textContent === before) return;
        before = region.textContent;
        if (before.trim()) said.push({ at: performance.now(), text: before, where: region.id || region.className });
      }).observe(region, { childList: true, characterData: true, subtree: true });
    }
  });
  await button(page, "Play").click();
  await page.waitForFunction(() => said.some(({ text }) => /promise broken/.test(text)), null, { timeout: 60_000 });
  await page.waitForTimeout(5_000);
  const said = await page.evaluate(() => globalThis.said);
  for (const [i, { at, text, where }] of said.entries()) {
    assert.ok(text.length <= 200, `${text.length} letters: ${text}`);
    if (i > 0) assert.ok(at - said[i - 1].at > 1_900, `${where}: "${text}" comes ${Math.round(at - said[i - 1].at)} ms after "${said[i - 1].text}"`);
  }
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
    moving += drawn[0];
    fallen += drawn[1];
  }
  assert.ok(moving > 5 && fallen > 0, `${moving} on the way and ${fallen} lost in twelve looks`);
});
