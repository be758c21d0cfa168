// Pages of strangers that hold figures: what stands in them, and how they are served from an origin of their own.
import { serve } from "./server.mjs";

/** The address of a figure below the page. */
export const figure = "?preset=order-processing&seed=7&embed=1";

/** A host page of a test's own: what stands in its body, and its script. */
export const host = (body, script = "") =>
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
export async function stranger(page, body, script, headers = {}) {
  const server = await serve({ headers, pages: { "/host.html": host(body, script) } });
  await page.goto(`${server.url}host.html`);
  return server;
}

/** The frame of the nth figure on a page. */
export const frameOf = (page, nth = 0) => page.frames().filter((frame) => frame !== page.mainFrame())[nth];
/** Waits until a figure has said that it runs. */
export const ready = (page) => page.waitForFunction(() => got((data) => data?.type === "ready"), null, { timeout: 30_000 });
/** A figure in a frame. */
export const iframe = (url, rest = "") => `<iframe src="${url}" title="Figure" width="640" height="400" ${rest}></iframe>`;
/** A figure as an element, and the script that defines it. */
export const element = (attributes, inside = "") => `<delivery-lab preset="order-processing" ${attributes}>${inside}</delivery-lab>`;
export const script = (server) => `<script type="module" src="${server.url}embed.js"></script>`;
