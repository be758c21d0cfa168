// Under whose conditions a figure runs in somebody else's page, and that it says why where it cannot.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pageTest, settled } from "./harness.mjs";
import { figure, frameOf, iframe, ready, stranger } from "./host.mjs";
import { ownHeaders } from "./server.mjs";

/** A figure plays, and opens a panel that comes with the later part of the program. */
async function worksWhole(frame) {
  await frame.getByRole("button", { name: "Play", exact: true }).click();
  await frame.waitForFunction(() => !document.querySelector(".clock").textContent.endsWith("00:00.000"));
  await frame.getByRole("button", { name: "Pause", exact: true }).click();
  await frame.getByRole("tab", { name: "Log" }).click();
  await frame.locator(".log-row").first().waitFor();
  assert.deepEqual(await frame.evaluate(() => ({ ...document.documentElement.dataset })).then(({ state, whole }) => [state, whole]), ["running", ""]);
}

const conditions = [
  { name: "a frame without attributes" },
  { name: "a sandbox with an opaque origin, when the host sends the header", rest: 'sandbox="allow-scripts"' },
  { name: "a sandbox with its own origin", rest: 'sandbox="allow-scripts allow-same-origin"' },
  { name: "no referrer", rest: 'referrerpolicy="no-referrer"' },
  { name: "a program that is mislabelled", mime: { ".wasm": "application/octet-stream" } },
  { name: "the policy we recommend", headers: ownHeaders },
  { name: "a host with a strict policy of its own", hostPolicy: (origin) => `default-src 'none'; script-src 'unsafe-inline'; frame-src ${origin}` },
];
for (const { name, rest, mime, headers = ownHeaders, hostPolicy } of conditions) {
  const expectErrors = hostPolicy ? /data:/ : undefined;
  pageTest(`it runs in a frame: ${name}`, { path: null, server: { mime, headers }, expectErrors }, async ({ page, server }) => {
    const headersOfHost = hostPolicy ? { "Content-Security-Policy": hostPolicy(server.origin) } : {};
    const other = await stranger(page, iframe(`${server.url}${figure}&controls=full`, rest), "", headersOfHost);
    await ready(page);
    const { data } = await page.evaluate(() => got((data) => data?.type === "ready"));
    assert.ok(data.presets.includes("order-processing"));
    await worksWhole(frameOf(page));
    await other.close();
  });
}

const said = [
  {
    name: "a policy that forbids WebAssembly",
    headers: { "Content-Security-Policy": "default-src 'self'; frame-ancestors *" },
    words: /could not be loaded/,
  },
  {
    name: "a sandbox with an opaque origin, when the host does not send the header",
    headers: {},
    rest: 'sandbox="allow-scripts"',
    words: /could not be loaded|cannot run|needs/,
  },
];
for (const { name, headers, rest, words } of said) {
  pageTest(`in a frame it says why it cannot run: ${name}`, {
    path: null, server: { headers }, expectErrors: /./,
  }, async ({ page, server }) => {
    const other = await stranger(page, iframe(server.url + figure, rest));
    await page.waitForFunction(() => document.querySelector("iframe"));
    const text = page.frameLocator("iframe").locator("body");
    await page.waitForTimeout(500);
    await text.getByText(words).first().waitFor({ timeout: 20_000 });
    await other.close();
  });
}

pageTest("a figure in a host whose policy forbids frames leaves the host's own words", {
  path: null, expectErrors: /./,
}, async ({ page, server }) => {
  const headers = { "Content-Security-Policy": `default-src 'none'; script-src 'unsafe-inline' ${server.origin}` };
  const element = `<script type="module" src="${server.url}embed.js"></script><p>Before</p><delivery-lab preset="order-processing"><a href="${server.url}">Order processing</a></delivery-lab>`;
  const other = await stranger(page, element, 'addEventListener("error", ({ detail }) => { window.told = detail; });', headers);
  await page.waitForFunction(() => window.told);
  const { field, sentence } = await page.evaluate(() => window.told);
  assert.deepEqual([field, sentence.includes(`${server.origin}: allow them in frame-src`)], ["src", true]);
  assert.equal(await page.getByRole("link", { name: "Order processing" }).isVisible(), true);
  assert.equal(await page.evaluate(() => document.querySelector("delivery-lab").shadowRoot.querySelector("iframe")), null);
  await other.close();
});

pageTest("opened straight from a file it says what to do", { path: null, expectErrors: /./ }, async ({ page }) => {
  await page.goto(`file://${process.cwd()}/dist/index.html`);
  assert.equal(await settled(page), "fatal");
  assert.match(await page.locator("#fatal").innerText(), /serve the folder over http/);
});

pageTest("the one file runs from a disk, all of it, and asks for nothing", { path: null }, async ({ page, context }) => {
  const folder = mkdtempSync(join(tmpdir(), "lab-"));
  try {
    copyFileSync("dist/delivery-lab.html", join(folder, "lab.html"));
    const asked = [];
    context.on("request", (request) => asked.push(request.url()));
    await page.goto(`file://${folder}/lab.html?preset=lost-ack`);
    assert.equal(await settled(page), "running");
    await worksWhole(page);
    await page.getByRole("button", { name: "Share", exact: true }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    assert.deepEqual(asked.filter((url) => !url.startsWith("data:")).length, 1, "the file itself");
    await page.goto(link);
    assert.equal(await settled(page), "running");
    assert.equal(await page.locator(".presets").inputValue(), "lost-ack");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
