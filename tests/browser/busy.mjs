// The built page at 10,000 orders a second: what a frame costs, whether virtual time keeps up with real time, and how
// long a key press takes to show. The services are quick enough to keep up, as in benches/orders.
import { launch, settled } from "./chromium.mjs";
import { serve } from "./server.mjs";

const services = ["payment", "inventory", "notification", "analytics"];
const quick = services.map((service) => `${service}.serviceTime=20us&${service}.maxPoll=500`).join("&");
const address = `?preset=order-processing&rate=10000&${quick}&speed=1&autoplay=1`;
const warmUp = 3_000;
const lasting = 10_000;
const presses = 60;
/** What the Event Timing API reports at the least, in ms; a press that it counted and did not report took less. */
const shortest = 16;

const least = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** The clock under the stage, in ms of virtual time. */
async function virtual(page) {
  const text = await page.locator(".transport .clock").textContent();
  const found = /(\d+):(\d+\.\d+)$/.exec(text.trim());
  if (!found) throw new Error(`the clock reads "${text}"`);
  return Number(found[1]) * 60_000 + Number(found[2]) * 1000;
}

/** The main thread's tasks from a trace, in ms: of those with a frame in them, and of all. */
function tasks(trace) {
  const frames = trace.filter((event) => event.name === "FireAnimationFrame");
  const main = frames[0];
  if (!main) throw new Error("no frame was drawn");
  const ours = (event) => event.pid === main.pid && event.tid === main.tid;
  const all = trace.filter((event) => event.ph === "X" && event.name === "RunTask" && ours(event));
  const within = (task) => (frame) => ours(frame) && frame.ts >= task.ts && frame.ts <= task.ts + task.dur;
  const withFrame = all.filter((task) => frames.some(within(task)));
  const ms = (list, time) => list.map((task) => time(task) / 1000);
  const whole = (task) => task.dur;
  // What the thread itself took: the same on a machine that has other work too.
  const own = (task) => task.tdur ?? task.dur;
  return { frames: ms(withFrame, whole), own: ms(withFrame, own), all: ms(all, whole) };
}

/** Runs the page for a while and reads off what a frame costs, and how far the run came. */
async function running(browser, page) {
  const categories = ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline"];
  await browser.startTracing(page, { categories });
  const [from, start] = [await virtual(page), performance.now()];
  await wait(lasting);
  const [to, end] = [await virtual(page), performance.now()];
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const { frames, own, all } = tasks(traceEvents);
  const real = end - start;
  return {
    frame_task_p50: [least(frames, 0.5), "ms"],
    frame_task_p95: [least(frames, 0.95), "ms"],
    frame_task_cpu_p50: [least(own, 0.5), "ms"],
    frame_busy: [(all.reduce((sum, one) => sum + one, 0) / real) * 100, "%"],
    frame_rate: [(frames.length / real) * 1000, "1/s"],
    frame_virtual_over_real: [(to - from) / real, "x"],
  };
}

/** Moves a slider by keys while the run goes on; the longest wait but for 2 of 100. */
async function input(page) {
  await page.evaluate(() => {
    globalThis.waits = new Map();
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries()) {
        if (interactionId) waits.set(interactionId, Math.max(waits.get(interactionId) ?? 0, duration));
      }
    }).observe({ type: "event", durationThreshold: 16 });
  });
  const slider = page.locator("input[type=range]").last();
  await slider.focus();
  const standing = () => page.evaluate(() => [performance.interactionCount, document.activeElement.value]);
  const [before, stood] = await standing();
  if (before === undefined) throw new Error("this browser does not count interactions, so a press that was missed cannot be told from a quick one");
  await page.keyboard.press("ArrowLeft");
  if ((await standing())[1] === stood) throw new Error(`the slider stays at ${stood} when it is moved`);
  await page.keyboard.press("ArrowRight");
  for (let nth = 0; nth < presses; nth++) {
    await page.keyboard.press(nth % 2 ? "ArrowLeft" : "ArrowRight");
    await wait(60);
  }
  await wait(300);
  const waits = await page.evaluate(() => [...globalThis.waits.values()]);
  const counted = (await standing())[0] - before;
  if (counted < presses) throw new Error(`the page has seen ${counted} of at least ${presses} presses`);
  while (waits.length < counted) waits.push(shortest);
  return { input_to_paint_p98: [least(waits, 0.98), "ms"] };
}

/**
 * A producer that waits for no answer, over a link that takes half a second: at least so many messages are on their
 * way. A tenth more than that are on average, because they come at random moments.
 */
const crowded = (messages) =>
  `?preset=fire-and-forget-metrics&rate=${(messages * 11) / 5}&messages=0&duration=10min&delay=500ms&jitter=0&batch=1` +
  `&dashboard.serviceTime=20us&dashboard.maxPoll=500&speed=1&autoplay=1`;

/** What a frame costs with so many messages on their way, and how many there are once the run is stopped. */
async function crowd(browser, page, messages) {
  const { frame_task_p50, frame_task_p95, frame_task_cpu_p50 } = await running(browser, page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("The stage in words").click();
  const list = page.locator(".twin h3", { hasText: "On the way" }).locator("xpath=following-sibling::ul[1]/li");
  await list.first().waitFor();
  const name = `crowd_${messages}`;
  const [there, drawn] = [await list.count(), Number(await page.locator(".stage canvas").getAttribute("data-moving"))];
  if (there < messages || drawn < messages) throw new Error(`${there} messages are on the way and ${drawn} are drawn, not ${messages}`);
  return {
    [`${name}_on_the_way`]: [there, "messages"],
    [`${name}_frame_task_p50`]: frame_task_p50,
    [`${name}_frame_task_p95`]: frame_task_p95,
    [`${name}_frame_task_cpu_p50`]: frame_task_cpu_p50,
  };
}

/** Everything above, as `{ name: [value, unit] }`. */
export async function busy(browser) {
  const server = await serve();
  const at = async (address, measure) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${server.url}${address}`);
    if ((await settled(page)) !== "running") throw new Error("the page did not run");
    await wait(warmUp);
    const found = await measure(page);
    await page.close();
    return found;
  };
  try {
    return {
      ...(await at(address, async (page) => ({ ...(await running(browser, page)), ...(await input(page)) }))),
      ...(await at(crowded(1_000), (page) => crowd(browser, page, 1_000))),
      ...(await at(crowded(3_000), (page) => crowd(browser, page, 3_000))),
    };
  } finally {
    await server.close();
  }
}
