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
  moment: async (page) => {
    await page.getByRole("tab", { name: "Moment" }).click();
    await page.getByText("Why nobody who sends can be sure").click();
  },
  "seen by one party": (page) => page.getByLabel("Seen by").last().selectOption({ index: 1 }),
  "seen by all again": (page) => page.getByLabel("Seen by").last().selectOption({ index: 0 }),
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

const themes = ["light", "dark", "projector", "contrast"];
const tabs = ["Settings", "Message", "Numbers", "Log", "Moment", "Forks", "Compare"];

/** Puts on each theme, runs a little in it, and looks. */
async function inEachTheme(page, where, look) {
  for (const theme of themes) {
    await page.getByLabel("Colours").locator("visible=true").first().selectOption({ index: themes.indexOf(theme) + 1 });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, theme);
    await look(`${where}, ${theme}`);
  }
}

/** Another kind of broker, another shape of the stage: queues, a log in transactions, a channel that stores nothing. */
for (const preset of ["visibility-timeout", "kafka-transaction", "slow-subscriber"]) {
  pageTest(`axe finds nothing beside any tab: ${preset}`, { path: `?preset=${preset}` }, async ({ page }) => {
    await settled(page);
    await states.running(page);
    await states.paused(page);
    await page.locator(".twin summary").click();
    for (const name of tabs) {
      await page.getByRole("tab", { name }).click();
      await nothingIsFound(page, `${preset}, ${name}`);
    }
    await inEachTheme(page, preset, (where) => axeFindsNothing(page, where));
  });
}

pageTest("axe finds nothing on a phone", { path: "?preset=lost-ack", context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } }, async ({ page }) => {
  await settled(page);
  await nothingIsFound(page, "a phone");
  await states.running(page);
  await nothingIsFound(page, "a phone, running");
  await states.paused(page);
  for (const name of tabs) {
    await page.getByRole("tab", { name }).click();
    await nothingIsFound(page, `a phone, ${name}`);
  }
  await button(page, "Help and keys").click();
  await inEachTheme(page, "a phone, help", (where) => axeFindsNothing(page, where));
  await page.keyboard.press("Escape");
  await button(page, "Share").click();
  await nothingIsFound(page, "a phone, share");
});

for (const options of ["", "&controls=full", "&controls=0&panels=verdict"]) {
  pageTest(`axe finds nothing in a figure ${options}`, { path: figure + options, context: { viewport: { width: 480, height: 270 } } }, async ({ page, open }) => {
    for (const theme of themes) {
      await open(`${figure}${options}&theme=${theme}`);
      await settled(page);
      await nothingIsFound(page, `figure ${options} ${theme}`);
      const before = await page.locator("#summary").textContent();
      await page.keyboard.press("Alt+K");
      await page.waitForTimeout(300);
      await axeFindsNothing(page, `figure ${options} ${theme}, running`);
      await page.keyboard.press("Alt+K");
      await page.waitForFunction((before) => document.getElementById("summary").textContent !== before, before);
    }
  });
}
