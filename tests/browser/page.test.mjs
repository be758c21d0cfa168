// The page as a whole: it loads anywhere, asks nobody else, and says so when it cannot run.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { axeFindsNothing, pageTest, settled, shot } from "./harness.mjs";
import { ownHeaders } from "./server.mjs";

const fatal = (page) => page.locator("#fatal");

pageTest("the page runs, under the policy we recommend", async ({ page, server }) => {
  assert.equal(await settled(page), "running");
  assert.equal(await fatal(page).isVisible(), false);
  assert.equal(await page.locator("#loading").isVisible(), false);
  assert.ok(server.requests.some((path) => path.endsWith(".wasm")));
  await shot(page, "page");
});

for (const colorScheme of ["light", "dark"]) {
  pageTest(`axe finds nothing, ${colorScheme}`, { context: { colorScheme } }, async ({ page }) => {
    await settled(page);
    await axeFindsNothing(page, colorScheme);
  });
}

pageTest("it runs from a folder of a host", { server: { base: "/courses/week-3/lab/" } }, async ({ page, server }) => {
  assert.equal(await settled(page), "running");
  for (const path of server.requests) assert.ok(path.startsWith("/courses/week-3/lab/"), path);
});

pageTest("it runs when the host mislabels the program", {
  server: { mime: { ".wasm": "application/octet-stream" } },
}, async ({ page }) => {
  assert.equal(await settled(page), "running");
});

pageTest("without WebAssembly the page says so", {
  before: () => delete globalThis.WebAssembly,
  path: "?seed=41",
}, async ({ page }) => {
  assert.equal(await settled(page), "fatal");
  assert.match(await fatal(page).innerText(), /needs WebAssembly/);
  assert.equal(await page.locator("#fatal-seed").innerText(), "41");
  assert.equal(await page.locator("#loading").isVisible(), false);
  await axeFindsNothing(page, "fatal view");
  await shot(page, "fatal");
});

pageTest("a policy that forbids WebAssembly is said, not a blank page", {
  server: { headers: { "Content-Security-Policy": "default-src 'self'" } },
  expectErrors: /./,
}, async ({ page }) => {
  assert.equal(await settled(page), "fatal");
  assert.match(await fatal(page).innerText(), /could not be loaded/);
});

pageTest("a program that is not there is said, and starting again loads the page anew", {
  expectErrors: /404|Failed to load/,
  path: null,
}, async ({ page, open }) => {
  await page.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
  await open("?seed=7");
  assert.equal(await settled(page), "fatal");
  await page.unroute("**/*.wasm");
  await page.getByRole("button", { name: "Start again" }).click();
  await page.waitForFunction(() => document.documentElement.dataset.state === "running");
  assert.match(page.url(), /seed=7/);
});

pageTest("a panic shows the fatal view with the seed", { path: "?seed=9", expectErrors: /unreachable/ }, async ({ page }) => {
  await settled(page);
  // A module that traps, as a panic does: (func (export "f") unreachable).
  const trap = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11];
  await page.evaluate((bytes) => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
    setTimeout(() => exports.f());
  }, trap);
  await page.waitForFunction(() => document.documentElement.dataset.state === "fatal");
  assert.match(await fatal(page).innerText(), /cannot go on[\s\S]*9/);
});

pageTest("with JavaScript off there are words", { context: { javaScriptEnabled: false } }, async ({ page }) => {
  assert.match(await page.locator("body").innerText(), /JavaScript is switched off/);
});

pageTest("dist names nothing by an absolute path and has no inline script", async () => {
  const html = readFileSync("dist/index.html", "utf8");
  assert.deepEqual([...html.matchAll(/(?:src|href|data-js|data-wasm)="(\/[^"]*|https?:[^"]*)"/g)].map((found) => found[1]), []);
  assert.deepEqual([...html.matchAll(/<script\b(?![^>]*\bsrc=)[^>]*>/g)].map((found) => found[0]), []);
  assert.ok(readdirSync("dist").some((file) => file.endsWith("_bg.wasm")));
});

pageTest("a first look needs nothing of what comes after it", { path: null, expectErrors: /ERR_FAILED|Failed to load/ }, async ({ page, open, server }) => {
  // What is seen: the rest of the page (the stage in words, print, help, what is required) is built when all is there.
  const look = async () => {
    await open("");
    assert.equal(await settled(page, { whole: false }), "running");
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return page.evaluate(() => ({
      words: [".top", ".drive", ".strip", ".column"].map((part) => document.querySelector(part).innerText),
      picture: document.querySelector("canvas").toDataURL(),
    }));
  };
  await page.route("**/*_rest.wasm", (route) => route.abort());
  const first = await look();
  assert.ok(first.words.every((words) => words.length > 20), JSON.stringify(first.words));
  assert.equal(await page.locator(".requires li").count(), 0);
  await page.unroute("**/*_rest.wasm");
  const whole = await look();
  assert.deepEqual(first, whole);
  assert.equal(await settled(page), "running");
  await page.locator(".requires li").nth(3).waitFor();
  assert.deepEqual(await look(), whole, "and what comes then moves nothing");
  await page.waitForFunction(() => performance.getEntriesByName(performance.getEntriesByType("resource").find((r) => r.name.endsWith("_rest.wasm"))?.name).length > 0);
  assert.ok(server.requests.some((path) => path.endsWith("_rest.wasm")), "what comes after it comes by itself");
});

pageTest("what is asked for before the rest of the program is there waits for it", { path: null }, async ({ page, open }) => {
  let let_go;
  const held = new Promise((done) => { let_go = done; });
  let asked = 0;
  await page.route("**/*_rest.wasm", async (route) => {
    // The first request is the one beside everything else; what waits asks for itself.
    asked += 1;
    if (asked === 1) await held;
    await route.continue();
  });
  await open("");
  assert.equal(await settled(page, { whole: false }), "running");
  await page.getByRole("tab", { name: "Log" }).click();
  await page.locator(".log-head").waitFor();
  let_go();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.state), "running");
});

pageTest("a rest that cannot be had is said, with the seed", { path: null, expectErrors: /./ }, async ({ page, open }) => {
  await page.route("**/*_rest.wasm", (route) => route.abort());
  await open("?seed=5");
  assert.equal(await settled(page, { whole: false }), "running");
  await page.getByRole("tab", { name: "Log" }).click();
  await page.waitForFunction(() => document.documentElement.dataset.state === "fatal");
  assert.match(await fatal(page).innerText(), /could not be loaded[\s\S]*5/);
});

pageTest("every preset runs on the page", async ({ page }) => {
  assert.equal(await settled(page), "running");
  const picker = page.getByLabel("Scenario", { exact: true });
  const names = await picker.locator("option").evaluateAll((options) => options.map((option) => option.value));
  assert.ok(names.length >= 40, `${names.length} presets`);
  for (const name of names) {
    await picker.selectOption(name);
    await page.locator(".play").click();
    await page.waitForFunction(() => !/00:00\.000$/.test(document.querySelector(".clock").textContent), null, { timeout: 10_000 });
    assert.ok((await page.locator(".strip .verdict").count()) > 0, name);
    assert.match(page.url(), name === "order-processing" ? /./ : new RegExp(name), name);
  }
});

const kept = { headers: { ...ownHeaders, "Cache-Control": "max-age=600" }, slow: (path) => (path.endsWith("_rest.wasm") ? 1_500 : 0) };
pageTest("the rest of the program travels once, though it is asked for while it is on its way", { server: kept }, async ({ page, server }) => {
  await settled(page, { whole: false });
  await page.mouse.move(9, 9);
  const rest = () => server.requests.filter((path) => path.endsWith("_rest.wasm")).length;
  while (rest() === 0) await page.waitForTimeout(20);
  assert.equal(await page.evaluate(() => "whole" in document.documentElement.dataset), false, "it is on its way");
  await page.getByRole("tab", { name: "Log" }).click();
  await page.locator(".log-head").waitFor();
  assert.equal(rest(), 1);
});
