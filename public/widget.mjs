// The figure as a widget by the AnyWidget front-end contract: for notebooks and books that load one ES module.
// Traits of the model: `parameters` (an object, as in mount) and `state` are taken from it, `state`, `metrics` and
// `error` (a sentence, or "") are put into it.
import { dress, mount } from "./embed.js";

function initialize({ model }) {
  if (!model.get("parameters")) model.set("parameters", {});
}

function render({ model, el }) {
  let parameters = { ...model.get("parameters") };
  let state = model.get("state");
  const figure = mount(el, parameters);
  const words = document.createElement("p");
  words.setAttribute("role", "alert");
  el.append(words);

  const save = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const say = (sentence) => {
    if (!figure.isConnected) return;
    words.textContent = sentence;
    if ((model.get("error") ?? "") !== sentence) save({ error: sentence });
  };
  const refused = (error) => say(error.message);
  const put = () => {
    const before = parameters;
    parameters = { ...model.get("parameters") };
    say("");
    // The element sends what has become another, and only that.
    dress(figure, parameters, before);
  };
  const restore = () => {
    const wished = model.get("state");
    if (!wished || wished === state) return;
    state = wished;
    say("");
    figure.setState(wished).catch(refused);
  };
  const report = async () => {
    const metrics = await figure.getMetrics();
    state = (await figure.getState()).state;
    save({ state, metrics });
  };
  // One that is being loaded anew has nothing to report; what is wrong comes as an error.
  const told = () => report().catch(() => {});

  // What was done to the run before is more than what it began with. It waits for the figure to be seen.
  if (state) figure.ready.then(() => figure.setState(state)).catch(refused);
  model.on("change:parameters", put);
  model.on("change:state", restore);
  figure.addEventListener("error", ({ detail }) => say(detail.sentence));
  for (const name of ["statechange", "pause", "ended"]) figure.addEventListener(name, told);
  return () => {
    model.off("change:parameters", put);
    model.off("change:state", restore);
    figure.remove();
    words.remove();
  };
}

export default { initialize, render };
