// A figure over the whole screen: by the browser, by H5P's resizer, or not at all, and then nothing offers it.
import assert from "node:assert/strict";
import { pageTest, settled, shot } from "./harness.mjs";
import { figure, frameOf, iframe, ready, stranger } from "./host.mjs";

const fill = (page) => frameOf(page).getByRole("button", { name: "Fill the screen" });
const leave = (page) => frameOf(page).getByRole("button", { name: "Leave the full screen" });
const filled = (page) => frameOf(page).evaluate(() => Boolean(document.fullscreenElement));

pageTest("a figure that may fill the screen does so by its button and by its key", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(server.url + figure, 'allow="fullscreen"'));
  await ready(page);
  await fill(page).click();
  await leave(page).waitFor();
  assert.equal(await filled(page), true);
  await shot(page, "filled");
  await leave(page).click();
  await fill(page).waitFor();
  assert.equal(await filled(page), false);
  await frameOf(page).locator(".stage").focus();
  await page.keyboard.press("F");
  await leave(page).waitFor();
  await page.keyboard.press("F");
  await fill(page).waitFor();
  await other.close();
});

for (const [name, rest] of [["without being allowed to", ""], ["in a sandbox", 'sandbox="allow-scripts"']]) {
  pageTest(`a figure ${name} offers nothing it cannot do, and says so when asked by key`, { path: null }, async ({ page, server }) => {
    const other = await stranger(page, iframe(server.url + figure, rest));
    await ready(page);
    assert.equal(await frameOf(page).evaluate(() => document.fullscreenEnabled), false);
    assert.equal(await fill(page).count(), 0);
    await frameOf(page).locator(".stage").focus();
    await page.keyboard.press("F");
    await frameOf(page).getByText("does not let it fill the screen").waitFor();
    await other.close();
  });
}

/** H5P's resizer as far as it spreads frames, after its published behaviour. */
const resizer = `addEventListener("message", ({ data, source, origin }) => {
  if (data.context !== "h5p") return;
  const { style } = document.querySelector("iframe");
  const respond = (action) => source.postMessage({ context: "h5p", action }, origin);
  const put = (position, size) => { style.position = position; style.inset = position && "0"; [style.width, style.height] = size; };
  if (data.action === "hello") respond("hello");
  if (data.action === "prepareResize") { style.height = "1px"; respond("resizePrepared"); }
  if (data.action === "resize") style.height = data.height + "px";
  if (data.action === "fullScreen") { put("fixed", ["100%", "100%"]); respond("fullScreen"); }
  if (data.action === "exitFullScreen") { put("", ["100%", ""]); respond("exitFullScreen"); }
});`;

pageTest("where the browser does not, H5P's resizer spreads the figure and puts it back as high as it was", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, `<div style="width:640px">${iframe(`${server.url}${figure}&resize=h5p`)}</div>`, resizer);
  await ready(page);
  const size = () => page.evaluate(() => { const { clientWidth, clientHeight } = document.querySelector("iframe"); return [clientWidth, clientHeight]; });
  await page.waitForFunction(() => document.querySelector("iframe").clientHeight > 100 && document.querySelector("iframe").style.height !== "1px");
  await page.waitForTimeout(500);
  const before = await size();
  await fill(page).click();
  await leave(page).waitFor();
  await page.waitForTimeout(500);
  assert.deepEqual(await size(), [1280, 800], "it fills the page and asks for no other height");
  await leave(page).click();
  await fill(page).waitFor();
  await page.waitForTimeout(500);
  assert.deepEqual(await size(), before);
  await other.close();
});

pageTest("a host page that hears nothing of it leaves the figure where it is, and the figure says so", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(`${server.url}${figure}&resize=h5p`));
  await ready(page);
  await fill(page).click();
  await frameOf(page).getByText("does not let it fill the screen").waitFor();
  await other.close();
});

pageTest("on the page the key fills the screen too", { path: "?preset=order-processing" }, async ({ page }) => {
  await settled(page);
  assert.equal(await page.getByRole("button", { name: "Fill the screen" }).count(), 0);
  await page.locator(".stage").focus();
  await page.keyboard.press("F");
  await page.waitForFunction(() => document.fullscreenElement);
});
