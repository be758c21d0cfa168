// The text of a PDF that Chromium has printed, and its number of pages: enough to see what is on paper.
import { inflateSync } from "node:zlib";

const hex = (text) => (text.match(/.{4}/g) ?? []).map((four) => parseInt(four, 16));
const letters = (text) => String.fromCharCode(...hex(text));

/** What each glyph of a font stands for, from its ToUnicode map. */
function glyphs(map) {
  const known = new Map();
  for (const [, body] of map.matchAll(/beginbfchar\s([^]*?)endbfchar/g)) {
    for (const [, glyph, text] of body.matchAll(/<([0-9A-F]{4})>\s*<([0-9A-F]+)>/gi)) known.set(parseInt(glyph, 16), letters(text));
  }
  for (const [, body] of map.matchAll(/beginbfrange\s([^]*?)endbfrange/g)) {
    for (const [, from, to, text] of body.matchAll(/<([0-9A-F]{4})>\s*<([0-9A-F]{4})>\s*<([0-9A-F]{4})>/gi)) {
      for (let glyph = parseInt(from, 16); glyph <= parseInt(to, 16); glyph++) {
        known.set(glyph, String.fromCharCode(parseInt(text, 16) + glyph - parseInt(from, 16)));
      }
    }
  }
  return known;
}

/** Answers { pages, text, images } of a PDF in a buffer. Words that stand apart are divided by spaces. */
export function readPdf(buffer) {
  const raw = buffer.toString("latin1");
  const objects = new Map();
  for (const [, number, body] of raw.matchAll(/(?:^|[\r\n])(\d+) 0 obj\b([^]*?)\bendobj/g)) objects.set(number, body);
  const stream = (body) => {
    const begin = /stream\r?\n/.exec(body);
    if (!begin) return "";
    const bytes = Buffer.from(body.slice(begin.index + begin[0].length, body.lastIndexOf("endstream")), "latin1");
    return body.includes("/FlateDecode") ? inflateSync(bytes, { finishFlush: 2 }).toString("latin1") : bytes.toString("latin1");
  };
  const fonts = new Map();
  for (const body of objects.values()) {
    for (const [, list] of body.matchAll(/\/Font\s*<<([^>]*)>>/g)) {
      for (const [, name, number] of list.matchAll(/\/(\S+)\s+(\d+) 0 R/g)) {
        const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(number) ?? "");
        if (map) fonts.set(name, glyphs(stream(objects.get(map[1]))));
      }
    }
  }
  const text = [];
  for (const body of objects.values()) {
    if (!/stream/.test(body) || /\/Subtype\s*\/Image|\/Length1/.test(body)) continue;
    let font = new Map();
    for (const [, name, shown] of stream(body).matchAll(/\/(\S+) [\d.]+ Tf|((?:<[0-9A-F]+>|\[[^\]]*\])\s*TJ?j?)/gi)) {
      if (name) font = fonts.get(name) ?? new Map();
      else text.push([...shown.matchAll(/<([0-9A-F]+)>/gi)].map(([, codes]) => hex(codes).map((glyph) => font.get(glyph) ?? "").join("")).join(""));
    }
  }
  return {
    pages: [...raw.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length,
    images: [...raw.matchAll(/\/Subtype\s*\/Image/g)].length,
    text: text.join(" "),
  };
}
