#!/usr/bin/env node
// Cuts the built program in two: what a first look needs, and the rest, which public/late.js fetches later.
//
//   node .ci/split.mjs         cuts dist/ by the list in .ci/later
//   node .ci/split.mjs mark    leaves in target/marked a page that notes which functions run (see .ci/profile.mjs)
//
// A function of the rest leaves a stub behind, which asks for the rest if it is not there yet and calls on.
// So the list decides only when something is fetched, never what the program does.
import binaryen from "binaryen";
import { constants, sections, uses } from "./addresses.mjs";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = "dist";
const list = ".ci/later";
const kept = "target/whole";
const linked = join(process.env.CARGO_TARGET_DIR ?? "target", "wasm32-unknown-unknown/release/app.wasm");

/** Short and the same on every machine: the name without the numbers of crates. */
export const nameOf = (name) => createHash("sha256").update(name.replace(/Cs[0-9A-Za-z]*_/g, "")).digest("hex").slice(0, 10);

const features = ["MutableGlobals", "SignExt", "NontrappingFPToInt", "BulkMemory", "BulkMemoryOpt", "CallIndirectOverlong", "ReferenceTypes", "Multivalue"]
  .reduce((all, name) => all | binaryen.Features[name], 0);

function read(bytes) {
  // What the linker left for us is none of binaryen's business.
  const ours = ({ name = "" }) => name === "linking" || name.startsWith("reloc.");
  const parts = sections(bytes).filter((section) => !ours(section)).map((s) => bytes.subarray(s.from, s.to));
  const module = binaryen.readBinary(Buffer.concat([bytes.subarray(0, 8), ...parts]));
  module.setFeatures(features);
  return module;
}

/** The functions with a body. */
function functions(module) {
  const found = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const ref = module.getFunctionByIndex(i);
    const info = binaryen.getFunctionInfo(ref);
    if (!info.base) found.push({ ref, ...info });
  }
  return found;
}

const names = (module) => functions(module).map((f) => f.name);
const sweep = (module) => module.runPasses(["remove-unused-module-elements"]);
const nth = (count, get) => Array.from({ length: count }, (_, i) => get(i));

/** What the two parts share, as [kind, name within, name in exports]. */
function shared(module) {
  const exported = new Map(nth(module.getNumExports(), (i) => binaryen.getExportInfo(module.getExportByIndex(i))).map((e) => [`${e.kind} ${e.value}`, e.name]));
  const out = (kind, name) => exported.get(`${kind} ${name}`);
  const globals = nth(module.getNumGlobals(), (i) => binaryen.getGlobalInfo(module.getGlobalByIndex(i))).filter((g) => !g.base);
  const tables = nth(module.getNumTables(), (i) => binaryen.getTableInfo(module.getTableByIndex(i)));
  return {
    memory: module.getMemoryInfo().name ?? "0",
    globals: globals.map((g) => ({ ...g, out: out(binaryen.ExternalGlobal, g.name) })),
    tables: tables.map((t) => ({ ...t, out: out(binaryen.ExternalTable, t.name) })),
  };
}

/** Puts a stub in place of each of these functions: their place in the table `late`, or -1 for one yet unknown. */
function stub(module, later, places) {
  module.addTable("late", Math.max(places.size, 1), Math.max(places.size, 1));
  module.addTableExport("late", "late");
  module.addGlobal("here", binaryen.i32, true, module.i32.const(0));
  module.addGlobalExport("here", "here");
  module.addFunctionImport("load", "late", "load", binaryen.none, binaryen.none);
  const ask = module.if(module.i32.eqz(module.global.get("here", binaryen.i32)), module.call("load", [], binaryen.none));
  module.addFunction("ask", binaryen.none, binaryen.none, [], ask);
  for (const { ref, name, params, results } of functions(module)) {
    if (!later.has(name)) continue;
    const own = binaryen.expandType(params).map((type, i) => module.local.get(i, type));
    const call = module.call_indirect("late", module.i32.const(places.get(name) ?? -1), own, params, results);
    binaryen.Function.setBody(ref, module.block(null, [module.call("ask", [], binaryen.none), call], results));
  }
}

/** The rest: it takes memory, tables and the other functions from the first part, and gives out `wanted`. */
function restOf(bytes, stays, wanted, outside) {
  const rest = read(bytes);
  for (const e of nth(rest.getNumExports(), (i) => binaryen.getExportInfo(rest.getExportByIndex(i)).name)) rest.removeExport(e);
  for (const s of nth(rest.getNumElementSegments(), (i) => binaryen.getElementSegmentInfo(rest.getElementSegmentByIndex(i)).name)) rest.removeElementSegment(s);
  const places = new Map(stays.map((name, i) => [name, i]));
  for (const { name, params, results } of functions(rest)) {
    if (!places.has(name)) continue;
    rest.removeFunction(name);
    rest.addFunctionImport(name, "first", `f${places.get(name)}`, params, results);
  }
  rest.addMemoryImport(outside.memory, "first", "memory");
  for (const table of outside.tables) rest.addTableImport(table.name, "first", table.out ?? `t${table.name}`);
  for (const global of outside.globals) {
    rest.removeGlobal(global.name);
    rest.addGlobalImport(global.name, "first", global.out ?? `g${global.name}`, global.type, global.mutable);
  }
  for (const [name, place] of wanted) rest.addFunctionExport(name, String(place));
  sweep(rest);
  return rest;
}

function numbered(value, signed = false) {
  const out = [];
  for (;;) {
    const byte = value & 127;
    value = signed ? value >> 7 : value >>> 7;
    if (signed ? (value === 0 && !(byte & 64)) || (value === -1 && byte & 64) : value === 0) return [...out, byte];
    out.push(byte | 128);
  }
}

/** Which of the constants the functions that come first can reach, by themselves and by way of other constants. */
function reached(all, stays, program) {
  const used = uses(program);
  const strangers = stays.filter((name) => !used.known.has(name));
  if (strangers.length > stays.length / 4) throw new Error("the program's names are not those that the linker knows");
  const at = new Map(all.map((one) => [one.place, one]));
  const found = new Set();
  // Variables change: they are there from the beginning.
  const open = all.filter((one) => !one.name.startsWith(".rodata"));
  const reach = (place) => open.push(at.get(place));
  for (const name of stays) used.functions.get(name)?.forEach(reach);
  while (open.length) {
    const one = open.pop();
    if (!one || found.has(one)) continue;
    found.add(one);
    used.constants.get(one.place)?.forEach(reach);
  }
  return found;
}

/** The program with some of the constants as its data. Small gaps between them are closed, with what stands there. */
function withData(bytes, wanted, all) {
  const begin = Math.min(...all.map((one) => one.place));
  const image = Buffer.alloc(Math.max(...all.map((one) => one.place + one.bytes.length)) - begin);
  for (const one of all) one.bytes.copy(image, one.place - begin);
  const pieces = [];
  for (const one of [...wanted].sort((a, b) => a.place - b.place)) {
    const end = one.place + one.bytes.length;
    const last = pieces.at(-1);
    if (last && one.place - last.end <= 8) last.end = end;
    else pieces.push({ place: one.place, end });
  }
  for (const piece of pieces) piece.bytes = image.subarray(piece.place - begin, piece.end - begin);
  const data = Buffer.concat(pieces.map((p) => Buffer.concat([Buffer.from([0, 0x41, ...numbered(p.place, true), 0x0b, ...numbered(p.bytes.length)]), p.bytes])));
  const count = Buffer.from(numbered(pieces.length));
  const section = Buffer.concat([Buffer.from([11, ...numbered(count.length + data.length)]), count, data]);
  const others = sections(bytes).filter(({ id }) => ![0, 11, 12].includes(id)).map((s) => bytes.subarray(s.from, s.to));
  return Buffer.concat([bytes.subarray(0, 8), ...others, section]);
}

function cut(bytes, program) {
  const listed = new Set(readFileSync(list, "utf8").split("\n").filter((line) => line && !line.startsWith("#")));
  const whole = read(bytes);
  const outside = shared(whole);
  const later = new Set(names(whole).filter((name) => listed.has(nameOf(name))));

  // What only the rest calls goes with it.
  stub(whole, later, new Map());
  sweep(whole);
  const left = new Set(names(whole));
  const stays = [...left].filter((name) => !later.has(name) && name !== "ask");
  const wanted = new Map([...later].filter((name) => left.has(name)).map((name, place) => [name, place]));

  const rest = restOf(bytes, stays, wanted, outside);
  const first = read(bytes);
  for (const { name } of functions(first)) if (!left.has(name)) later.add(name);
  stub(first, later, wanted);
  const taken = nth(rest.getNumFunctions(), (i) => binaryen.getFunctionInfo(rest.getFunctionByIndex(i))).filter((f) => f.module === "first");
  for (const { name, base } of taken) first.addFunctionExport(name, base);
  for (const table of outside.tables) if (!table.out) first.addTableExport(table.name, `t${table.name}`);
  for (const global of outside.globals) if (!global.out) first.addGlobalExport(global.name, `g${global.name}`);
  sweep(first);
  if (!first.validate() || !rest.validate()) throw new Error("a part of the cut program is not valid WebAssembly");
  console.log(`${stays.length} functions come first, ${names(rest).length} later, behind ${wanted.size} stubs`);
  const all = constants(bytes).filter((one) => one.bytes.length > 0);
  const early = reached(all, stays, program);
  const size = (list) => [...list].reduce((sum, one) => sum + one.bytes.length, 0);
  console.log(`${size(early)} bytes of constants come first, of ${size(all)}`);
  return {
    first: withData(Buffer.from(first.emitBinary()), early, all),
    rest: withData(Buffer.from(rest.emitBinary()), all.filter((one) => !early.has(one)), all),
  };
}

function mark(bytes) {
  const module = read(bytes);
  const all = functions(module);
  module.addFunctionImport("ran", "late", "ran", binaryen.i32, binaryen.none);
  all.forEach(({ ref, body, results }, i) => {
    const note = module.call("ran", [module.i32.const(i)], binaryen.none);
    binaryen.Function.setBody(ref, module.block(null, [note, body], results));
  });
  return { bytes: module.emitBinary(), names: all.map((f) => nameOf(f.name)) };
}

/** Text with one replacement that must be possible, and possible once. */
function replaceOnce(text, old, put) {
  const parts = text.split(old);
  if (parts.length !== 2) throw new Error(`the program's script has ${parts.length - 1} places like "${old}" instead of one`);
  return parts.join(put);
}

/** The script that starts the program, so that late.js sees what it gives the program and gets. */
function joined(script, file) {
  let text = `import * as late from "./late.js";\n${script}`;
  const given = "const imports = __wbg_get_imports();\n\n    if (typeof module_or_path === 'string'";
  text = replaceOnce(text, given, given.replace("__wbg_get_imports()", `late.between(__wbg_get_imports(), ${JSON.stringify(file)})`));
  const there = "const { instance, module } = await __wbg_load(await module_or_path, imports);";
  return replaceOnce(text, there, `${there}\n    await late.ready(instance.exports);`);
}

/** The program in this folder and its script. */
function built(folder) {
  const files = readdirSync(folder);
  const wasm = files.find((file) => file.endsWith("_bg.wasm"));
  const script = files.find((file) => /^app-.*\.js$/.test(file));
  if (!wasm || !script) throw new Error(`${folder} has no built program`);
  return { wasm, script };
}

/** Names what was built by the list too: cut in another way, the parts are other files. */
function rename() {
  const { wasm, script } = built(dist);
  const old = wasm.replace("_bg.wasm", "");
  const made = createHash("sha256").update(readFileSync(join(dist, wasm))).update(readFileSync(list));
  const now = `app-${made.digest("hex").slice(0, 16)}`;
  for (const file of ["index.html", script]) {
    const text = readFileSync(join(dist, file), "utf8");
    writeFileSync(join(dist, file), text.replaceAll(old, now));
  }
  for (const file of [wasm, script]) renameSync(join(dist, file), join(dist, file.replace(old, now)));
}

function main(what) {
  const fresh = !readdirSync(dist).some((file) => file.endsWith("_rest.wasm"));
  if (fresh) rename();
  const { wasm, script } = built(dist);
  if (what === "mark") {
    rmSync("target/marked", { recursive: true, force: true });
    cpSync(dist, "target/marked", { recursive: true });
    const marked = mark(readFileSync(join(kept, wasm)));
    writeFileSync(join("target/marked", wasm), marked.bytes);
    writeFileSync(join("target/marked", script), joined(readFileSync(join(kept, script), "utf8"), ""));
    writeFileSync("target/marked/names.json", JSON.stringify(marked.names));
    return;
  }
  const rest = wasm.replace("_bg.wasm", "_rest.wasm");
  // Cutting twice is cutting once: the whole is kept beside.
  if (fresh) {
    rmSync(kept, { recursive: true, force: true });
    mkdirSync(kept, { recursive: true });
    for (const file of [wasm, script]) cpSync(join(dist, file), join(kept, file));
    cpSync(linked, join(kept, "linked.wasm"));
  }
  const parts = cut(readFileSync(join(kept, wasm)), readFileSync(join(kept, "linked.wasm")));
  writeFileSync(join(dist, wasm), parts.first);
  writeFileSync(join(dist, rest), parts.rest);
  writeFileSync(join(dist, script), joined(readFileSync(join(kept, script), "utf8"), rest));
}

main(process.argv[2]);
