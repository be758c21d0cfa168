// Figures of Delivery Lab in a page: the element <delivery-lab>, and mount() for those who write scripts.
// Nothing is loaded from anywhere but the folder this file is in, and nothing before a figure comes into sight.

const context = "delivery-lab";
const base = new URL("./", import.meta.url);
// What the page behind the frame reads from its address only; everything else may change while it runs.
const inAddress = "speed autoplay theme t stopat controls panels motion title id resize origin ctl readonly loop".split(" ");
const events = "play pause seeked timeupdate ratechange statechange ended delivery duplicate loss violation error".split(" ");
const own = ["state", "src", "class", "style", "id", "slot", "hidden", "role", "tabindex", "lang", "dir", "is", "part"];
// Names of parameters are read in any case, so ack-loss is ackLoss. A service keeps its hyphens: order-api.service-time.
const named = (attribute) => attribute.replace(/[^.]*$/, (last) => last.replaceAll("-", ""));

const look = `:host{display:block;position:relative;aspect-ratio:16/9;min-height:256px}:host([hidden]){display:none}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0}
button{position:absolute;inset:auto auto 8px 8px;min-height:36px;padding:0 14px;font:inherit;cursor:pointer}
figure{margin:0}`;

class DeliveryLab extends HTMLElement {
  #frame = null;
  #origin = "";
  #asked = new Map();
  #number = 0;
  #ready;
  #isReady;
  #watch = null;
  #time = 0;
  #paused = true;
  #rate = undefined;
  #last = {};
  #changes = new MutationObserver((all) => this.#changed(all));

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = look;
    // Shown until the figure is there, and instead of it where scripts do not run.
    root.append(style, document.createElement("slot"));
    this.#wait();
  }

  connectedCallback() {
    addEventListener("message", this.#hear);
    this.#last = this.#wanted();
    this.#changes.observe(this, { attributes: true });
    if (this.hasAttribute("ctl") && this.getAttribute("ctl") !== "0") return this.#offer();
    if (!("IntersectionObserver" in globalThis)) return this.load();
    this.#watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.load(), { rootMargin: "100px" });
    this.#watch.observe(this);
  }

  disconnectedCallback() {
    removeEventListener("message", this.#hear);
    this.#changes.disconnect();
    this.#unload();
  }

  /** Loads the figure now, in sight or not. */
  load() {
    if (this.#frame || !this.isConnected) return this.#ready;
    this.#watch?.disconnect();
    const frame = document.createElement("iframe");
    const address = this.#address();
    this.#origin = address.origin;
    frame.src = address;
    frame.title = this.getAttribute("title") || this.textContent.trim().slice(0, 120) || "Delivery Lab";
    frame.allow = "fullscreen; clipboard-write";
    this.#frame = frame;
    this.shadowRoot.querySelectorAll("slot, button").forEach((part) => part.remove());
    this.shadowRoot.append(frame);
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
  /** Resolves once the figure runs. */
  get ready() { return this.#ready; }
  get paused() { return this.#paused; }
  get currentTime() { return this.#time; }
  set currentTime(t) { this.seek(t).catch(() => {}); }
  get playbackRate() { return this.#rate; }
  set playbackRate(rate) { this.setAttribute("speed", rate); }

  #wait() {
    this.#ready = new Promise((done) => { this.#isReady = done; });
  }

  #offer() {
    const button = document.createElement("button");
    button.textContent = "Load the figure";
    button.addEventListener("click", () => this.load());
    this.shadowRoot.append(button);
  }

  #unload() {
    this.#watch?.disconnect();
    if (!this.#frame) return;
    this.#frame.remove();
    this.#frame = null;
    for (const { fail } of this.#asked.values()) fail(new Error("the figure was removed"));
    this.#asked.clear();
    this.#paused = true;
    this.#wait();
    this.shadowRoot.append(document.createElement("slot"));
  }

  #wanted() {
    const all = {};
    for (const { name, value } of this.attributes) {
      const key = named(name);
      if (own.includes(name) || /^(data-|aria-|on)/.test(name)) continue;
      all[key] = value === "" && key !== "title" ? "1" : value;
    }
    return all;
  }

  #address() {
    const address = new URL(this.getAttribute("src") || base, document.baseURI);
    for (const [key, value] of Object.entries(this.#wanted())) address.searchParams.set(key, value);
    address.searchParams.set("embed", "1");
    address.searchParams.delete("ctl");
    if (!address.searchParams.has("resize")) address.searchParams.set("resize", "own");
    const state = this.getAttribute("state");
    if (state) address.hash = state;
    return address;
  }

  // An attribute that changes is a message that changes: what the page reads from its address only loads it anew.
  #changed(all) {
    const before = this.#last;
    const after = (this.#last = this.#wanted());
    if (!this.#frame) return;
    const keys = Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);
    const state = all.some((one) => one.attributeName === "state");
    if (keys.some((key) => !(key in after) || key === "preset" || inAddress.includes(key)) || all.some((one) => one.attributeName === "src")) {
      this.#unload();
      this.load();
    } else {
      if (state && this.getAttribute("state")) this.setState(this.getAttribute("state")).catch(() => {});
      if (keys.length) this.set(Object.fromEntries(keys.map((key) => [key, after[key]]))).catch(() => {});
    }
  }

  async #ask(type, fields) {
    this.load();
    await this.#ready;
    const id = ++this.#number;
    return new Promise((done, fail) => {
      this.#asked.set(id, { done, fail });
      this.#say({ type, id, ...fields });
    });
  }

  #say(message) {
    // A figure in a sandboxed frame has the origin "null", which cannot be named.
    this.#frame?.contentWindow.postMessage({ context, v: 1, ...message }, this.#origin === "null" ? "*" : this.#origin);
  }

  #hear = ({ source, origin, data }) => {
    if (!this.#frame || source !== this.#frame.contentWindow || origin !== this.#origin) return;
    if (data === null || typeof data !== "object" || data.context !== context || data.v !== 1) return;
    if (data.type === "ready") {
      this.#say({ type: "hello", events });
      this.#isReady(this);
      this.#tell("ready", { version: data.version, presets: data.presets });
    } else if (data.type === "resize" && Number.isFinite(data.height)) {
      this.style.setProperty("--delivery-lab-height", `${data.height}px`);
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

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("delivery-lab")) customElements.define("delivery-lab", DeliveryLab);

/** Puts a figure into an element. Options are the parameters, by their names: { preset, seed, loss, ... }. */
export function mount(element, options = {}) {
  const figure = document.createElement("delivery-lab");
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    figure.setAttribute(attribute, value === true ? "1" : value === false ? "0" : String(value));
  }
  element.append(figure);
  return figure;
}

export { DeliveryLab };
