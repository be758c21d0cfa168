// What a host page and a figure say to each other, and that nobody else is heard.
import assert from "node:assert/strict";
import { pageTest } from "./harness.mjs";
import { figure, frameOf, iframe, ready, stranger } from "./host.mjs";

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

/** Notes what the figure shows in the frame after it hears a message of this type, and a while later. */
function noteNextFrame(type) {
  const seen = () => document.querySelector(".transport .clock").textContent + document.querySelector(".stage canvas").toDataURL();
  globalThis.noted = new Promise((done) => {
    addEventListener("message", function hear({ data }) {
      if (data?.type !== type) return;
      removeEventListener("message", hear);
      requestAnimationFrame(() => setTimeout(() => {
        const next = seen();
        setTimeout(() => done({ next, later: seen() }), 500);
      }));
    });
  });
}

pageTest("what a host says holds from the next frame on", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(`${server.url}${figure}&speed=0.1`));
  await ready(page);
  await page.evaluate(() => ask({ type: "hello", events: ["timeupdate"] }));
  const told = async (message) => {
    await frameOf(page).evaluate(noteNextFrame, message.type);
    await page.evaluate((message) => say(message), message);
    return frameOf(page).evaluate(() => globalThis.noted);
  };
  const sought = await told({ type: "seek", t: 1.25 });
  assert.ok(sought.next.includes("00:01.250"), sought.next.slice(0, 40));
  assert.equal(sought.later, sought.next);
  const played = await told({ type: "play" });
  assert.notEqual(played.later, played.next, "it goes on by itself");
  await page.waitForFunction(() => got((data) => data?.name === "timeupdate" && data.detail.currentTime > 1.25));
  const paused = await told({ type: "pause" });
  assert.equal(paused.later, paused.next, "it rests");
  const time = (await page.evaluate(() => ask({ type: "getMetrics" }))).value.currentTime;
  await page.waitForTimeout(1_000);
  await told({ type: "play" });
  const soon = (await page.evaluate(() => ask({ type: "getMetrics" }))).value.currentTime;
  assert.ok(soon > time && soon - time < 0.4, `from ${time} s to ${soon} s: what was paused is not caught up on`);
  await other.close();
});

pageTest("strangers and nonsense change nothing", { path: null }, async ({ page, server }) => {
  const other = await stranger(page, iframe(server.url + figure) + iframe("about:blank"));
  await ready(page);
  const frame = frameOf(page);
  // Before hello nobody is answered, and the frame itself and its neighbours never are.
  await page.evaluate(() => say({ type: "play", id: 1 }));
  await frame.evaluate(() => postMessage({ context: "delivery-lab", v: 1, type: "hello" }, "*"));
  // The neighbour can reach the figure's window as well as the host page can.
  const neighbour = (type, fields = {}) => page.evaluate(([type, fields]) => {
    const [own, other] = document.querySelectorAll("iframe");
    other.contentWindow.figure = own.contentWindow;
    other.contentWindow.eval(`addEventListener("message", () => { window.answered = true; });
      figure.postMessage(${JSON.stringify({ context: "delivery-lab", v: 1, type, id: "n", ...fields })}, "*")`);
  }, [type, fields]);
  await neighbour("hello", { events: ["play"] });
  await neighbour("play");
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
  for (const [type, fields] of [["hello", { events: ["play"] }], ["play"], ["seek", { t: 3 }], ["set", { values: { loss: 0.5 } }], ["reset"]]) await neighbour(type, fields);
  const after = await page.evaluate(() => ask({ type: "getMetrics" }));
  assert.deepEqual(after.value, before.value);
  assert.equal(await page.evaluate(() => document.querySelectorAll("iframe")[1].contentWindow.answered), undefined, "the neighbour is not answered");
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
