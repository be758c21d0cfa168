import Reveal from "../vendor/reveal.mjs";

// The hash names the slide, so that a slide can be linked to.
await new Reveal({ hash: true, width: 1280, height: 720, margin: 0.04, transition: "none" }).initialize();
