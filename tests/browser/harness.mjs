// What every test of the built page stands on: one Chromium per file, a fresh context and a server per test,
// and the rule that a page which logs an error, throws, or asks a stranger for something has failed.
import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { serve } from "./server.mjs";

export { settled } from "./chromium.mjs";

const sourceOf = (file) => readFileSync(createRequire(import.meta.url).resolve(file), "utf8");
const axeSource = sourceOf("axe-core/axe.min.js");
const snifferSource = sourceOf("html_codesniffer/build/HTMLCS.js");

/** How long one test may take, in ms. */
const patience = 120_000;

let starting;
/** The browser of this file, started when first asked for. */
export function browser() {
  starting ??= launch();
  return starting;
}
after(async () => {
  if (starting) await (await starting).close();
});

/** Fails with a readable list when axe finds anything in the page as it is now. */
export async function axeFindsNothing(page, where = "page") {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.target.join(" ")).join("\n    ")}`);
  assert.deepEqual(found, [], `axe on ${where}`);
}

/** The same for HTML_CodeSniffer, on which pa11y stands and which has rules of its own. */
export async function snifferFindsNothing(page, where = "page") {
  await page.evaluate(snifferSource);
  const found = await page.evaluate(async () => {
    const { HTMLCS } = globalThis;
    await new Promise((done) => HTMLCS.process("WCAG2AA", document, done));
    const errors = HTMLCS.getMessages().filter(({ type }) => type === HTMLCS.ERROR);
    return errors.map(({ code, msg, element }) => `${code}: ${msg}\n    ${element.outerHTML.slice(0, 200)}`);
  });
  assert.deepEqual(found, [], `HTML_CodeSniffer on ${where}`);
}

/** Saves a picture in target/shots, for eyes. */
export async function shot(page, name) {
  mkdirSync("target/shots", { recursive: true });
  await page.screenshot({ path: join("target/shots", `${name}.png`) });
}

/**
 * A test with a page. Options:
 * - `server`: for serve() (headers, base, mime, pages)
 * - `context`: for newContext() (viewport, colorScheme, reducedMotion, hasTouch, javaScriptEnabled ...)
 * - `before`: a function that runs in the page before anything else
 * - `path`: what to open, relative to the server's url; null opens nothing
 * - `expectErrors`: a pattern for errors that belong to the test
 * - `todo`: why the page does not do this yet; a failure is then shown and not counted
 * The body gets { page, context, server, open, errors }.
 */
export function pageTest(name, options, body) {
  if (typeof options === "function") return pageTest(name, {}, options);
  const { server: serverOptions, context: contextOptions, before, path = "", expectErrors, todo } = options;
  return test(name, { todo, timeout: patience }, async ({ signal }) => {
    const server = await serve(serverOptions);
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 }, ...contextOptions });
    // A test out of time is not waited for: without its page it fails by itself, and closes what it opened.
    signal.addEventListener("abort", () => context.close());
    try {
      if (before) await context.addInitScript(before);
      const page = await context.newPage();
      const errors = [];
      const strangers = [];
      page.on("pageerror", (error) => errors.push(`uncaught: ${error.message}`));
      page.on("console", (message) => message.type() === "error" && errors.push(`console: ${message.text()}`));
      context.on("request", (request) => {
        const url = request.url();
        if (!/^(data|blob|about|file):/.test(url) && !/^http:\/\/(127\.0\.0\.1|localhost):/.test(url)) strangers.push(url);
      });
      const open = (relative) => page.goto(new URL(relative, server.url).href);
      if (path !== null) await open(path);
      await body({ page, context, server, open, errors });
      assert.deepEqual(strangers, [], "requests to third parties");
      assert.deepEqual(errors.filter((error) => !expectErrors?.test(error)), [], "errors in the page");
    } finally {
      await context.close();
      await server.close();
    }
  });
}
