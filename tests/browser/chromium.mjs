// The installed Chromium, with the flags of webdriver.json.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

/** Where the browser is: CHROME, or the first known name on PATH. */
export function findChrome() {
  const names = [process.env.CHROME, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (const name of names.filter(Boolean)) {
    if (name.includes("/") && existsSync(name)) return name;
    try {
      return execFileSync("sh", ["-c", `command -v "$1"`, "sh", name], { encoding: "utf8" }).trim();
    } catch {
      // Not on PATH: the next name.
    }
  }
  throw new Error("no Chromium found: name it in CHROME");
}

/** Starts it; playwright adds the flag for headless itself. */
export function launch() {
  const { args } = JSON.parse(readFileSync("webdriver.json", "utf8"))["goog:chromeOptions"];
  return chromium.launch({ executablePath: findChrome(), args: args.filter((arg) => !arg.startsWith("--headless")) });
}

/**
 * Waits until the program runs or the page has said why not, and answers which ("running" or "fatal"). Unless it is the
 * first look that is meant, it also waits for the rest of the program, which may not come: to a frame out of sight, for one.
 */
export async function settled(page, { whole = true } = {}) {
  const handle = await page.waitForFunction(() => document.documentElement.dataset.state, null, { timeout: 30_000 });
  const state = await handle.jsonValue();
  const there = () => document.documentElement.dataset.whole !== undefined;
  if (whole && state === "running") await page.waitForFunction(there, null, { timeout: page.mainFrame ? 5_000 : 1_000 }).catch(() => {});
  return state;
}
