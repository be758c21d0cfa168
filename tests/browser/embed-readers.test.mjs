// The figure for those who read it otherwise than with a mouse and much room: its words, its help, the way to the lab.
import assert from "node:assert/strict";
import { axeFindsNothing, pageTest, settled, shot, snifferFindsNothing } from "./harness.mjs";
import { figure, stranger } from "./host.mjs";

const sizes = [[320, 256], [358, 256], [480, 270], [800, 500]];

/** Whether an element can be seen: it has a size, nothing cuts it off, and it is what lies at its middle. */
const seen = (locator) => locator.evaluate((one) => {
  const { x, y, width, height } = one.getBoundingClientRect();
  return height > 4 && one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
});

/** The names of all nodes in the accessibility tree. */
async function spoken(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes.filter((node) => !node.ignored).map((node) => node.name?.value ?? "");
}

for (const [width, height] of sizes) {
  const context = { viewport: { width, height }, colorScheme: width === 480 ? "dark" : "light" };
  pageTest(`a figure of ${width}x${height} can be read by ear and by keyboard`, { path: figure, context }, async ({ page }) => {
    await settled(page);
    const heard = await spoken(page);
    assert.ok(heard.some((words) => words.includes("an ack that gets lost")), "what to watch for");
    assert.ok(heard.includes("The stage in words"), "the words of the stage");
    const twin = page.locator(".twin summary");
    assert.equal(await seen(twin), false, "no room is spent on them");
    await twin.focus();
    assert.equal(await seen(twin), true, "who comes to them by key sees where the focus is");
    await page.keyboard.press("Enter");
    await page.locator(".twin li").first().waitFor();
    assert.match(await page.locator(".twin .words").innerText(), /Order API[^]*order-events/);
    assert.equal(await seen(page.getByRole("button", { name: "Play" })), true, "what drives the run stays in reach");
    await shot(page, `embed-words-${width}`);
    await axeFindsNothing(page, "the words of a figure");
    await snifferFindsNothing(page, "the words of a figure");
  });
}

for (const [width, height] of sizes) {
  pageTest(`the help of a figure of ${width}x${height} says what to watch for and leads to the lab`, { path: `${figure.replace("seed=7", "seed=9")}&ackLoss=12%25&readonly=1`, context: { viewport: { width, height } } }, async ({ page, context }) => {
    await settled(page);
    await page.getByRole("button", { name: "Step to the next event" }).click();
    const at = await page.locator(".clock").textContent();
    await page.getByRole("button", { name: "Help and keys" }).click();
    const help = page.locator("dialog.help");
    assert.match(await help.innerText(), /Watch for: an ack that gets lost/);
    await axeFindsNothing(page, "the help of a figure");
    await shot(page, `embed-help-${width}`);
    const [lab] = await Promise.all([context.waitForEvent("page"), help.getByRole("link", { name: /Open in the lab/ }).click()]);
    assert.equal(await settled(lab), "running");
    const query = new URL(lab.url()).searchParams;
    assert.deepEqual([query.get("ackLoss"), query.get("seed"), query.get("embed"), query.get("readonly")], ["0.12", "9", null, null]);
    assert.equal(await lab.locator(".clock").textContent(), at, "the same moment");
    await lab.getByRole("heading", { name: "Delivery Lab" }).waitFor();
  });
}

pageTest("with room a figure says above its stage what to watch for", { path: figure, context: { viewport: { width: 640, height: 400 } } }, async ({ page }) => {
  await settled(page);
  const about = page.locator(".run > .about");
  assert.equal(await seen(about.locator(".watch")), true);
  assert.equal(await seen(about.getByRole("link", { name: /Open in the lab/ })), true);
  await page.setViewportSize({ width: 480, height: 270 });
  assert.equal(await seen(about.locator(".watch")), false, "the stage has the room there is");
});

for (const [width, height] of [[320, 256], [358, 256], [440, 260], [480, 270]]) {
  pageTest(`in ${width}x${height} everything that drives the run can be reached`, { path: figure, context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    const buttons = ["Back to the beginning", "Step back", "Play", "Step to the next event", "Help and keys", "Fill the screen"];
    const parts = [...buttons.map((name) => page.getByRole("button", { name })), page.getByRole("combobox", { name: "Speed" }), page.getByRole("slider", { name: "Moment of the run" })];
    for (const [i, part] of parts.entries()) {
      const box = await part.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height, `${buttons[i] ?? i} is within the figure`);
      assert.ok(box.height >= 24 || i > buttons.length, `${buttons[i] ?? i} can be hit`);
      assert.equal(await seen(part), true, `${buttons[i] ?? i} is not covered`);
    }
    const stage = await page.locator(".stage").boundingBox();
    assert.ok(stage.height > 100, `the stage has ${stage.height} px`);
  });
}

pageTest("what the share dialog writes is high enough on a phone", { context: { viewport: { width: 1280, height: 800 } } }, async ({ page }) => {
  await settled(page);
  await page.getByRole("button", { name: "Share" }).click();
  const text = await page.locator("#share-iframe").inputValue();
  await page.setViewportSize({ width: 390, height: 844 });
  const other = await stranger(page, text);
  const box = await page.locator("iframe").boundingBox();
  assert.ok(box.height >= 256, `${box.width} x ${box.height}`);
  await other.close();
});

pageTest("a stop is made each time, and a loop begins again there", { path: `${figure}&stopAt=0.2s&speed=1` }, async ({ page, open }) => {
  await settled(page);
  const at = () => page.locator(".clock").innerText();
  const stopped = () => page.waitForFunction(() => document.querySelector(".clock").textContent.endsWith("00:00.200") && document.querySelector(".play").getAttribute("aria-label") === "Play");
  for (let time = 0; time < 2; time++) {
    await page.getByRole("button", { name: "Play" }).click();
    await stopped();
    await page.getByRole("button", { name: "Back to the beginning" }).click();
    await page.waitForFunction(() => document.querySelector(".clock").textContent.endsWith("00:00.000"));
  }
  // Who plays on from there goes on.
  await page.getByRole("button", { name: "Play" }).click();
  await stopped();
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.200"));
  await open(`${figure}&stopAt=0.2s&speed=0.3&loop=1&autoplay=1`);
  await settled(page);
  const moments = [];
  for (let i = 0; i < 60; i++) {
    moments.push(Number((await at()).split(":").at(-1)));
    await page.waitForTimeout(50);
  }
  const again = moments.filter((moment, i) => i > 0 && moment < moments[i - 1]).length;
  assert.ok(again >= 2 && Math.max(...moments) <= 0.2, JSON.stringify(moments));
});

for (const [query, words] of [["?preset=lost-ack&embed=1", /^An ack gets lost: .{40,}/], ["?preset=order-processing", /^Order processing: .{40,}/]]) {
  pageTest(`the still in place of a program is described: ${query}`, { path: query, before: () => delete globalThis.WebAssembly }, async ({ page }) => {
    assert.equal(await settled(page), "fatal");
    await page.waitForFunction(() => document.getElementById("fatal-still").alt.length > 40);
    assert.match(await page.locator("#fatal-still").getAttribute("alt"), words);
  });
}
