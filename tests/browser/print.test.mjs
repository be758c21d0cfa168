// On paper: the still, what was set, the verdict, the figures behind it and the address, on one or two pages.
import assert from "node:assert/strict";
import { pageTest, settled } from "./harness.mjs";
import { readPdf } from "./pdf.mjs";

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The PDF of the page as it is, without spaces: how words are divided, and which letters are joined, is the printer's affair. */
async function printed(page) {
  const { pages, text, images } = readPdf(await page.pdf({ format: "A4", printBackground: false }));
  return { pages, images, text: text.normalize("NFKC").replace(/\s+/g, "") };
}

const states = {
  "at the beginning": async () => {},
  "after it ran": async (page) => {
    await page.locator(".transport select").selectOption({ label: "1/10" });
    await button(page, "Play").click();
    await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
    await page.waitForTimeout(2_000);
    await button(page, "Pause").click();
  },
  "with an explanation": async (page) => {
    await button(page, "Next anomaly").click();
    await page.locator(".found .why").click();
    await page.locator(".explanation .because").waitFor();
  },
  "with a dialog open": (page) => button(page, "Share").click(),
};

/** What the strip says of each service, as a row of the table on paper begins. */
const onPage = (page) => page.locator(".verdict").evaluateAll((cards) => cards.map((card) => {
  const figure = (name) => [...card.querySelectorAll(".figures div")].find((one) => one.firstElementChild.textContent === name).lastElementChild.textContent;
  const [published, effects] = card.querySelector(".outcome").textContent.match(/\d+/g);
  const promise = card.querySelector("select").selectedOptions[0].textContent;
  const words = [card.querySelector(".name").textContent, promise, card.querySelector(".tag").textContent.slice(2), published, figure("delivered"), figure("processed"), effects, figure("lost"), figure("repeated"), figure("out of order")];
  return words.join("").replace(/\s+/g, "");
}));

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
      // The verdict as a table, with the figures that the page shows.
      const rows = await onPage(page);
      assert.match(text, /Theverdictat\d\d:\d\d\.\d{3}servicepromiseverdictpublisheddeliveredprocessedeffectslostrepeatedoutofordertocomep50\/p99/, state);
      assert.equal(rows.length, 1);
      for (const row of rows) assert.ok(text.includes(row), `${state}: the row ${row} is in ${text}`);
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

pageTest("what was done by hand is on paper, and no table of what a party cannot know", { path: "?preset=lost-ack" }, async ({ page }) => {
  await settled(page);
  assert.ok((await printed(page)).text.includes("Itbeginsasthepresethasit."));
  await button(page, "Next anomaly").click();
  await page.locator(".found .why").waitFor();
  await page.locator("#set-ackLoss").focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "Forks" }).click();
  await page.getByRole("button", { name: /^Crash Payment/ }).click();
  const { text, pages } = await printed(page);
  assert.ok(pages <= 2, `${pages} pages`);
  assert.match(text, /Donebyhand:\W*00:\d\d\.\d{3}ackLosssetto[\d.]+%\W*00:\d\d\.\d{3}crashofPayment/);
  assert.match(text, /#s=1\./, "the address has it");
  await page.getByLabel("Seen by").first().selectOption({ label: "Order API" });
  const fogged = (await printed(page)).text;
  assert.ok(fogged.includes("Whatcameofit,OrderAPIcannotknow.") && !fogged.includes("Theverdictat"), fogged);
});
