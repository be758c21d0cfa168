// What becomes of a figure whose element changes: its attributes, its place in the page, a program that does not come.
import assert from "node:assert/strict";
import { pageTest } from "./harness.mjs";
import { element, frameOf, script, stranger } from "./host.mjs";
import { ownHeaders } from "./server.mjs";

const one = 'document.querySelector("delivery-lab")';

/** A page with an element; `figure` is it, `frame()` its frame, `wait` resolves with the detail of an event. */
const helpers = `
  window.figure = ${one};
  window.frame = () => figure.shadowRoot.querySelector("iframe");
  window.wait = (name) => new Promise((done) => figure.addEventListener(name, ({ detail }) => done(detail), { once: true }));`;

pageTest("speed, theme and motion change while the figure goes on", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, script(server) + element('seed="7" speed="0.01"'), helpers);
  await page.evaluate(`${one}.ready`);
  await page.evaluate(async () => {
    window.first = frame();
    await figure.seek(1.25);
  });
  const rate = await page.evaluate(async () => {
    const told = wait("ratechange");
    figure.playbackRate = 0.1;
    return (await told).playbackRate;
  });
  assert.equal(rate, 0.1);
  assert.equal(await page.evaluate(() => figure.playbackRate), 0.1);
  await page.evaluate(() => figure.setAttribute("theme", "dark"));
  await frameOf(page).waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.evaluate(() => figure.setAttribute("motion", "reduce"));
  const after = await page.evaluate(async () => ({ time: (await figure.getMetrics()).currentTime, same: frame() === first }));
  assert.deepEqual(after, { time: 1.25, same: true });
  const refused = await page.evaluate(async () => {
    const told = wait("error");
    figure.setAttribute("theme", "pink");
    return told;
  });
  assert.equal(refused.field, "theme");
  assert.match(refused.sentence, /`theme` cannot be `pink`: allowed is `auto`, `light`/);
  await other.close();
});

pageTest("other parts of the page load the figure anew, and it is where it was", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, script(server) + element('seed="7" ack-loss="5%"'), helpers);
  await page.evaluate(`${one}.ready`);
  const before = await page.evaluate(async () => {
    window.first = frame();
    await figure.set({ ackLoss: "20%" });
    await figure.seek(1.25);
    return (await figure.getState()).state;
  });
  await page.evaluate(async () => {
    const there = wait("ready");
    figure.setAttribute("controls", "full");
    figure.setAttribute("theme", "dark");
    figure.setAttribute("panels", "log");
    await there;
  });
  await frameOf(page).getByRole("tab", { name: "Log" }).waitFor();
  await page.waitForFunction(() => figure.currentTime === 1.25);
  const after = await page.evaluate(async () => ({ state: (await figure.getState()).state, time: (await figure.getMetrics()).currentTime, same: frame() === first }));
  assert.deepEqual(after, { state: before, time: 1.25, same: false });
  // Another preset is another run.
  await page.evaluate(async () => {
    const there = wait("ready");
    figure.setAttribute("preset", "lost-ack");
    await there;
  });
  assert.equal(await page.evaluate(async () => (await figure.getMetrics()).currentTime), 0);
  await other.close();
});

pageTest("a figure that waits for a click has one button wherever it is moved", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, `${script(server)}${element("ctl")}<div id="there"></div>`, helpers);
  await page.waitForFunction(() => figure.shadowRoot?.querySelector("button"));
  for (let i = 0; i < 3; i++) await page.evaluate(() => document.getElementById("there").append(figure));
  assert.equal(await page.getByRole("button", { name: "Load the figure" }).count(), 1);
  await page.getByRole("button", { name: "Load the figure" }).click();
  await page.evaluate(() => figure.ready);
  assert.equal(await page.getByRole("button", { name: "Load the figure" }).count(), 0);
  const gone = await page.evaluate(() => {
    const asked = figure.getMetrics().then(() => "answered", (error) => error.message);
    figure.remove();
    return asked;
  });
  assert.equal(gone, "The figure was removed.");
  await other.close();
});

const broken = {
  "a policy that forbids WebAssembly": { headers: { "Content-Security-Policy": "default-src 'self'; frame-ancestors *", "Access-Control-Allow-Origin": "*" } },
  "a program that is not there": { headers: ownHeaders, mime: {}, lost: /_bg\.wasm$/ },
};
for (const [name, { headers, lost }] of Object.entries(broken)) {
  pageTest(`a figure that cannot run says so to its host: ${name}`, { path: null, server: { headers }, expectErrors: /./ }, async ({ page, context, server }) => {
    if (lost) await context.route(lost, (route) => route.abort());
    const other = await stranger(page, script(server) + element(""), `${helpers}
      window.told = [];
      window.unhandled = [];
      document.addEventListener("error", ({ detail }) => told.push(detail));
      addEventListener("unhandledrejection", ({ reason }) => unhandled.push(String(reason)));`);
    await page.waitForFunction(() => told.length > 0, null, { timeout: 30_000 });
    const ready = await page.evaluate(() => figure.ready.then(() => "runs", (error) => error.message));
    assert.match(ready, /^The program could not be loaded/);
    const [play, told, unhandled] = await page.evaluate(async () => [await figure.play().catch((error) => error.message), window.told, window.unhandled]);
    assert.equal(play, ready);
    assert.deepEqual([told.length, told[0].field, told[0].sentence, unhandled], [1, "figure", ready, []]);
    await other.close();
  });
}

pageTest("a figure that does not come is not waited for without end", { path: null }, async ({ page, context, server }) => {
  await page.clock.install();
  await context.route(/embed=1/, () => {});
  const other = await stranger(page, script(server) + element(""), helpers);
  await page.waitForFunction(() => figure.shadowRoot && frame());
  const asked = page.evaluate(() => figure.ready.then(() => "runs", (error) => error.message));
  await page.clock.runFor(46_000);
  assert.match(await asked, /^The figure has not come/);
  await other.close();
});

pageTest("strangers cannot speak for a figure", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, `${script(server)}${element("ctl")}<iframe id="neighbour" srcdoc="<p>A neighbour</p>" title="Neighbour"></iframe>`, helpers);
  await page.waitForFunction(() => figure.shadowRoot?.querySelector("button") && document.getElementById("neighbour").contentDocument.querySelector("p"));
  await page.evaluate(() => {
    window.events = [];
    for (const name of ["ready", "play", "error", "violation"]) figure.addEventListener(name, () => events.push(name));
    const forged = [{ type: "ready", version: "9", presets: [] }, { type: "error", error: { field: "x", sentence: "forged" } }, { type: "resize", width: 1, height: 5_000 }, { type: "event", name: "play", detail: { currentTime: 99 } }, { type: "event", name: "violation", detail: {} }];
    for (let id = 0; id < 200; id++) forged.push({ type: "reply", id, ok: true, value: { currentTime: 77, forged: true } });
    // From a neighbour, from the page itself, and from a figure's frame that is no longer there.
    const { contentWindow } = document.getElementById("neighbour");
    contentWindow.eval("window.send = (message) => parent.postMessage(message, '*')");
    window.forge = () => {
      for (const message of forged) {
        contentWindow.send({ context: "delivery-lab", v: 1, ...message });
        window.postMessage({ context: "delivery-lab", v: 1, ...message }, "*");
      }
    };
    forge();
  });
  await page.waitForTimeout(200);
  assert.deepEqual(await page.evaluate(() => [events, figure.currentTime, figure.shadowRoot.querySelector("iframe")]), [[], 0, null]);
  await page.getByRole("button", { name: "Load the figure" }).click();
  // While it is on its way, and while it is asked.
  const metrics = await page.evaluate(async () => {
    forge();
    await figure.ready;
    const asked = figure.getMetrics();
    forge();
    return asked;
  });
  assert.deepEqual([metrics.currentTime, metrics.forged, metrics.paused], [0, undefined, true]);
  const height = await page.evaluate(() => figure.offsetHeight);
  assert.ok(height < 1_000, `${height} px`);
  assert.deepEqual(await page.evaluate(() => [events, figure.currentTime]), [["ready"], 0]);
  await other.close();
});

/** A model as AnyWidget's hosts have it: `set` tells who listens, if the value is another. */
const model = `window.modelOf = (traits) => {
  const heard = {};
  return {
    saved: 0,
    get: (name) => traits[name],
    set(name, value) {
      if (JSON.stringify(traits[name]) === JSON.stringify(value)) return;
      traits[name] = value;
      for (const hear of heard["change:" + name] ?? []) hear();
    },
    save_changes() { this.saved += 1; },
    on(name, hear) { (heard[name] ??= new Set()).add(hear); },
    off(name, hear) { heard[name]?.delete(hear); },
    listeners: () => Object.values(heard).reduce((sum, set) => sum + set.size, 0),
  };
};`;

pageTest("a widget follows the traits of its model, and puts its own into them", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, '<div id="room"></div>', model);
  await page.evaluate(async (base) => {
    const { default: widget } = await import(`${base}widget.mjs`);
    window.model = modelOf({ parameters: { preset: "order-processing", seed: 3, loss: 0 } });
    widget.initialize({ model });
    window.clean = widget.render({ model, el: document.getElementById("room") });
    window.figure = document.querySelector("delivery-lab");
    await figure.ready;
    window.first = figure.shadowRoot.querySelector("iframe");
  }, server.url);
  const state = () => page.evaluate(async () => (await figure.getState()).state);
  const begun = await state();
  // One value of many, with a preset among them: it is set, and nothing is loaded anew.
  await page.evaluate(() => model.set("parameters", { ...model.get("parameters"), loss: 0.2 }));
  await page.waitForFunction((begun) => model.get("state") && model.get("state") !== begun, begun);
  const changed = await state();
  assert.equal(await page.evaluate(() => model.get("state")), changed);
  assert.equal(await page.evaluate(() => model.get("metrics").services.length), 4);
  assert.equal(await page.evaluate(() => figure.shadowRoot.querySelector("iframe") === first), true);
  // A state that is given back.
  await page.evaluate((begun) => model.set("state", begun), begun);
  await page.waitForFunction(async (begun) => (await figure.getState()).state === begun, begun);
  // What is wrong is said, in the page and to the model, and changes nothing.
  await page.evaluate(() => model.set("parameters", { ...model.get("parameters"), loss: 7 }));
  await page.waitForFunction(() => /`loss` cannot be `7`/.test(model.get("error")));
  assert.match(await page.getByRole("alert").innerText(), /`loss` cannot be `7`/);
  assert.equal(await state(), begun);
  await page.evaluate(() => model.set("state", "nonsense"));
  await page.waitForFunction(() => /`state` cannot be/.test(model.get("error")));
  await page.evaluate(() => model.set("parameters", { ...model.get("parameters"), loss: 0.3 }));
  await page.waitForFunction(() => model.get("error") === "");
  await page.waitForFunction((begun) => model.get("state").startsWith("s=") && model.get("state") !== begun, begun);
  // Another preset is loaded.
  await page.evaluate(() => model.set("parameters", { preset: "lost-ack" }));
  await page.waitForFunction(() => figure.shadowRoot.querySelector("iframe") !== first);
  await page.evaluate(() => figure.ready);
  assert.match(await page.evaluate(() => figure.shadowRoot.querySelector("iframe").src), /preset=lost-ack(?!.*(seed|loss)=)/);
  const left = await page.evaluate(() => { clean(); return [model.listeners(), document.querySelectorAll("#room *").length]; });
  assert.deepEqual(left, [0, 0]);
  await other.close();
});

pageTest("a widget goes on with the state its model has kept", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, '<div id="room"></div>', model);
  const kept = await page.evaluate(async (base) => {
    const { default: widget } = await import(`${base}widget.mjs`);
    const render = async (traits) => {
      const clean = widget.render({ model: modelOf(traits), el: document.getElementById("room") });
      const figure = document.querySelector("delivery-lab");
      await figure.ready;
      return { clean, figure };
    };
    const parameters = { preset: "order-processing", loss: 0 };
    const { clean, figure } = await render({ parameters });
    await figure.set({ loss: 0.25 });
    const { state } = await figure.getState();
    clean();
    const again = await render({ parameters, state });
    const now = await again.figure.getState();
    again.clean();
    return [state, now.state];
  }, server.url);
  assert.equal(kept[0], kept[1]);
  await other.close();
});
