// axe and HTML_CodeSniffer find nothing: in every theme, and in every state a reader can bring the page into.
import { axeFindsNothing, pageTest, settled, snifferFindsNothing } from "./harness.mjs";
import { figure } from "./host.mjs";

async function nothingIsFound(page, where) {
  await axeFindsNothing(page, where);
  await snifferFindsNothing(page, where);
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** One after the other, each from where the one before has left the page. */
const states = {
  idle: async () => {},
  running: async (page) => {
    await button(page, "Play").click();
    await page.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  },
  paused: (page) => button(page, "Pause").click(),
  "help dialog": (page) => button(page, "Help and keys").click(),
  "share dialog": async (page) => {
    await page.keyboard.press("Escape");
    await button(page, "Share").click();
  },
  explanation: async (page) => {
    await page.keyboard.press("Escape");
    await button(page, "Next anomaly").click();
    await page.locator(".found .why").click();
    await page.locator(".explanation .because").waitFor();
  },
  numbers: async (page) => {
    await page.getByRole("tab", { name: "Numbers" }).click();
    await page.getByText("As a table").click();
  },
  log: (page) => page.getByRole("tab", { name: "Log" }).click(),
  forks: (page) => page.getByRole("tab", { name: "Forks" }).click(),
  comparison: (page) => page.getByRole("tab", { name: "Compare" }).click(),
  "notice, and the stage in words": async (page) => {
    await page.locator(".twin summary").click();
    const field = page.locator(".slider .value").first();
    await page.getByRole("tab", { name: "Settings" }).click();
    await field.fill("very much");
    await field.press("Enter");
    await page.locator(".notice").waitFor();
  },
};

for (const look of ["light", "dark", "projector", "contrast", "forced colours"]) {
  const forced = look === "forced colours";
  const path = `?preset=lost-ack${forced ? "" : `&theme=${look}`}`;
  pageTest(`axe finds nothing: ${look}`, { path, context: { forcedColors: forced ? "active" : "none" } }, async ({ page }) => {
    await settled(page);
    for (const [state, reach] of Object.entries(states)) {
      await reach(page);
      await nothingIsFound(page, `${look}, ${state}`);
    }
  });
}

pageTest("axe finds nothing on a phone", { path: "?preset=lost-ack", context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } }, async ({ page }) => {
  await settled(page);
  await nothingIsFound(page, "a phone");
});

for (const options of ["", "&controls=full", "&controls=0&panels=verdict"]) {
  pageTest(`axe finds nothing in a figure ${options}`, { path: figure + options, context: { viewport: { width: 480, height: 270 } } }, async ({ page }) => {
    await settled(page);
    await nothingIsFound(page, `figure ${options}`);
  });
}
