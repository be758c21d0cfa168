// A page that drives a figure: two buttons set how many acks get lost, a sentence says what came of it.
import { mount } from "../embed.js";

const figure = mount(document.getElementById("driven-figure"), {
  preset: "order-processing",
  seed: 7,
  title: "Order processing, driven by the buttons above it",
});
const told = document.getElementById("told");

for (const button of document.querySelectorAll("[data-ack-loss]")) {
  button.addEventListener("click", async () => {
    // At the beginning a setting holds for the whole run; later it would hold from then on.
    await figure.reset();
    await figure.set({ ackLoss: button.dataset.ackLoss });
    await figure.seek(10);
    const { services } = await figure.getMetrics();
    const each = services.map(({ name, duplicated, lost }) => `${name}: ${duplicated} repeated, ${lost} lost`);
    told.textContent = `After 10 seconds. ${each.join(". ")}.`;
  });
}
