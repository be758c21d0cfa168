// The element <delivery-lab>, mount() and the widget.
import assert from "node:assert/strict";
import { axeFindsNothing, pageTest } from "./harness.mjs";
import { element, script, stranger } from "./host.mjs";
import { ownHeaders } from "./server.mjs";

pageTest("the element speaks like a video", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, script(server) + element('id="figure" seed="7" ack-loss="10%" title="Orders"', '<p slot="caption">A caption</p><a href="/">Fallback</a>'));
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

/** Seconds that the thread of the page and its figures, which share it, computes during a while. */
async function computed(page, ms) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const spent = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ThreadTime").value;
  const before = await spent();
  await page.waitForTimeout(ms);
  return (await spent()) - before;
}

pageTest("ten figures on a page: only those in sight are loaded and run, and click to load waits", { path: null }, async ({ page, server }) => {
  const figures = Array.from({ length: 10 }, (_, i) => `<div style="height:900px">${element(`seed="${i}"`)}</div>`).join("");
  const other = await stranger(page, `${script(server)}<div>${element("ctl")}</div>${figures}`);
  const loaded = () => page.evaluate(() => [...document.querySelectorAll("delivery-lab")].map((figure) => Boolean(figure.shadowRoot?.querySelector("iframe"))));
  const programs = () => server.requests.filter((path) => path.endsWith("_bg.wasm")).length;
  await page.waitForFunction(() => document.querySelectorAll("delivery-lab")[1].shadowRoot?.querySelector("iframe"));
  await page.evaluate(() => document.querySelectorAll("delivery-lab")[1].ready);
  const before = await loaded();
  assert.equal(before[0], false, "click to load");
  const inSight = before.filter(Boolean).length;
  assert.ok(inSight <= 2 && !before[10], JSON.stringify(before));
  assert.ok(programs() <= inSight, `${programs()} programs for ${inSight} figures`);
  await page.getByRole("button", { name: "Load the figure" }).click();
  await page.evaluate(() => document.querySelectorAll("delivery-lab")[0].ready);
  // Out of sight nothing moves, and coming back is not a jump.
  const played = 'document.querySelectorAll("delivery-lab")[1]';
  const time = () => page.evaluate(`${played}.getMetrics().then((all) => all.currentTime)`);
  await page.evaluate(`${played}.play()`);
  await page.waitForFunction(`${played}.currentTime > 0`);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.waitForFunction(() => document.querySelectorAll("delivery-lab")[10].shadowRoot.querySelector("iframe"));
  await page.evaluate(() => document.querySelectorAll("delivery-lab")[10].ready);
  await page.waitForTimeout(300);
  const rested = await time();
  const spent = await computed(page, 2_000);
  assert.ok(spent < 0.4, `${spent.toFixed(2)} s of work in 2 s without a figure in sight that plays`);
  assert.equal(await time(), rested);
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForFunction((rested) => document.querySelectorAll("delivery-lab")[1].currentTime > rested, rested);
  assert.ok((await time()) - rested < 1, "no jump");
  await other.close();
});

const cacheable = { headers: { ...ownHeaders, "Cache-Control": "max-age=600" } };
pageTest("ten figures share one program, and those in sight take half of a core at most while all are told to play", { path: null, server: cacheable }, async ({ page, server }) => {
  const figures = Array.from({ length: 10 }, (_, i) => `<div style="height:500px;width:640px">${element(`seed="${i}" speed="0.1"`)}</div>`).join("");
  const other = await stranger(page, `${script(server)}${figures}`);
  await page.waitForFunction(() => customElements.get("delivery-lab"));
  await page.evaluate(() => Promise.all([...document.querySelectorAll("delivery-lab")].map((figure) => figure.load())));
  const programs = server.requests.filter((path) => path.endsWith(".wasm"));
  assert.equal(new Set(programs).size, programs.length, "what one figure has fetched is there for all");
  await page.evaluate(() => Promise.all([...document.querySelectorAll("delivery-lab")].map((figure) => figure.play())));
  const times = () => page.evaluate(() => Promise.all([...document.querySelectorAll("delivery-lab")].map((figure) => figure.getMetrics().then((all) => all.currentTime))));
  const before = await times();
  const spent = (await computed(page, 4_000)) / 4;
  const after = await times();
  const moved = after.filter((time, i) => time > before[i]).length;
  console.log(`ten figures, ${moved} in sight: ${(100 * spent).toFixed(1)} % of a core`);
  assert.ok(moved >= 1 && moved <= 3, JSON.stringify([before, after]));
  assert.ok(spent > 0 && spent <= 0.5, `${(100 * spent).toFixed(1)} % of a core`);
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
