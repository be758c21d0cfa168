// Which constants each function of a linked program uses, as the linker says it (`--emit-relocs`): a symbol and a
// distance from it, even where the address itself lies before the constant.
// The form: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md

/** Reads a number of WebAssembly's at `at`: it and where it ends. */
export function number(bytes, at, signed = false) {
  let [value, shift, byte] = [0, 0, 0];
  do {
    byte = bytes[at++];
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte & 128);
  return [signed && shift < 32 && byte & 64 ? value | (-1 << shift) : value, at];
}

/** The sections of a program, as { id, name, from, body, to }: where it begins, where its contents do, where it ends. */
export function sections(bytes) {
  const found = [];
  for (let at = 8; at < bytes.length; at = found.at(-1).to) {
    const id = bytes[at];
    let [size, body] = number(bytes, at + 1);
    const to = body + size;
    let name;
    if (id === 0) [name, body] = text(bytes, body);
    found.push({ id, name, from: at, body, to });
  }
  return found;
}

function text(bytes, at) {
  const [length, begin] = number(bytes, at);
  return [bytes.toString("utf8", begin, begin + length), begin + length];
}

/** Pairs of number and name. */
function named(bytes, at) {
  const found = new Map();
  let [count, index, name] = number(bytes, at);
  for ([count, at] = number(bytes, at); count > 0; count--) {
    [index, at] = number(bytes, at);
    [name, at] = text(bytes, at);
    found.set(index, name);
  }
  return found;
}

/** The parts of a section that is itself made of parts, as { kind, at, to }. */
function parts(bytes, at, end) {
  const found = [];
  while (at < end) {
    const kind = bytes[at];
    const [size, begin] = number(bytes, at + 1);
    at = begin + size;
    found.push({ kind, at: begin, to: at });
  }
  return found;
}

const of = (bytes, id, name) => sections(bytes).find((s) => s.id === id && s.name === name);

/** Names in the program's own section of names: of functions (1) or of data (9). */
export function names(bytes, wanted) {
  const section = of(bytes, 0, "name");
  const part = section && parts(bytes, section.body, section.to).find(({ kind }) => kind === wanted);
  return part ? named(bytes, part.at) : new Map();
}

/** The constants and variables of a program: name, place in memory, bytes, and where these stand in the section. */
export function constants(bytes) {
  const section = of(bytes, 11);
  const name = names(bytes, 9);
  const found = [];
  let [count, at] = number(bytes, section.body);
  for (let i = 0; i < count; i++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0x41) throw new Error("a piece of data has no fixed place");
    const [place, end] = number(bytes, at + 2, true);
    const [length, begin] = number(bytes, end + 1);
    at = begin + length;
    found.push({ name: name.get(i) ?? "", place, bytes: bytes.subarray(begin, at), begin: begin - section.body });
  }
  return found;
}

/** The symbols of the linker: for data, the number of the piece it stands in. */
function symbols(bytes) {
  const section = of(bytes, 0, "linking");
  const [, at] = number(bytes, section.body);
  const table = parts(bytes, at, section.to).find(({ kind }) => kind === 8);
  const found = [];
  let [count, here] = number(bytes, table.at);
  while (found.length < count) {
    const kind = bytes[here];
    let [flags, next] = number(bytes, here + 1);
    const absent = flags & 0x10;
    let piece = -1;
    if (kind === 1) {
      [, next] = text(bytes, next);
      if (!absent) {
        [piece, next] = number(bytes, next);
        for (let skip = 0; skip < 2; skip++) [, next] = number(bytes, next);
      }
    } else {
      [, next] = number(bytes, next);
      if (kind !== 3 && (!absent || flags & 0x40)) [, next] = text(bytes, next);
    }
    found.push(piece);
    here = next;
  }
  return found;
}

/** Kinds of entries that carry a distance, and those of them that are addresses in memory. */
const distant = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 25]);
const addresses = new Set([3, 4, 5, 11, 14, 15, 16, 17, 21, 23, 25]);

/** The addresses that a section's contents hold, as [where in the section, number of the piece of data]. */
function held(bytes, name, symbol) {
  const section = of(bytes, 0, `reloc.${name}`);
  if (!section) throw new Error(`the linker left no reloc.${name}`);
  const found = [];
  let [, at] = number(bytes, section.body);
  let count, offset, index;
  for ([count, at] = number(bytes, at); count > 0; count--) {
    const kind = bytes[at];
    [offset, at] = number(bytes, at + 1);
    [index, at] = number(bytes, at);
    if (distant.has(kind)) [, at] = number(bytes, at, true);
    if (addresses.has(kind) && symbol[index] >= 0) found.push([offset, symbol[index]]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Gives each address to the range it stands in: [begin, end, what] in order. */
function spread(found, ranges) {
  const all = new Map();
  let i = 0;
  for (const [at, piece] of found) {
    while (i < ranges.length && ranges[i][1] <= at) i++;
    if (i === ranges.length) break;
    if (ranges[i][0] > at) continue;
    const own = all.get(ranges[i][2]) ?? [];
    own.push(piece);
    all.set(ranges[i][2], own);
  }
  return all;
}

/** Of a linked program: the places of the constants that each function (by name) and each constant (by place) uses. */
export function uses(bytes) {
  const symbol = symbols(bytes);
  const pieces = constants(bytes);
  const name = names(bytes, 1);
  const imports = importedFunctions(bytes);
  const code = of(bytes, 10);
  const bodies = [];
  let [count, at] = number(bytes, code.body);
  for (let i = 0; i < count; i++) {
    const [size, begin] = number(bytes, at);
    bodies.push([begin - code.body, begin + size - code.body, name.get(imports + i)]);
    at = begin + size;
  }
  const placed = (map) => new Map([...map].map(([key, list]) => [key, list.map((piece) => pieces[piece].place)]));
  const data = pieces.map((piece) => [piece.begin, piece.begin + piece.bytes.length, piece.place]).sort((a, b) => a[0] - b[0]);
  return {
    known: new Set(bodies.map(([, , own]) => own)),
    functions: placed(spread(held(bytes, "CODE", symbol), bodies)),
    constants: placed(spread(held(bytes, "DATA", symbol), data)),
  };
}

function importedFunctions(bytes) {
  const section = of(bytes, 2);
  if (!section) return 0;
  let [count, at] = number(bytes, section.body);
  let functions = 0;
  for (; count > 0; count--) {
    [, at] = text(bytes, at);
    [, at] = text(bytes, at);
    const kind = bytes[at++];
    if (kind === 0) {
      functions += 1;
      [, at] = number(bytes, at);
    } else if (kind === 3) {
      at += 2;
    } else {
      if (kind === 1) at += 1;
      const limited = bytes[at++] & 1;
      for (let i = 0; i <= limited; i++) [, at] = number(bytes, at);
    }
  }
  return functions;
}
