// The figure by itself, what its share dialog writes, its stills, and that it keeps nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axeFindsNothing, pageTest, settled, shot } from "./harness.mjs";
import { element, figure, script, stranger } from "./host.mjs";
import { policy } from "./server.mjs";

for (const [width, height] of [[320, 256], [410, 256], [480, 270], [560, 315], [960, 540]]) {
  pageTest(`the figure fits ${width}x${height}`, { path: figure, context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
    assert.deepEqual(over.map((px) => Math.max(0, px)), [0, 0]);
    for (const name of ["Play", "Fill the screen"]) {
      const box = await page.getByRole("button", { name }).boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height, `${name} is within the figure`);
    }
    await shot(page, `embed-${width}`);
  });
}

pageTest("controls=0 leaves the stage alone, panels=verdict adds the verdict", { path: `${figure}&controls=0&panels=verdict` }, async ({ page }) => {
  await settled(page);
  assert.equal(await page.locator(".transport").count(), 0);
  assert.equal(await page.locator(".strip").count(), 1);
});

pageTest("the panels are those that the link names, in its order", { path: `${figure}&panels=numbers,verdict,log` }, async ({ page, open }) => {
  await settled(page);
  const tabs = page.getByRole("tab");
  assert.deepEqual(await tabs.allInnerTexts(), ["Numbers", "Log"]);
  assert.equal(await page.locator(".strip").count(), 1);
  await page.locator(".numbers").waitFor();
  await tabs.first().focus();
  await page.keyboard.press("ArrowRight");
  await page.locator(".log-head").waitFor();
  await page.keyboard.press("ArrowRight");
  assert.equal(await tabs.first().getAttribute("aria-selected"), "true");
  await axeFindsNothing(page, "named panels");
  await shot(page, "panels");
  // Who clicks a verdict's figure is not led to a panel that is not there.
  await open("?preset=lost-ack&panels=verdict");
  await settled(page);
  assert.deepEqual([await page.locator(".column").count(), await page.locator(".strip").count()], [0, 1]);
  await page.getByRole("button", { name: "Next anomaly", exact: true }).click();
  await page.locator(".found strong").waitFor();
  assert.equal(await page.locator(".found .why").count(), 0);
});

pageTest("a panel that there is not is said, and all the usual ones are there", { path: "?panels=verdict,nmbers" }, async ({ page }) => {
  await settled(page);
  const notice = await page.locator(".notice").first().innerText();
  assert.match(notice, /`panels` cannot be `verdict,nmbers`: allowed is `verdict`, .*`numbers`/);
  assert.equal(await page.getByRole("tab").count(), 7);
});

pageTest("the share dialog writes what opens the same run, interventions too", { path: "?preset=order-processing&seed=7&ackLoss=12%25" }, async ({ page, open }) => {
  await settled(page);
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.getByLabel("Link", { exact: true }).inputValue();
  assert.match(link, /ackLoss=/i);
  assert.match(await page.locator("#share-iframe").inputValue(), /^<iframe src="[^"]+embed=1[^"]*" title="[^"]+" loading="lazy"/);
  assert.match(await page.locator("#share-element").inputValue(), /<delivery-lab [^>]*ack-loss="/);
  assert.match(await page.locator("#share-markdown").inputValue(), /^\[!\[/);
  await axeFindsNothing(page, "share dialog");
  await shot(page, "share");
  await page.getByRole("button", { name: "Copy: Link" }).click();
  await page.locator(".sharing [role=status]").getByText(/Copied|clipboard/).waitFor();
  await open(link);
  assert.equal(await settled(page), "running");
});

pageTest("posters are pictures with a title, light and dark", { path: null }, async ({ page, open }) => {
  for (const paper of ["light", "dark"]) {
    const answer = await open(`posters/order-processing-${paper}.svg`);
    assert.equal(answer.headers()["content-type"], "image/svg+xml");
    assert.equal(await page.evaluate(() => document.documentElement.nodeName), "svg");
    assert.ok((await page.locator("title").textContent()).length > 3);
    await shot(page, `poster-${paper}`);
  }
});

pageTest("without JavaScript there is the poster, and in a host page what the author wrote", { context: { javaScriptEnabled: false } }, async ({ page, server }) => {
  const poster = page.locator('img[src="posters/order-processing-light.svg"]');
  assert.ok((await poster.getAttribute("alt")).length > 20);
  assert.ok((await poster.boundingBox()).height > 100, "it is drawn");
  await shot(page, "no-script");
  const other = await stranger(page, script(server) + element("", '<a href="https://lab.example/">Order processing</a>: watch the payment'));
  assert.equal(await page.locator("delivery-lab").innerText(), "Order processing: watch the payment");
  assert.equal(page.frames().length, 1);
  await other.close();
});

for (const [query, name] of [["?preset=lost-ack&embed=1", "lost-ack"], ["?preset=../x", "order-processing"]]) {
  pageTest(`without WebAssembly there are words and the poster: ${query}`, { path: query, before: () => delete globalThis.WebAssembly }, async ({ page }) => {
    assert.equal(await settled(page), "fatal");
    const poster = page.locator("#fatal-still");
    assert.equal(await poster.getAttribute("src"), `posters/${name}-light.svg`);
    assert.ok(await poster.evaluate((one) => one.decode().then(() => one.naturalWidth > 100)));
    await axeFindsNothing(page, "without WebAssembly");
    await shot(page, `no-wasm-${name}`);
  });
}

pageTest("nothing is kept in the browser, and it runs without the network once loaded", { path: figure }, async ({ page, context }) => {
  await settled(page);
  await page.waitForFunction(() => "whole" in document.documentElement.dataset);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ""]);
  assert.deepEqual(await context.cookies(), []);
});

pageTest("the loader has no address in it and stays small", { path: null }, async () => {
  const text = readFileSync("dist/embed.js", "utf8");
  assert.doesNotMatch(text, /https?:\/\//);
  assert.ok(policy.includes("frame-ancestors *"));
});
