// The figure as a widget by the AnyWidget front-end contract: for notebooks and books that load one ES module.
// The model's traits `parameters` (an object), `state` and `metrics` go both ways as far as they make sense.
import { mount } from "./embed.js";

function initialize({ model }) {
  if (!model.get("parameters")) model.set("parameters", {});
}

function render({ model, el }) {
  const figure = mount(el, model.get("parameters") ?? {});
  const state = model.get("state");
  if (state) figure.setAttribute("state", state);
  const put = () => figure.set(model.get("parameters") ?? {}).catch(() => {});
  const report = async () => {
    model.set("state", (await figure.getState()).state);
    model.set("metrics", await figure.getMetrics());
    model.save_changes();
  };
  const told = () => report().catch(() => {});
  model.on("change:parameters", put);
  for (const name of ["statechange", "pause", "ended"]) figure.addEventListener(name, told);
  return () => {
    model.off("change:parameters", put);
    figure.remove();
  };
}

export default { initialize, render };
