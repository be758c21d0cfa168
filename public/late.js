// The program comes in two parts: what a first look needs, and the rest. The rest is fetched as soon as the first look
// is drawn and the browser has nothing else to do, or before it where the address asks for more than a first look.
// Should the program need it earlier, it waits for it.
let given, file, main, asked;

/** What an address may say without asking for more than a first look. .ci/profile.mjs comes with these, too. */
const usual = ["preset", "seed", "embed", "theme", "speed", "title", "motion", "controls", "id"];

/** Before the program: what it is given, and where its rest is. */
export function between(imports, rest) {
  document.documentElement.dataset.cut = "";
  file = new URL(rest, import.meta.url);
  given = imports;
  return { ...imports, late: { load, ran: globalThis.deliveryLabRan } };
}

/** The first part is there and has not begun. */
export async function ready(exports) {
  main = exports;
  const names = [...new URLSearchParams(location.search).keys()];
  if (location.hash.length > 1 || !names.every((name) => usual.includes(name))) return soon();
  const later = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 200));
  requestAnimationFrame(() => later(soon));
  for (const sign of ["pointermove", "pointerdown", "keydown"]) {
    addEventListener(sign, soon, { once: true, passive: true, capture: true });
  }
  addEventListener("message", hold, true);
}

/** A message of the host page waits until the rest is there, so that the program need not. */
function hold(event) {
  if (!main.here || main.here.value) return;
  event.stopImmediatePropagation();
  const { data, origin, source } = event;
  soon().then(() => {
    removeEventListener("message", hold, true);
    dispatchEvent(new MessageEvent("message", { data, origin, source }));
  });
}

const outside = () => ({ ...given, first: main });

function join({ exports }) {
  if (main.here.value) return;
  for (const place of Object.keys(exports)) main.late.set(Number(place), exports[place]);
  main.here.value = 1;
  document.documentElement.dataset.whole = "";
  dispatchEvent(new Event("delivery-lab-whole"));
}

/** Fetches the rest beside everything else. */
function soon() {
  // The page that notes what runs is not cut.
  if (!main.here) return;
  asked ??= fetch(file)
    .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
    .then((bytes) => WebAssembly.instantiate(bytes, outside()))
    .then(({ instance }) => join(instance))
    // Asked for again when it is needed.
    .catch(() => {});
  return asked;
}

/** Fetches the rest while the program waits in the middle of something. */
function load() {
  try {
    const request = new XMLHttpRequest();
    request.open("GET", file, false);
    // Bytes as letters: a request that is waited for may not ask for bytes.
    request.overrideMimeType("text/plain; charset=x-user-defined");
    request.send();
    if (request.status !== 200) throw new Error(`status ${request.status}`);
    const bytes = Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0));
    join(new WebAssembly.Instance(new WebAssembly.Module(bytes), outside()));
  } catch (error) {
    globalThis.deliveryLabFatal?.(`A part of the program could not be loaded (${error.message}). With a network it can be: start again.`);
    throw error;
  }
}
