#!/usr/bin/env node
// Writes dist/delivery-lab.html: the whole page in one file, which runs from a disk, without a server or a network.
// Pages opened from a disk may fetch nothing but what stands in themselves, so everything is written into it.
import { buildSync } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = "dist";
const names = readdirSync(dist);
const named = (pattern) => names.find((name) => pattern.test(name)) ?? fail(`${dist}/ has no file like ${pattern}`);
const data = (type, bytes) => `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;

function fail(sentence) {
  console.error(`error: ${sentence}`);
  process.exit(1);
}

/** Replaces what stands there exactly once; a page that looks otherwise is not guessed at. */
function replace(text, old, now) {
  if (text.split(old).length !== 2) fail(`the page does not have exactly one \`${String(old).slice(0, 60)}\``);
  return text.replace(old, () => now);
}

const wasm = named(/_bg\.wasm$/);
const rest = named(/_rest\.wasm$/);
const script = named(/^app-.*\.js$/);

const bundle = buildSync({ entryPoints: [join(dist, script)], bundle: true, format: "esm", minify: true, write: false, logLevel: "error" });
// The later part of the program is not written into a text that is written out once more.
const program = replace(bundle.outputFiles[0].text, JSON.stringify(rest), "document.getElementById('program').dataset.rest");

let page = readFileSync(join(dist, "index.html"), "utf8");
page = page.replace(/<link rel="(modulepreload|preload)"[^>]*>/g, "");
page = page.replace(/<link rel="stylesheet" href="([^"]+)"\/?>/g, (_, path) => `<style>${readFileSync(join(dist, path), "utf8")}</style>`);
const [start] = page.match(/<script [^>]*boot\.js[^>]*><\/script>/) ?? fail("the page does not start boot.js");
page = replace(page, start, "");
const attributes = [
  ["id", "program"],
  ["data-js", data("text/javascript", program)],
  ["data-wasm", data("application/wasm", readFileSync(join(dist, wasm)))],
  ["data-rest", data("application/wasm", readFileSync(join(dist, rest)))],
].map(([name, value]) => ` ${name}="${value}"`);
page = replace(page, "</body>", `<script${attributes.join("")}>${readFileSync(join(dist, "boot.js"), "utf8")}</script></body>`);
writeFileSync(join(dist, "delivery-lab.html"), page);
console.log(`${dist}/delivery-lab.html: ${(page.length / 1e6).toFixed(1)} MB`);
