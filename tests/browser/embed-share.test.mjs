// What the share dialog writes is pasted into other pages, and the same run is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pageTest, settled } from "./harness.mjs";
import { frameOf, ready, stranger } from "./host.mjs";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Markdown of one link, with words or with a picture, as renderers write it. */
function rendered(markdown) {
  const [, words, address] = markdown.match(/^\[(.+)\]\((\S+)\)$/);
  const picture = words.match(/^!\[([^\]]*)\]\((\S+)\)$/);
  const inside = picture ? `<img alt="${escaped(picture[1])}" src="${escaped(picture[2])}">` : escaped(words);
  return `<a href="${escaped(address)}">${inside}</a>`;
}

/** What the dialog of the open page writes, by the ends of its fields' ids. */
async function shared(page) {
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const names = ["link", "iframe", "element", "markdown"];
  const texts = await Promise.all(names.map((name) => page.locator(`#share-${name}`).inputValue()));
  await page.keyboard.press("Escape");
  return Object.fromEntries(names.map((name, i) => [name, texts[i]]));
}

/** The state of a figure in a frame, once it has been seen to run. */
async function stateInFrame(page) {
  await ready(page);
  await page.evaluate(() => ask({ type: "hello", events: ["timeupdate"] }));
  const { value } = await page.evaluate(() => ask({ type: "getState" }));
  await page.evaluate(() => ask({ type: "play" }));
  await page.waitForFunction(() => got((data) => data?.name === "timeupdate" && data.detail.currentTime > 0));
  assert.equal(await frameOf(page).locator(".header, .top").count(), 0, "the figure without the page around it");
  return value.state;
}

async function stateOfElement(page) {
  return page.evaluate(async () => {
    await customElements.whenDefined("delivery-lab");
    const figure = document.querySelector("delivery-lab");
    await figure.ready;
    const { state } = await figure.getState();
    const moved = new Promise((done) => figure.addEventListener("timeupdate", done, { once: true }));
    await figure.play();
    await moved;
    return state;
  });
}

const golden = JSON.parse(readFileSync("tests/data/links.json", "utf8")).find((link) => link.interventions > 0);
const runs = {
  "of a preset with other settings": { path: "?preset=order-processing&seed=7&ackLoss=12%25", picture: true },
  "with what was done by hand": { path: `#${golden.fragment.replace(/^#/, "")}` },
};
for (const [name, { path, picture }] of Object.entries(runs)) {
  pageTest(`what is shared works where it is pasted: a run ${name}`, { path }, async ({ page }) => {
    await settled(page);
    const texts = await shared(page);
    const paste = async (text, look) => {
      const other = await stranger(page, text);
      const found = await look(page);
      await other.close();
      return found;
    };
    const state = await paste(texts.iframe, stateInFrame);
    assert.match(state, /^s=1\./);
    assert.equal(await paste(texts.element, stateOfElement), state, "the element has the run of the frame");
    await paste(rendered(texts.markdown), async () => {
      const size = await page.evaluate(() => document.images[0]?.decode().then(() => document.images[0].naturalWidth));
      if (picture) assert.ok(size > 100, `the picture is ${size} px wide`);
      await page.getByRole("link").click();
      await page.waitForURL(texts.link);
      assert.equal(await settled(page), "running");
      assert.deepEqual(await shared(page), texts, "who follows the link can share the same");
    });
  });
}
