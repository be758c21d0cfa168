// Everything a learner does, with the keyboard alone.
import assert from "node:assert/strict";
import { pageTest, settled } from "./harness.mjs";

/** What has the focus: its name, as a reader of the page would say it. */
const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return "";
  const label = one.labels?.[0]?.textContent ?? "";
  return `${one.getAttribute("aria-label") || label || one.textContent || one.id || one.className}`.trim().slice(0, 60);
});

/** Presses Tab until something of this name has the focus; fails when the page has been gone through without it. */
async function tabTo(page, name, key = "Tab") {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(key);
    if (name.test(await focused(page))) return;
  }
  assert.fail(`Tab does not come to ${name}`);
}

const clock = (page) => page.locator(".transport .clock").textContent();

pageTest("the main screen has at most 40 stops of the Tab key, and none is a trap", async ({ page }) => {
  await settled(page);
  const stops = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    const place = await page.evaluate(() => {
      const one = document.activeElement;
      if (one === document.body) return "";
      one.dataset.stop ??= String(Math.random());
      return one.dataset.stop;
    });
    if (place === "" || place === stops[0]) break;
    stops.push(place);
  }
  assert.equal(new Set(stops).size, stops.length, "each comes once");
  assert.ok(stops.length <= 40, `${stops.length} stops`);
  // And back again.
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  assert.notEqual(await focused(page), "");
});

pageTest("what has the focus can be seen, and is in sight", { context: { viewport: { width: 1280, height: 720 } } }, async ({ page }) => {
  await settled(page);
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const one = document.activeElement;
      if (one === document.body) return null;
      const { left, top, right, bottom } = one.getBoundingClientRect();
      const [x, y] = [(Math.max(0, left) + Math.min(innerWidth, right)) / 2, (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2];
      const there = document.elementFromPoint(x, y);
      const style = getComputedStyle(one);
      return { name: one.outerHTML.slice(0, 80), outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, inSight: bottom > 0 && top < innerHeight && (one.contains(there) || there?.contains(one)) };
    });
    if (!seen) break;
    assert.ok(seen.outline, `an outline around ${seen.name}`);
    assert.ok(seen.inSight, `${seen.name} is in sight`);
  }
});

pageTest("a learner's tasks", { context: { permissions: ["clipboard-read", "clipboard-write"] } }, async ({ page }) => {
  await settled(page);
  // Choose a preset.
  await tabTo(page, /^Scenario$/);
  await page.keyboard.type("Commit after");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".presets").value === "commit-after");
  // Five sliders, most of them one click away.
  await tabTo(page, /^More that fails/);
  await page.keyboard.press("Enter");
  const onSlider = () => page.evaluate(() => document.activeElement.matches(".slider input[type=range]"));
  for (let changed = 0; changed < 5; changed++) {
    do await page.keyboard.press("Tab"); while (!(await onSlider()));
    const value = () => page.evaluate(() => document.activeElement.value);
    const before = await value();
    await page.keyboard.press("ArrowRight");
    if ((await value()) === before) await page.keyboard.press("ArrowLeft");
    assert.notEqual(await value(), before, await focused(page));
  }
  await page.keyboard.press("Alt+R");
  // Run, step forth and back.
  await tabTo(page, /^Stage/);
  await page.keyboard.press("Space");
  await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Play" }).waitFor();
  const stood = await clock(page);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((stood) => document.querySelector(".clock").textContent !== stood, stood);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  // Seek.
  await tabTo(page, /^Moment of the run$/);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector(".clock").textContent.endsWith("00:00.000"));
  await page.keyboard.press("End");
  await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  // To an anomaly, and why.
  await tabTo(page, /^Stage/, "Shift+Tab");
  await page.keyboard.press("]");
  await page.locator(".found .why").waitFor({ timeout: 30_000 });
  await tabTo(page, /^Why\?$/);
  await page.keyboard.press("Enter");
  await page.locator(".explanation .because").waitFor({ timeout: 60_000 });
  // Inspect a message: its life is beside the stage.
  assert.equal(await page.locator("#tab-message").getAttribute("aria-selected"), "true");
  // Share.
  await tabTo(page, /^Share$/, "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, /^Copy: Link$/);
  await page.keyboard.press("Enter");
  await page.getByText("Copied.").waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^http.*(preset=commit-after|#s=1\.)/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  assert.match(await focused(page), /Share/, "the focus goes back to where it came from");
});

pageTest("the share dialog has the focus before another key can be heard, and gives it back", async ({ page }) => {
  await settled(page);
  // However long the next frame takes: here it never comes.
  const opened = await page.evaluate(async () => {
    window.requestAnimationFrame = () => 0;
    const share = document.querySelector(".share");
    share.focus();
    share.click();
    const { port1, port2 } = new MessageChannel();
    await new Promise((next) => { port1.onmessage = next; port2.postMessage(0); });
    const dialog = document.querySelector("dialog.sharing");
    return [dialog.open, dialog.contains(document.activeElement)];
  });
  assert.deepEqual(opened, [true, true], "open, and with the focus in it");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  assert.equal(await focused(page), "Share");
});

/** Whether a key with these properties is for anything there. */
const pressed = (page, selector, properties) => page.evaluate(([selector, properties]) => {
  const { third, ...others } = properties;
  const event = new KeyboardEvent("keydown", { ...others, modifierAltGraph: third, bubbles: true, cancelable: true });
  return !document.querySelector(selector).dispatchEvent(event);
}, [selector, properties]);

pageTest("keys are what is typed, on every layout", async ({ page }) => {
  await settled(page);
  const stage = (properties) => pressed(page, ".stage", properties);
  const playing = () => page.evaluate(() => document.querySelector(".play").getAttribute("aria-label") === "Pause");
  // German: the bracket is AltGr and 9, which Windows also reports as Ctrl and Alt; on a Mac it is Alt and 6.
  for (const german of [{ third: true }, { third: true, ctrlKey: true, altKey: true }, { altKey: true }]) {
    assert.ok(await stage({ key: "]", code: "Digit9", ...german }), JSON.stringify(german));
    await page.locator(".found .why").waitFor({ timeout: 30_000 });
  }
  assert.equal(await stage({ key: "+", code: "BracketRight" }), false, "what a German keyboard has there is no bracket");
  // Dvorak: K is where a T is printed, and a T where a K is.
  assert.equal(await stage({ key: "t", code: "KeyK" }), false);
  assert.ok(await stage({ key: "k", code: "KeyV" }));
  assert.ok(await playing());
  // Russian letters, capital letters, and what Alt makes of a K on a Mac.
  assert.ok(await stage({ key: "л", code: "KeyK" }));
  assert.ok(!(await playing()));
  assert.ok(await stage({ key: "K", code: "KeyK", shiftKey: true }));
  assert.ok(await playing());
  assert.ok(await pressed(page, ".top h1", { key: "˚", code: "KeyK", altKey: true }));
  assert.ok(!(await playing()));
  assert.equal(await stage({ key: "k", code: "KeyK", ctrlKey: true }), false, "the browser's own");
});

pageTest("a key that is held down plays or pauses once, and goes on stepping", async ({ page }) => {
  await settled(page);
  const hold = async (key, code) => {
    for (let n = 0; n < 6; n++) assert.ok(await pressed(page, ".stage", { key, code, repeat: n > 0 }));
  };
  await hold(" ", "Space");
  assert.equal(await page.locator(".play").getAttribute("aria-label"), "Pause");
  await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  await hold("k", "KeyK");
  assert.equal(await page.locator(".play").getAttribute("aria-label"), "Play");
  await page.getByRole("tab", { name: "Log" }).click();
  const count = async () => parseInt(await page.locator(".log-head span").first().innerText(), 10) || 0;
  const before = await count();
  await hold("ArrowRight", "ArrowRight");
  await page.waitForFunction((before) => parseInt(document.querySelector(".log-head span").textContent, 10) >= before + 6, before);
});

pageTest("what the help lists, the keys do", async ({ page }) => {
  await settled(page);
  await page.getByRole("button", { name: "Help and keys" }).click();
  const listed = await page.locator(".keys dt").allInnerTexts();
  const words = await page.locator(".keys dd").allInnerTexts();
  await page.keyboard.press("Escape");
  assert.ok(listed.length >= 12 && listed.length === words.length);
  const codes = { Space: "Space", K: "KeyK", N: "KeyN", P: "KeyP", "→": "ArrowRight", "←": "ArrowLeft", "[": "BracketLeft", "]": "BracketRight", ".": "Period", ",": "Comma", Esc: "Escape" };
  for (const [i, shown] of listed.entries()) {
    const name = shown.replace("Alt+", "");
    const code = codes[name] ?? (name.length === 1 ? `Key${name}` : name);
    const key = { Space: " ", Esc: "Escape", "→": "ArrowRight", "←": "ArrowLeft" }[name] ?? (name.length === 1 ? name.toLowerCase() : name);
    const altKey = shown.startsWith("Alt+");
    const handled = (selector) => pressed(page, selector, { key, code, altKey });
    assert.equal(await handled(".stage"), true, `${shown}: ${words[i]}`);
    assert.equal(await handled(".top h1"), !words[i].includes("on the stage"), `${shown} away from the stage`);
  }
});

pageTest("sliders: arrows, Shift for finer steps, Page keys, Home and End, an exact number, words with their unit", { path: "?preset=order-processing&loss=5%25" }, async ({ page }) => {
  await settled(page);
  const slider = page.locator("#set-loss");
  const field = page.getByLabel("Requests lost, exact value");
  const shown = async () => parseFloat(await field.inputValue());
  assert.equal(await slider.evaluate((one) => one.type), "range");
  await slider.focus();
  const after = async (key) => {
    const before = await field.inputValue();
    await page.keyboard.press(key);
    await page.waitForFunction((before) => document.querySelector("[aria-label='Requests lost, exact value']").value !== before, before);
    return shown();
  };
  assert.equal(await after("ArrowRight"), 6);
  assert.equal(await after("ArrowLeft"), 5);
  assert.equal(await after("Shift+ArrowRight"), 5.1);
  assert.equal(await slider.getAttribute("aria-valuetext"), "5.1 percent of requests lost");
  assert.equal(await after("Shift+ArrowLeft"), 5);
  assert.ok((await after("PageUp")) > 7, "a Page key goes further than an arrow");
  assert.equal(await after("Home"), 0);
  assert.equal(await after("End"), 100);
  await field.fill("12.34%");
  await field.press("Enter");
  await page.waitForFunction(() => document.querySelector("#set-loss").getAttribute("aria-valuetext") === "12.34 percent of requests lost");
  for (const one of await page.locator("input[type=range]").all()) {
    assert.match((await one.getAttribute("aria-valuetext")) ?? "", /\S/, await one.evaluate((node) => node.outerHTML));
  }
});

pageTest("the buttons under the stage are one stop, and arrows go through them", async ({ page }) => {
  await settled(page);
  await page.locator(".stage").focus();
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Play");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "Step to the next event");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("news").textContent.startsWith("At "));
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await focused(page), "Step back");
});
