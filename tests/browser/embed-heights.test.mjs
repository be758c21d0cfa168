// How a frame gets its height, by the scripts that hosts already run.
import assert from "node:assert/strict";
import { pageTest } from "./harness.mjs";
import { figure, frameOf, iframe, ready, stranger } from "./host.mjs";

/** What hosts' scripts do with these messages, after their published behaviour. `frame` is the frame that speaks. */
const hosts = {
  "H5P": {
    resize: "h5p",
    script: `({ data, source, origin }, frame) => {
      if (data.context !== "h5p") return;
      const respond = (action) => source.postMessage({ context: "h5p", action }, origin);
      if (data.action === "hello") {
        frame.style.width = "100%";
        addEventListener("resize", () => respond("resize"));
        respond("hello");
      }
      if (data.action === "prepareResize") { frame.style.height = "1px"; respond("resizePrepared"); }
      if (data.action === "resize") frame.style.height = data.height + "px";
    }`,
  },
  "newer H5P": {
    resize: "h5p",
    script: `({ data, source, origin }, frame) => {
      if (data.context !== "h5p") return;
      const respond = (action) => source.postMessage({ context: "h5p", action }, origin);
      if (data.action === "hello") { frame.style.width = "100%"; respond("hello"); }
      if (data.action === "prepareResize" && (frame.clientHeight !== data.scrollHeight || data.scrollHeight !== data.clientHeight)) {
        frame.style.height = data.clientHeight + "px";
        respond("resizePrepared");
      }
      if (data.action === "resize") frame.style.height = data.scrollHeight + "px";
    }`,
  },
  "Canvas": {
    resize: "lti",
    script: `({ data }, frame) => {
      if (data.subject === "lti.frameResize") frame.style.height = data.height + "px";
    }`,
  },
  "IMathAS": {
    resize: "lti",
    script: `({ data }, frame) => {
      if (typeof data !== "string" || !data.match(/lti\\.frameResize/)) return;
      frame.style.height = JSON.parse(data).height + "px";
    }`,
  },
  "Open edX": {
    resize: "edx",
    script: `({ data }, frame) => {
      if (data.type === "plugin.resize") frame.style.height = data.payload.height + "px";
    }`,
  },
  "our own": {
    resize: "own",
    script: `({ data }, frame) => {
      if (data.context === "delivery-lab" && data.type === "resize") frame.style.height = data.height + "px";
    }`,
  },
};

const listening = (script) => `
  const answer = ${script};
  addEventListener("message", (event) => {
    const frame = [...document.querySelectorAll("iframe")].find((one) => one.contentWindow === event.source);
    if (frame) answer(event, frame);
  });
  /** Resolves with the number of messages so far, once none has come for half a second. */
  window.quiet = async () => {
    for (let before = -1; before !== heard.length; ) {
      before = heard.length;
      await new Promise((next) => setTimeout(next, 500));
    }
    return heard.length;
  };`;

for (const [name, { resize, script }] of Object.entries(hosts)) {
  pageTest(`the frame gets its height as ${name} does it, without going round in circles`, { path: null }, async ({ page, server }) => {
    const room = `<div id="room" style="width:700px">${iframe(`${server.url}${figure}&resize=${resize}`, 'style="width:100%"')}</div>`;
    const other = await stranger(page, room, listening(script));
    await ready(page);
    await page.waitForFunction(() => /px/.test(document.querySelector("iframe").style.height));
    let before = await page.evaluate(() => quiet());
    const hidden = () => frameOf(page).evaluate(() => {
      const run = document.querySelector(".run");
      return Math.max(document.documentElement.scrollHeight - innerHeight, run.scrollHeight - run.clientHeight);
    });
    const height = () => page.evaluate(() => document.querySelector("iframe").clientHeight);
    assert.ok((await hidden()) <= 1, `nothing of the figure is cut off (${await hidden()} px)`);
    const first = await height();
    for (const width of ["420px", "900px"]) {
      await page.evaluate((width) => { document.getElementById("room").style.width = width; }, width);
      const after = await page.evaluate(() => quiet());
      assert.ok(after > before && after - before <= 3, `${after - before} messages for one change of width`);
      assert.ok((await hidden()) <= 1, `at ${width} nothing is cut off (${await hidden()} px)`);
      before = after;
    }
    assert.notEqual(await height(), first, "another width needs another height");
    // A height that the host chooses by itself is no reason to ask again.
    await page.evaluate(() => { document.querySelector("iframe").style.height = "300px"; });
    assert.equal(await page.evaluate(() => quiet()), before);
    await other.close();
  });
}

pageTest("a frame follows what stands in it: a tab, what opens, and what closes again", { path: null }, async ({ page, server }) => {
  const room = `<div id="room" style="width:700px">${iframe(`${server.url}${figure}&resize=own&controls=full`, 'style="width:100%"')}</div>`;
  const other = await stranger(page, room, listening(hosts["our own"].script));
  await ready(page);
  await page.evaluate(() => quiet());
  const frame = frameOf(page);
  const height = () => page.evaluate(() => document.querySelector("iframe").clientHeight);
  /** Does something to the figure; answers the heights before and after, and fails where something is cut off or does not settle. */
  const does = async (what, act) => {
    const [before, said] = [await height(), await page.evaluate(() => heard.length)];
    await act();
    const messages = (await page.evaluate(() => quiet())) - said;
    assert.ok(messages <= 3, `${what}: ${messages} messages`);
    const over = await frame.evaluate(() => {
      const run = document.querySelector(".run");
      return Math.max(document.documentElement.scrollHeight - innerHeight, run.scrollHeight - run.clientHeight);
    });
    assert.ok(over <= 1, `${what}: ${over} px are cut off`);
    return [before, await height()];
  };
  const grows = (what, [before, after]) => assert.ok(after > before + 10, `${what}: from ${before} to ${after} px`);
  const tab = (name) => frame.getByRole("tab", { name }).click();
  const [start] = await does("nothing", async () => {});
  grows("a group of settings that opens", await does("details", () => frame.locator(".more summary").first().click()));
  grows("the stage in words", await does("words", () => frame.locator(".twin summary").click()));
  await does("closing", async () => {
    await frame.locator(".twin summary").click();
    await frame.locator(".more summary").first().click();
  });
  assert.equal(await height(), start, "it is as high as it was");
  for (const name of ["Log", "Numbers", "Moment", "Forks", "Compare", "Settings"]) await does(name, () => tab(name));
  assert.equal(await height(), start);
  await page.evaluate(() => { document.getElementById("room").style.width = "1200px"; });
  await does("beside the stage", () => tab("Numbers"));
  await other.close();
});
