// Starts the program, and says so in words when it cannot start or stops. A classic script on purpose:
// it still runs where modules are refused (a sandboxed frame, a file opened from disk), so the page is never blank.
(function () {
  "use strict";
  var script = document.currentScript;
  var byId = function (id) { return document.getElementById(id); };

  // The page keeps data-seed on <html> at the seed in use; before that, the address is what there is.
  function seed() {
    return document.documentElement.dataset.seed || new URLSearchParams(location.search).get("seed") || "the default";
  }

  // Where the program cannot run at all there is a still of its preset.
  function still() {
    var name = new URLSearchParams(location.search).get("preset") || "";
    var image = byId("fatal-still");
    image.onload = function () { image.hidden = false; };
    image.src = "posters/" + (/^[a-z0-9-]+$/.test(name) ? name : "order-processing") + "-light.svg";
    // The picture knows what it is of.
    fetch(image.src).then(function (answer) { return answer.text(); }).then(function (text) {
      var words = new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("svg > title, svg > desc");
      if (words.length === 2) image.alt = words[0].textContent + ": " + words[1].textContent;
    }).catch(function () { /* its words stay general */ });
  }

  // A host page learns it too, so that it need not wait for a figure that does not come.
  function tellHost(reason) {
    if (window.parent === window) return;
    var only = new URLSearchParams(location.search).get("origin");
    (only ? only.split(",") : ["*"]).forEach(function (origin) {
      var error = { field: "figure", sentence: reason };
      try { window.parent.postMessage({ context: "delivery-lab", v: 1, type: "error", error: error }, origin); } catch (e) { /* no origin */ }
    });
  }

  // Only the first reason is shown: what comes after it is a consequence.
  function fatal(reason) {
    var view = byId("fatal");
    if (!view.hidden) return;
    // Whatever else is on the page is dead; leaving it there would look alive.
    Array.prototype.forEach.call(document.body.children, function (part) { part.hidden = true; });
    byId("fatal-reason").textContent = reason;
    byId("fatal-seed").textContent = seed();
    byId("fatal-link").href = location.href;
    byId("fatal-again").addEventListener("click", function () { location.reload(); });
    document.documentElement.dataset.state = "fatal";
    view.hidden = false;
    tellHost(reason);
    window.dispatchEvent(new CustomEvent("delivery-lab-fatal", { detail: { reason: reason } }));
  }
  // A link to another run that differs behind the # alone: the browser itself would stay with this one.
  window.addEventListener("hashchange", function () {
    if (/^#s=/.test(location.hash)) location.reload();
  });

  // For the program's panic hook, which knows the reason.
  window.deliveryLabFatal = fatal;

  if (typeof WebAssembly !== "object" || typeof WebAssembly.instantiate !== "function") {
    still();
    fatal("The lab needs WebAssembly, which is missing or switched off in this browser. A current Firefox, Chrome, Edge or Safari has it.");
    return;
  }

  // A panic leaves the program as a trap. It cannot be resumed.
  function stopped(error) {
    if (error instanceof WebAssembly.RuntimeError) fatal("The program hit a mistake of its own and cannot go on. Starting again is safe.");
  }
  window.addEventListener("error", function (event) { stopped(event.error); });
  window.addEventListener("unhandledrejection", function (event) { stopped(event.reason); });

  var at = function (path) { return new URL(path, document.baseURI).href; };
  import(at(script.dataset.js))
    .then(function (program) { return program.default({ module_or_path: at(script.dataset.wasm) }); })
    .then(function () {
      byId("loading").hidden = true;
      if (byId("fatal").hidden) document.documentElement.dataset.state = "running";
    })
    .catch(function (error) {
      console.warn("the lab could not start:", error);
      if (error instanceof WebAssembly.RuntimeError) return stopped(error);
      still();
      var opened = location.protocol === "file:" ? " Pages opened straight from a file may not load programs: serve the folder over http, or open delivery-lab.html." : "";
      fatal("The program could not be loaded (" + (error && error.message || error) + ")." + opened);
    });
})();
