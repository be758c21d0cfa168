// Figures in other people's pages: under their policies, in their sandboxes, against their messages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axeFindsNothing, pageTest, settled, shot } from "./harness.mjs";
import { ownHeaders, policy, serve } from "./server.mjs";

const figure = "?preset=order-processing&seed=7&embed=1";

/** A host page of a test's own: what stands in its body, and its script. */
const host = (body, script = "") =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title><link rel="icon" href="data:,"></head><body>${body}<script>
  window.heard = [];
  addEventListener("message", (event) => heard.push({ data: event.data, origin: event.origin }));
  window.say = (message, frame = document.querySelector("iframe")) =>
    frame.contentWindow.postMessage({ context: "delivery-lab", v: 1, ...message }, "*");
  window.ask = (message) => new Promise((done) => {
    const id = "q" + Math.random();
    addEventListener("message", function wait({ data }) {
      if (data?.type !== "reply" || data.id !== id) return;
      removeEventListener("message", wait);
      done(data);
    });
    say({ ...message, id });
  });
  window.got = (test) => heard.find(({ data }) => test(data));
  ${script}</script></body></html>`;

/** Serves a host page on another origin than the figure's. */
async function stranger(page, body, script, headers = {}) {
  const server = await serve({ headers, pages: { "/host.html": host(body, script) } });
  await page.goto(`${server.url}host.html`);
  return server;
}

const frameOf = (page, nth = 0) => page.frames().filter((frame) => frame !== page.mainFrame())[nth];
const ready = (page) => page.waitForFunction(() => got((data) => data?.type === "ready"), null, { timeout: 30_000 });
const iframe = (url, rest = "") => `<iframe src="${url}" title="Figure" width="640" height="400" ${rest}></iframe>`;

// ---- Under whose conditions it runs -----------------------------------------------------------------------------

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
    const other = await stranger(page, iframe(server.url + figure, rest), "", headersOfHost);
    await ready(page);
    const { data } = await page.evaluate(() => got((data) => data?.type === "ready"));
    assert.ok(data.presets.includes("order-processing"));
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
  const other = await stranger(page, element, "", headers);
  assert.match(await page.locator("body").innerText(), /Before/);
  await other.close();
});

pageTest("opened straight from a file it says what to do", { path: null, expectErrors: /./ }, async ({ page }) => {
  await page.goto(`file://${process.cwd()}/dist/index.html`);
  assert.equal(await settled(page), "fatal");
  assert.match(await page.locator("#fatal").innerText(), /serve the folder over http/);
});

// ---- Messages ---------------------------------------------------------------------------------------------------

pageTest("a host drives the figure", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(server.url + figure));
  await ready(page);
  const hello = await page.evaluate(() => ask({ type: "hello", events: ["play", "pause", "seeked", "timeupdate", "delivery", "statechange", "ratechange"] }));
  assert.equal(hello.ok, true, JSON.stringify(hello));
  assert.equal(hello.value.paused, true);
  assert.equal((await page.evaluate(() => ask({ type: "seek", t: 0.5 }))).ok, true);
  assert.equal((await page.evaluate(() => ask({ type: "getMetrics" }))).value.currentTime, 0.5);
  await page.evaluate(() => ask({ type: "play" }));
  await page.waitForFunction(() => got((data) => data?.name === "timeupdate" && data.detail.currentTime > 0.5));
  await page.evaluate(() => ask({ type: "pause" }));
  await page.waitForFunction(() => got((data) => data?.name === "pause"));
  const at = (await page.evaluate(() => ask({ type: "getMetrics" }))).value.currentTime;
  await page.waitForTimeout(300);
  assert.equal((await page.evaluate(() => ask({ type: "getMetrics" }))).value.currentTime, at, "it rests when it was told to");
  await page.evaluate(() => ask({ type: "step", n: 3 }));
  await page.evaluate(() => ask({ type: "stepBack", n: 3 }));
  const wrong = await page.evaluate(() => ask({ type: "set", values: { loss: "5%", acks: "most" } }));
  assert.equal(wrong.ok, false);
  assert.match(wrong.error.sentence, /`acks` cannot be `most`/);
  const before = (await page.evaluate(() => ask({ type: "getState" }))).value.state;
  assert.match(before, /^s=1\./);
  assert.equal((await page.evaluate(() => ask({ type: "set", values: { ackLoss: "20%", seed: 9 } }))).ok, true);
  const after = (await page.evaluate(() => ask({ type: "getState" }))).value.state;
  assert.notEqual(after, before, "nothing of a wrong change is done, and all of a right one");
  assert.equal((await page.evaluate((state) => ask({ type: "setState", state }), before)).ok, true);
  assert.equal((await page.evaluate(() => ask({ type: "getState" }))).value.state, before);
  await page.waitForFunction(() => got((data) => data?.name === "statechange"));
  await other.close();
});

pageTest("strangers and nonsense change nothing", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(server.url + figure) + iframe("about:blank"));
  await ready(page);
  const frame = frameOf(page);
  // Before hello nobody is answered, and the frame itself and its neighbours never are.
  await page.evaluate(() => say({ type: "play", id: 1 }));
  await frame.evaluate(() => postMessage({ context: "delivery-lab", v: 1, type: "hello" }, "*"));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => Boolean(got((data) => data?.type === "reply"))), false);
  await page.evaluate(() => ask({ type: "hello", events: [] }));
  const before = await page.evaluate(() => ask({ type: "getMetrics" }));
  await page.evaluate(async () => {
    let dice = 7;
    const below = (n) => { dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648; return dice % n; };
    const circle = {};
    circle.self = circle;
    const values = [null, undefined, NaN, -1, 1e308, "", "💥", [], {}, circle, new Map([[1, 2]]), new Uint8Array(9), 10n, "x".repeat(100_000), { loss: 2 }, [["loss"]], true, new Date(NaN), /x/];
    const types = ["seek", "set", "setState", "step", "stepBack", "hello", "dance", "__proto__", "constructor", 7, null, circle];
    const fields = ["t", "n", "values", "state", "v", "context", "id", "events", "type"];
    const names = new Set(["hello", "step", "stepBack"]);
    for (let i = 0; i < 10_000; i++) {
      const message = { context: "delivery-lab", v: 1, type: types[below(types.length)] };
      const always = { seek: "t", set: "values", setState: "state", step: "n", stepBack: "n" }[message.type];
      for (let j = below(4); j >= 0; j--) message[fields[below(fields.length)]] = values[below(values.length)];
      // Without its field a step is a step; here all are to be wrong.
      if (always) message[always] = values[3];
      if (message.type === "hello" || names.has(message.type) && !always) message.events = 7;
      document.querySelector("iframe").contentWindow.postMessage(message, "*");
      if (i % 500 === 0) await new Promise((next) => setTimeout(next));
    }
  });
  const after = await page.evaluate(() => ask({ type: "getMetrics" }));
  assert.deepEqual(after.value, before.value);
  await frame.evaluate(() => postMessage({ context: "delivery-lab", v: 1, type: "play" }, "*"));
  await page.waitForTimeout(200);
  assert.equal((await page.evaluate(() => ask({ type: "getMetrics" }))).value.paused, true);
  assert.equal(await frame.evaluate(() => document.documentElement.dataset.state), "running");
  await other.close();
});

pageTest("the parameter origin keeps other hosts out", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(`${server.url}${figure}&origin=https://course.example`));
  await ready(page);
  await page.evaluate(() => say({ type: "hello", id: 1 }));
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => Boolean(got((data) => data?.type === "reply"))), false);
  await other.close();
});

pageTest("a readonly figure plays and is not changed", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(`${server.url}${figure}&readonly=1`));
  await ready(page);
  await page.evaluate(() => ask({ type: "hello" }));
  const answer = await page.evaluate(() => ask({ type: "set", values: { loss: "5%" } }));
  assert.match(answer.error.sentence, /readonly/);
  assert.equal((await page.evaluate(() => ask({ type: "play" }))).ok, true);
  await other.close();
});

// ---- Heights ----------------------------------------------------------------------------------------------------

/** The parts of hosts' scripts that matter here, after their published behaviour. */
const resizers = {
  h5p: `addEventListener("message", (event) => {
    if (event.data.context !== "h5p") return;
    const frame = document.querySelector("iframe");
    const respond = (action) => event.source.postMessage({ context: "h5p", action }, event.origin);
    if (event.data.action === "hello") respond("hello");
    if (event.data.action === "prepareResize") { frame.style.height = "1px"; respond("resizePrepared"); }
    if (event.data.action === "resize") frame.style.height = event.data.height + "px";
  });`,
  lti: `addEventListener("message", ({ data }) => {
    if (typeof data !== "string" || !data.match(/lti\\.frameResize/)) return;
    document.querySelector("iframe").style.height = JSON.parse(data).height + "px";
  });`,
  edx: `addEventListener("message", ({ data }) => {
    if (data.type === "plugin.resize") document.querySelector("iframe").style.height = data.payload.height + "px";
  });`,
  own: `addEventListener("message", ({ data }) => {
    if (data.context === "delivery-lab" && data.type === "resize") document.querySelector("iframe").style.height = data.height + "px";
  });`,
};
for (const [name, script] of Object.entries(resizers)) {
  pageTest(`the frame gets its height as ${name} does it, without going round in circles`, { path: null, todo: "a change of width is answered with far more than three messages" }, async ({ page, server }) => {
    const other = await stranger(page, iframe(`${server.url}${figure}&resize=${name}`), script);
    await ready(page);
    await page.waitForFunction(() => /px/.test(document.querySelector("iframe").style.height) && document.querySelector("iframe").clientHeight > 50);
    await page.waitForTimeout(600);
    const first = await page.evaluate(() => ({ height: document.querySelector("iframe").clientHeight, heard: heard.length }));
    const inside = await frameOf(page).evaluate(() => document.documentElement.scrollHeight - innerHeight);
    assert.ok(inside <= 1, `nothing of the figure is cut off (${inside} px)`);
    await page.evaluate(() => { document.querySelector("iframe").width = "420"; });
    await page.waitForTimeout(800);
    const more = await page.evaluate((before) => heard.length - before, first.heard);
    assert.ok(more <= 3, `${more} messages for one change`);
    await other.close();
  });
}

// ---- The element ------------------------------------------------------------------------------------------------

const element = (server, attributes, inside = "") => `<delivery-lab preset="order-processing" ${attributes}>${inside}</delivery-lab>`;
const script = (server) => `<script type="module" src="${server.url}embed.js"></script>`;

pageTest("the element speaks like a video", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, script(server) + element(server, 'id="figure" seed="7" ack-loss="10%" title="Orders"', '<p slot="caption">A caption</p><a href="/">Fallback</a>'));
  const result = await page.evaluate(async () => {
    await customElements.whenDefined("delivery-lab");
    const figure = document.getElementById("figure");
    const names = [];
    for (const name of ["ready", "play", "pause", "seeked"]) document.addEventListener(name, () => names.push(name));
    await figure.ready;
    await figure.seek(1);
    await figure.play();
    const playing = !figure.paused || (await new Promise((next) => setTimeout(() => next(!figure.paused), 300)));
    await figure.pause();
    const refused = await figure.set({ loss: 7 }).catch((error) => ({ field: error.field, message: error.message }));
    const { services } = await figure.getMetrics();
    const { state } = await figure.getState();
    await figure.step(2);
    await figure.step(-2);
    await figure.reset();
    await new Promise((next) => setTimeout(next, 100));
    const frame = figure.shadowRoot.querySelector("iframe");
    return { names, playing, refused, services: services.length, state, time: figure.currentTime, title: frame.title, src: frame.src };
  });
  assert.deepEqual([...new Set(result.names)].sort(), ["pause", "play", "ready", "seeked"]);
  assert.equal(result.playing, true);
  assert.match(result.refused.message, /`loss` cannot be `7`/);
  assert.ok(result.services >= 4 && result.time === 0, JSON.stringify(result));
  assert.equal(result.title, "Orders");
  assert.match(result.src, /ackloss=10/);
  await axeFindsNothing(page, "a page with the element").catch((error) => {
    // The test's own page has no landmarks or headings.
    if (!/^(\s|.)*(region|landmark|heading)/.test(error.message)) throw error;
  });
  await other.close();
});

pageTest("ten figures on a page: only those in sight are loaded, and click to load waits", { path: null }, async ({ page, server }) => {
  const figures = Array.from({ length: 10 }, (_, i) => `<div style="height:900px">${element(server, `seed="${i}"`)}</div>`).join("");
  const other = await stranger(page, `${script(server)}<div>${element(server, "ctl")}</div>${figures}`);
  await page.waitForFunction(() => document.querySelectorAll("delivery-lab")[1].shadowRoot?.querySelector("iframe"));
  await page.waitForTimeout(500);
  const loaded = () => page.evaluate(() => [...document.querySelectorAll("delivery-lab")].map((figure) => Boolean(figure.shadowRoot.querySelector("iframe"))));
  const before = await loaded();
  assert.equal(before[0], false, "click to load");
  assert.ok(before.filter(Boolean).length <= 2, JSON.stringify(before));
  assert.equal(before[10], false);
  await page.getByRole("button", { name: "Load the figure" }).click();
  await page.evaluate(() => document.querySelectorAll("delivery-lab")[0].ready);
  // Out of sight nothing moves, and coming back is not a jump.
  await page.evaluate(() => document.querySelectorAll("delivery-lab")[1].play());
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForTimeout(700);
  const time = () => page.evaluate(async () => (await document.querySelectorAll("delivery-lab")[1].getMetrics()).currentTime);
  const rested = await time();
  await page.waitForTimeout(500);
  assert.equal(await time(), rested);
  assert.equal((await loaded())[10], true);
  await other.close();
});

pageTest("mount and the widget put figures in place, and take them away", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, '<div id="a"></div><div id="b"></div>');
  const result = await page.evaluate(async (base) => {
    const { mount } = await import(`${base}embed.js`);
    const figure = mount(document.getElementById("a"), { preset: "order-processing", ackLoss: "10%", autoplay: true });
    await figure.ready;
    const { default: widget } = await import(`${base}widget.mjs`);
    const traits = { parameters: { seed: 3 } };
    const model = { get: (name) => traits[name], set: (name, value) => { traits[name] = value; }, save_changes() {}, on() {}, off() {} };
    widget.initialize({ model });
    const clean = widget.render({ model, el: document.getElementById("b") });
    await document.querySelector("#b delivery-lab").ready;
    clean();
    return { attribute: figure.getAttribute("ack-loss"), left: document.querySelectorAll("#b *").length };
  }, server.url);
  assert.deepEqual(result, { attribute: "10%", left: 0 });
  await other.close();
});

// ---- The figure itself, the dialog, the examples ----------------------------------------------------------------

for (const [width, height] of [[320, 256], [480, 270], [960, 540]]) {
  pageTest(`the figure fits ${width}x${height}`, { path: figure, context: { viewport: { width, height } } }, async ({ page }) => {
    await settled(page);
    const over = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
    assert.deepEqual(over.map((px) => Math.max(0, px)), [0, 0]);
    assert.equal(await page.getByRole("button", { name: "Play" }).isVisible(), true);
    await shot(page, `embed-${width}`);
  });
}

pageTest("controls=0 leaves the stage alone, panels=verdict adds the verdict", { path: `${figure}&controls=0&panels=verdict` }, async ({ page }) => {
  await settled(page);
  assert.equal(await page.locator(".transport").count(), 0);
  assert.equal(await page.locator(".strip").count(), 1);
});

pageTest("the share dialog writes what opens the same run, interventions too", { path: "?preset=order-processing&seed=7&ackLoss=12%25" }, async ({ page, open }) => {
  await settled(page);
  await page.getByRole("button", { name: "Share" }).click();
  const link = await page.getByLabel("Link", { exact: true }).inputValue();
  assert.match(link, /ackLoss=/i);
  assert.match(await page.locator("#share-iframe").inputValue(), /^<iframe src="[^"]+embed=1[^"]*" title="[^"]+" loading="lazy"/);
  assert.match(await page.locator("#share-element").inputValue(), /<delivery-lab [^>]*ack-loss="/);
  assert.match(await page.locator("#share-markdown").inputValue(), /^\[!\[/);
  await axeFindsNothing(page, "share dialog");
  await shot(page, "share");
  await page.getByRole("button", { name: "Copy: Link" }).click();
  await page.locator(".sharing [role=status]").getByText(/Copied|clipboard/).waitFor();
  await open(link);
  assert.equal(await settled(page), "running");
});

for (const path of ["examples/plain.html", "examples/mdbook/index.html"]) {
  pageTest(`the example ${path} shows its figures`, { path }, async ({ page }) => {
    await page.waitForFunction(() => document.querySelector("delivery-lab")?.shadowRoot?.querySelector("iframe"));
    await page.evaluate(() => document.querySelector("delivery-lab").ready);
    await axeFindsNothing(page, path);
    await shot(page, path.replaceAll("/", "-").replace(".html", ""));
  });
}

pageTest("the example deck loads a figure when its slide shows", { path: "examples/reveal/index.html#/1" }, async ({ page }) => {
  await page.waitForFunction(() => document.querySelectorAll("section iframe[src]").length >= 1);
  const frame = page.frameLocator("section.present iframe");
  await frame.getByRole("button", { name: "Play" }).waitFor({ timeout: 30_000 });
  assert.equal(await page.evaluate(() => document.querySelectorAll("section.present iframe[src]").length), 1);
  await shot(page, "example-deck");
});

pageTest("posters are pictures with a title, light and dark", { path: null }, async ({ page, open }) => {
  for (const paper of ["light", "dark"]) {
    const answer = await open(`posters/order-processing-${paper}.svg`);
    assert.equal(answer.headers()["content-type"], "image/svg+xml");
    assert.equal(await page.evaluate(() => document.documentElement.nodeName), "svg");
    assert.ok((await page.locator("title").textContent()).length > 3);
    await shot(page, `poster-${paper}`);
  }
});

pageTest("without JavaScript there is the poster", { context: { javaScriptEnabled: false } }, async ({ page }) => {
  assert.match(await page.content(), /<img src="posters\/order-processing-light\.svg" alt="[^"]+"/);
});

pageTest("nothing is kept in the browser, and it runs without the network once loaded", { path: figure }, async ({ page, context }) => {
  await settled(page);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => document.querySelector(".clock").textContent !== "00:00.000");
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ""]);
  assert.deepEqual(await context.cookies(), []);
});

pageTest("the loader has no address in it and stays small", { path: null }, async () => {
  const text = readFileSync("dist/embed.js", "utf8");
  assert.doesNotMatch(text, /https?:\/\//);
  assert.ok(policy.includes("frame-ancestors *"));
});
