// A figure that its author lets be played and not be changed, and one that is given another scenario.
import assert from "node:assert/strict";
import { pageTest, settled, shot } from "./harness.mjs";
import { frameOf, iframe, ready, stranger } from "./host.mjs";

const state = (page) => page.evaluate(() => ask({ type: "getState" }).then((answer) => answer.value.state));

/** Every control of the scenario that stands there now; each is to be switched off. */
const controls = ".presets, .promise, .side input, .side select, .side button, .crashes button, .packets button, .explanation .why";
const off = (frame) => frame.locator(controls).evaluateAll((all) => ({ all: all.length, on: all.filter((one) => !one.matches(":disabled")).map((one) => one.outerHTML.slice(0, 120)) }));

pageTest("nothing on a readonly page changes the scenario, and everything else works", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, `<iframe src="${server.url}?preset=lost-ack&readonly=1" title="Lab" width="1200" height="760"></iframe>`);
  await ready(page);
  await page.evaluate(() => ask({ type: "hello" }));
  const frame = frameOf(page);
  const before = await state(page);
  await frame.locator(".more summary").evaluateAll((all) => all.forEach((one) => one.click()));
  const side = await off(frame);
  assert.ok(side.all > 20, `${side.all} controls`);
  assert.deepEqual(side.on, []);
  await shot(page, "readonly");
  // Even where a control is not switched off: the model refuses, and says so.
  await frame.locator("#set-loss").evaluate((slider) => {
    slider.closest("fieldset").disabled = false;
    slider.value = slider.max;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    slider.closest("fieldset").disabled = true;
  });
  await frame.getByText("`readonly` is set: the scenario of this figure cannot be changed.").waitFor();
  await frame.locator(".presets").evaluate((select) => {
    select.disabled = false;
    select.value = "order-processing";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    select.disabled = true;
  });
  assert.equal(await state(page), before);
  // What is no change works: to an anomaly and to its cause.
  await frame.getByRole("button", { name: "Next anomaly", exact: true }).click();
  await frame.locator(".found .why").click();
  await frame.locator(".explanation .because").waitFor();
  await frame.getByRole("button", { name: "Apply and replay" }).waitFor();
  assert.deepEqual((await off(frame)).on, []);
  await frame.getByRole("tab", { name: "Forks" }).click();
  await frame.getByRole("button", { name: /^Cut off broker/ }).first().waitFor();
  const forks = await off(frame);
  assert.ok(forks.all > 4, `${forks.all} controls of forks`);
  assert.deepEqual(forks.on, []);
  assert.equal(await state(page), before);
  await other.close();
});

pageTest("a state of another preset brings its panel, and leaves no fog and no message of the one before", { path: null }, async ({ page, server }) => {
  const lab = (preset) => `<iframe src="${server.url}?preset=${preset}" title="${preset}" width="1200" height="760"></iframe>`;
  const other = await stranger(page, lab("order-processing") + lab("lost-ack"));
  await page.waitForFunction(() => heard.filter(({ data }) => data?.type === "ready").length === 2);
  await page.evaluate(() => ask({ type: "hello" }));
  const wished = await state(page);
  const [, frame] = page.frames().slice(1);
  await settled(frame);
  assert.equal(await frame.locator(".presets").inputValue(), "lost-ack");
  await frame.getByRole("button", { name: "Next anomaly", exact: true }).click();
  await frame.locator(".found .why").waitFor();
  await frame.locator(".found .seen-by select").selectOption({ index: 2 });
  await frame.locator(".tag.fogged").first().waitFor();
  await page.evaluate(() => document.querySelector("iframe").remove());
  await page.evaluate(() => ask({ type: "hello" }));
  assert.equal((await page.evaluate((state) => ask({ type: "setState", state }), wished)).ok, true);
  assert.equal(await state(page), wished);
  await frame.waitForFunction(() => document.querySelector(".presets").value === "order-processing");
  assert.match(await frame.locator(".side").innerText(), /Payment[^]*Inventory[^]*Notification[^]*Analytics/);
  assert.equal(await frame.locator(".tag.fogged").count(), 0, "the verdict is clear");
  assert.equal(await frame.locator(".found .seen-by select").inputValue(), "all");
  await frame.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await frame.waitForFunction(() => /It begins as the preset has it/.test(document.querySelector(".print-only").textContent));
  await frame.evaluate(() => dispatchEvent(new Event("afterprint")));
  await frame.getByRole("tab", { name: "Moment" }).click();
  await frame.getByText("Pick a message, and what is believed of it stands here.").waitFor();
  await other.close();
});
