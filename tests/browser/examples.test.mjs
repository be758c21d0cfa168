// The pages that course authors copy from.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axeFindsNothing, pageTest, shot } from "./harness.mjs";

for (const path of ["examples/plain.html", "examples/mdbook/index.html"]) {
  pageTest(`the example ${path} shows its figures`, { path }, async ({ page }) => {
    await page.waitForFunction(() => document.querySelector("delivery-lab")?.shadowRoot?.querySelector("iframe"));
    await page.evaluate(() => document.querySelector("delivery-lab").ready);
    await axeFindsNothing(page, path);
    await shot(page, path.replaceAll("/", "-").replace(".html", ""));
  });
}

pageTest("the example deck loads a figure when its slide shows", { path: "examples/reveal/index.html#/1" }, async ({ page }) => {
  await page.waitForFunction(() => document.querySelectorAll("section iframe[src]").length >= 1);
  const frame = page.frameLocator("section.present iframe");
  await frame.getByRole("button", { name: "Play" }).waitFor({ timeout: 30_000 });
  assert.equal(await page.evaluate(() => document.querySelectorAll("section.present iframe[src]").length), 1);
  await shot(page, "example-deck");
});

for (const path of ["examples/plain.html", "examples/mdbook/index.html"]) {
  pageTest(`the example ${path} fits a phone`, { path, context: { viewport: { width: 390, height: 844 } } }, async ({ page }) => {
    await page.evaluate(async () => {
      await customElements.whenDefined("delivery-lab");
      await Promise.all([...document.querySelectorAll("delivery-lab")].map((figure) => figure.load()));
    });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
  });
}

pageTest("the plain page drives its figure and says what came of it", { path: "examples/plain.html" }, async ({ page }) => {
  await page.getByRole("button", { name: "Lose every fifth ack" }).click();
  const told = page.locator("#told");
  await told.getByText(/After 10 seconds/).waitFor({ timeout: 60_000 });
  assert.match(await told.innerText(), /Payment: \d+ repeated, \d+ lost/);
});

pageTest("the chapter shows the figures that its source has", { path: null }, async () => {
  const [source, rendered] = ["src/lost-ack.md", "index.html"].map((file) => readFileSync(`dist/examples/mdbook/${file}`, "utf8"));
  const figures = source.match(/^<delivery-lab[^]*?^<\/delivery-lab>$/gm);
  assert.equal(figures.length, 2);
  for (const figure of figures) assert.ok(rendered.includes(figure), figure);
});
