// On paper: the still, what was set, the verdict, the figures behind it and the address, on one or two pages.
import assert from "node:assert/strict";
import { pageTest, settled } from "./harness.mjs";
import { readPdf } from "./pdf.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The PDF of the page as it is, without spaces: how words are divided is the printer's affair. */
async function printed(page) {
  const { pages, text, images } = readPdf(await page.pdf({ format: "A4", printBackground: false }));
  return { pages, images, text: text.replace(/\s+/g, "") };
}

const states = {
  "at the beginning": async () => {},
  "while it runs": async (page) => {
    await button(page, "Play").click();
    await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  },
  "with an explanation": async (page) => {
    await button(page, "Next anomaly").click();
    await page.locator(".found .why").click();
    await page.locator(".explanation .because").waitFor();
  },
  "with a dialog open": (page) => button(page, "Share").click(),
};

for (const theme of ["light", "dark"]) {
  pageTest(`the page on paper, ${theme}`, { path: `?preset=lost-ack&ackLoss=12%25&theme=${theme}` }, async ({ page }) => {
    await settled(page);
    for (const [state, reach] of Object.entries(states)) {
      await reach(page);
      const { pages, images, text } = await printed(page);
      assert.ok(pages >= 1 && pages <= 2, `${state}: ${pages} pages`);
      assert.ok(images >= 1, `${state}: the still is there`);
      for (const words of ["Anackgetslost", "Seed", "ackLoss:12%", "Payment", "held"]) {
        assert.ok(text.includes(words), `${state}: "${words}" is on paper`);
      }
      // As the reader came with it, or as it is written when something has changed.
      assert.match(text, /preset=lost-ack&ackLoss=(12%25|0\.12)/, `${state}: the address is on paper`);
    }
  });
}

pageTest("the figure on paper has its address too", { path: "?preset=lost-ack&embed=1&panels=verdict" }, async ({ page }) => {
  await settled(page);
  const { pages, text } = await printed(page);
  assert.ok(pages >= 1 && pages <= 2, `${pages} pages`);
  assert.ok(text.includes("preset=lost-ack") && text.includes("Payment"), text);
});
