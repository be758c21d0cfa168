// Figures of Delivery Lab in a page: the element <delivery-lab>, and mount() for those who write scripts.
// Nothing is loaded from anywhere but the folder this file is in, and nothing before a figure comes into sight.

const context = "delivery-lab";
const base = new URL("./", import.meta.url);
// What the page behind the frame reads from its address only; everything else may change while it runs.
const inAddress = "autoplay t stopat controls panels title id resize origin ctl readonly loop".split(" ");
// Options of the page that are not part of the run, and so not of its state.
const live = "speed theme motion".split(" ");
const ofPage = (key) => key === "embed" || live.includes(key) || inAddress.includes(key);
const events = "play pause seeked timeupdate ratechange statechange ended delivery duplicate loss violation error".split(" ");
const own = "state src class style id slot hidden role tabindex lang dir is part".split(" ");
// Names of parameters are read in any case, so ack-loss is ackLoss. A service keeps its hyphens: order-api.service-time.
const named = (attribute) => attribute.replace(/[^.]*$/, (last) => last.replaceAll("-", ""));

// How long a figure may take to answer, in ms. One that does not may be told by its address to talk with others only.
const patience = 15_000;
// How long it may take to come, in ms, before it is said that it has not. It may still come then.
const arrival = 45_000;

const removed = "The figure was removed.";

const look = `:host{display:block}:host([hidden]){display:none}
div{position:relative;width:100%;aspect-ratio:16/9;min-height:256px;overflow:hidden}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0}
button{position:absolute;inset:auto auto 8px 8px;min-height:36px;padding:0 14px;font:inherit;cursor:pointer}
.on>slot{display:none}
@media print{:host(:not(:empty)) .on{aspect-ratio:auto;min-height:0}:host(:not(:empty)) .on>slot{display:block}:host(:not(:empty)) iframe{display:none}}`;

class DeliveryLab extends HTMLElement {
  #frame = null;
  #room = document.createElement("div");
  #origin = "";
  #asked = new Map();
  #number = 0;
  #ready;
  #settle;
  // "waits", "runs" or "failed"
  #state;
  #arriving;
  #turn = Promise.resolve();
  #watch = null;
  #time = 0;
  #paused = true;
  #rate = undefined;
  #last = {};
  #changes = new MutationObserver((all) => this.#changed(all));

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    // Not an element: a host's policy may forbid inline style.
    const style = new CSSStyleSheet();
    style.replaceSync(look);
    root.adoptedStyleSheets = [style];
    // What stands between the tags is shown until the figure is there, on paper, and where scripts do not run.
    this.#room.append(document.createElement("slot"));
    const caption = document.createElement("slot");
    caption.name = "caption";
    root.append(this.#room, caption);
    this.#wait();
  }

  connectedCallback() {
    addEventListener("message", this.#hear);
    addEventListener("securitypolicyviolation", this.#barred);
    this.#last = this.#wanted();
    this.#changes.observe(this, { attributes: true });
    if (this.hasAttribute("ctl") && this.getAttribute("ctl") !== "0") return this.#offer();
    if (!("IntersectionObserver" in globalThis)) return this.load();
    this.#watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.load(), { rootMargin: "100px" });
    this.#watch.observe(this);
  }

  disconnectedCallback() {
    removeEventListener("message", this.#hear);
    removeEventListener("securitypolicyviolation", this.#barred);
    this.#changes.disconnect();
    this.#unload();
  }

  /** Loads the figure now, in sight or not. */
  load() {
    if (this.#frame || !this.isConnected) return this.#ready;
    return this.#open(this.#address());
  }

  #open(address) {
    this.#watch?.disconnect();
    const frame = document.createElement("iframe");
    this.#origin = address.origin;
    frame.src = address;
    frame.title = this.getAttribute("title") || this.textContent.trim().slice(0, 120) || "Delivery Lab";
    frame.allow = "fullscreen; clipboard-write";
    this.#frame = frame;
    this.#room.querySelector("button")?.remove();
    this.#room.className = "on";
    this.#room.append(frame);
    this.#arriving = setTimeout(() => this.#fail("src", "The figure has not come. Its address may be wrong, or the network slow."), arrival);
    return this.#ready;
  }

  play() { return this.#ask("play"); }
  pause() { return this.#ask("pause"); }
  step(n = 1) { return n < 0 ? this.#ask("stepBack", { n: -n }) : this.#ask("step", { n }); }
  seek(t) { return this.#ask("seek", { t }); }
  reset() { return this.#ask("reset"); }
  getState() { return this.#ask("getState"); }
  setState(state) { return this.#ask("setState", { state }); }
  getMetrics() { return this.#ask("getMetrics"); }
  /** Sets parameters, all or none: set({ loss: 0.05 }). */
  set(values) { return this.#ask("set", { values }); }
  /** Resolves once the figure runs; rejects when it cannot. */
  get ready() { return this.#ready; }
  get paused() { return this.#paused; }
  get currentTime() { return this.#time; }
  set currentTime(t) { this.seek(t).catch(() => {}); }
  get playbackRate() { return this.#rate; }
  set playbackRate(rate) { this.setAttribute("speed", rate); }

  #wait() {
    this.#state = "waits";
    this.#ready = new Promise((done, fail) => { this.#settle = { done, fail }; });
    // Who does not ask is told by the event.
    this.#ready.catch(() => {});
  }

  /** It does not run: said to who waits, and as an event. */
  #fail(field, sentence) {
    clearTimeout(this.#arriving);
    const error = Object.assign(new Error(sentence), { field });
    if (this.#state === "runs") this.#wait();
    this.#state = "failed";
    this.#settle.fail(error);
    this.#drop(error);
    this.#tell("error", { field, sentence });
  }

  #offer() {
    if (this.#room.querySelector("button")) return;
    const button = document.createElement("button");
    button.textContent = "Load the figure";
    button.addEventListener("click", () => this.load());
    this.#room.append(button);
  }

  #drop(error) {
    for (const { fail } of this.#asked.values()) fail(error);
    this.#asked.clear();
  }

  // Who waits for a figure that is loaded anew goes on waiting.
  #unload(gone = true) {
    this.#watch?.disconnect();
    clearTimeout(this.#arriving);
    if (!this.#frame) return;
    this.#frame.remove();
    this.#frame = null;
    const error = new Error(removed);
    this.#drop(error);
    if (gone) this.#settle.fail(error);
    if (gone || this.#state !== "waits") this.#wait();
    this.#paused = true;
    this.#room.className = "";
  }

  #wanted() {
    const all = {};
    for (const { name, value } of this.attributes) {
      const key = named(name);
      if (own.includes(name) || /^(data-|aria-|on)/.test(name)) continue;
      all[key] = value !== "" || key === "title" ? value : key === "controls" ? "full" : "1";
    }
    return all;
  }

  #address() {
    const address = new URL(this.getAttribute("src") || base, document.baseURI);
    for (const [key, value] of Object.entries(this.#wanted())) address.searchParams.set(key, value);
    address.searchParams.set("embed", "1");
    address.searchParams.delete("ctl");
    const state = this.getAttribute("state");
    if (state) address.hash = state;
    return address;
  }

  // The same run under another address: what the attributes said of the scenario is in the state.
  async #reopen(keys) {
    const { state } = await this.getState();
    const { currentTime, paused } = await this.getMetrics();
    const address = this.#address();
    for (const key of [...address.searchParams.keys()]) {
      if (key === "autoplay" || !ofPage(key)) address.searchParams.delete(key);
    }
    address.hash = state;
    this.#unload(false);
    await this.#open(address);
    const rest = this.#values(keys.filter((key) => !ofPage(key)));
    if (Object.keys(rest).length) await this.set(rest);
    if (!keys.includes("t")) await this.seek(currentTime);
    if (!paused) await this.play();
  }

  #values(keys) {
    return Object.fromEntries(keys.map((key) => [key, this.#last[key]]));
  }

  // An attribute that changes is a message that changes. What the page reads from its address only loads it anew.
  #changed(all) {
    const before = this.#last;
    const after = (this.#last = this.#wanted());
    if (!this.#frame) return;
    const keys = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);
    const state = all.some((one) => one.attributeName === "state");
    const refused = ({ field, message }) => this.#tell("error", { field: field ?? "", sentence: message });
    const anew = keys.some((key) => key === "preset" || !(key in after || ofPage(key))) || all.some((one) => one.attributeName === "src");
    const shape = keys.some((key) => inAddress.includes(key) || !(key in after));
    if (anew || (shape && this.#state !== "runs")) {
      this.#unload(false);
      this.load();
    } else if (shape) {
      this.#turn = this.#turn.then(() => this.#reopen(keys)).catch(refused);
    } else {
      if (state && this.getAttribute("state")) this.setState(this.getAttribute("state")).catch(refused);
      if (keys.length) this.set(this.#values(keys)).catch(refused);
    }
  }

  async #ask(type, fields) {
    this.load();
    await this.#ready;
    if (!this.#frame) throw new Error(removed);
    return this.#request(type, fields);
  }

  #request(type, fields) {
    const id = ++this.#number;
    return new Promise((done, fail) => {
      const late = setTimeout(() => this.#asked.delete(id) && fail(new Error("The figure does not answer.")), patience);
      const end = (how) => (value) => { clearTimeout(late); how(value); };
      this.#asked.set(id, { done: end(done), fail: end(fail) });
      this.#say({ type, id, ...fields });
    });
  }

  async #greet(data) {
    clearTimeout(this.#arriving);
    try {
      const { currentTime, playbackRate, paused } = await this.#request("hello", { events });
      [this.#time, this.#rate, this.#paused] = [currentTime, playbackRate, paused];
      // It may come after all, when it was given up.
      if (this.#state === "failed") this.#wait();
      this.#state = "runs";
      this.#settle.done(this);
      this.#tell("ready", { version: data.version, presets: data.presets });
    } catch (error) {
      this.#fail("origin", error.message);
    }
  }

  #say(message) {
    // A figure in a sandboxed frame has the origin "null", which cannot be named.
    this.#frame?.contentWindow.postMessage({ context, v: 1, ...message }, this.#origin === "null" ? "*" : this.#origin);
  }

  #hear = ({ source, origin, data }) => {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== this.#origin) return;
    if (data === null || typeof data !== "object" || data.context !== context || data.v !== 1) return;
    if (data.type === "ready") {
      this.#greet(data);
    } else if (data.type === "error") {
      this.#fail(String(data.error?.field), String(data.error?.sentence).slice(0, 500));
    } else if (data.type === "resize" && data.height > 0) {
      this.#room.style.aspectRatio = "auto";
      this.#room.style.height = `${Math.min(data.height, 10_000)}px`;
    } else if (data.type === "reply") {
      const asked = this.#asked.get(data.id);
      this.#asked.delete(data.id);
      if (data.ok) asked?.done(data.value);
      else asked?.fail(Object.assign(new Error(data.error?.sentence), { field: data.error?.field }));
    } else if (data.type === "event" && events.includes(data.name)) {
      const { currentTime, playbackRate } = data.detail ?? {};
      if (Number.isFinite(currentTime)) this.#time = currentTime;
      if (Number.isFinite(playbackRate)) this.#rate = playbackRate;
      if (data.name === "play") this.#paused = false;
      if (data.name === "pause" || data.name === "ended") this.#paused = true;
      this.#tell(data.name, data.detail);
    }
  };

  // A host whose policy forbids the frame keeps what its author wrote in place of the figure.
  #barred = ({ effectiveDirective, blockedURI }) => {
    if (!this.#frame || effectiveDirective !== "frame-src" || !blockedURI.startsWith(this.#origin)) return;
    this.#fail("src", `The policy of this page forbids frames of ${this.#origin}: allow them in frame-src.`);
    this.#unload();
  };

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("delivery-lab")) customElements.define("delivery-lab", DeliveryLab);

const attribute = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Gives a figure these options and no others: those of before that are not among them are taken away. */
export function dress(figure, options, before = {}) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  for (const [name, value] of given) {
    const text = value === true ? "1" : value === false ? "0" : String(value);
    if (figure.getAttribute(attribute(name)) !== text) figure.setAttribute(attribute(name), text);
  }
  const names = given.map(([name]) => name);
  for (const name of Object.keys(before)) if (!names.includes(name)) figure.removeAttribute(attribute(name));
}

/** Puts a figure into an element. Options are the parameters, by their names: { preset, seed, loss, ... }. */
export function mount(element, options = {}) {
  const figure = document.createElement("delivery-lab");
  dress(figure, options);
  element.append(figure);
  return figure;
}

export { DeliveryLab };
