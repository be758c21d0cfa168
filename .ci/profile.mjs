#!/usr/bin/env node
// Writes .ci/later: the functions that a first look at the page does not need.
// Run `make profile` after larger changes: a function that is not listed comes with the first load.
import { readFileSync, writeFileSync } from "node:fs";
import { launch, settled } from "../tests/browser/chromium.mjs";
import { serve } from "../tests/browser/server.mjs";

const wide = { viewport: { width: 1280, height: 800 } };
const narrow = { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true };

/**
 * How people come: to the page, or to a figure in somebody's page (a log, transactions, each kind of queue and channel,
 * and what authors set). What they do then may wait for the rest: it is there before they have found the button.
 */
const small = { viewport: { width: 640, height: 400 } };
const options = "theme=dark&speed=0.01&title=A%20figure&motion=reduce&controls=full&id=a";
const visits = [
  { look: wide, query: "" },
  { look: narrow, query: "" },
  // What happens at the beginning follows from the seed.
  ...[1, 2, 3, 5, 7, 11, 13].map((seed) => ({ look: wide, query: `?seed=${seed}` })),
  { look: wide, query: "?preset=order-processing&seed=7" },
  { look: { viewport: { width: 480, height: 270 }, reducedMotion: "reduce" }, query: "?embed=1" },
  { look: small, query: `?embed=1&${options}`, framed: true },
  ...["lost-ack", "kafka-transaction", "visibility-timeout", "dead-letter", "pubsub-nobody-listening", "sns-to-queues"]
    .map((preset) => ({ look: small, query: `?preset=${preset}&seed=7&embed=1`, framed: true })),
];

const all = JSON.parse(readFileSync("target/marked/names.json", "utf8"));
const ran = new Uint8Array(all.length);
const browser = await launch();
try {
  for (const { look, query, framed } of visits) {
    const host = `<!doctype html><title>Host</title><iframe src="./${query}" width="640" height="400"></iframe>`;
    const server = await serve({ root: "target/marked", pages: { "/host.html": host } });
    const context = await browser.newContext(look);
    const page = await context.newPage();
    page.on("pageerror", (error) => { throw error; });
    await page.addInitScript((count) => {
      globalThis.seen = new Uint8Array(count);
      globalThis.deliveryLabRan = (i) => { seen[i] = 1; };
    }, all.length);
    await page.goto(server.url + (framed ? "host.html" : query));
    const figure = framed ? page.frames().find((frame) => frame !== page.mainFrame()) : page;
    if ((await settled(figure, { whole: false })) !== "running") throw new Error(`the marked page did not run with ${query}`);
    await page.waitForTimeout(1_000);
    for (const [i, one] of (await figure.evaluate(() => [...seen])).entries()) ran[i] |= one;
    await context.close();
    await server.close();
  }
} finally {
  await browser.close();
}
const later = all.filter((_, i) => !ran[i]).sort();
const head = "# Functions that a first look does not need, by the hash of their names. Made by `make profile`.\n";
writeFileSync(".ci/later", `${head}${later.join("\n")}\n`);
console.log(`${all.length - later.length} of ${all.length} functions ran`);
