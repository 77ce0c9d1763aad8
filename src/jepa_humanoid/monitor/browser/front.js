// What the page does in the browser beside viser's client: says that it loads, and tells which keys are held.
(() => {
  "use strict";

  // Loading -----------------------------------------------------------------------------------------------------------

  const root = document.documentElement;
  const front = document.getElementById("jh-front");
  const [awaited, note] = front.querySelectorAll("p");
  const lost = document.getElementById("jh-lost");
  const parts = Number(front.dataset.parts);
  const IDLE = 3000; // ms without a picture, after which none is awaited: nothing of the robot may be in view
  const ASK = 2000; // ms between two questions whether the page's process is there

  let reachable = true;
  let loading = true;
  const glance = document.createElement("canvas").getContext("webgl2");
  const renderer = glance && glance.getExtension("WEBGL_debug_renderer_info");
  const by = renderer ? glance.getParameter(renderer.UNMASKED_RENDERER_WEBGL) : "";
  const slow = /swiftshader|llvmpipe|software|basic render/i.test(by);
  if (glance) glance.getExtension("WEBGL_lose_context")?.loseContext();

  // What draws without a graphics processor is what runs the robot as well: it asks for plain light, and gets a sixth
  // of the pixels.
  try {
    localStorage.setItem(front.dataset.plain, slow ? "yes" : "");
  } catch {
    // a browser that keeps nothing gets plain light as well
  }
  const here = new URL(location.href);
  if (slow && !here.searchParams.has("fixedDpr")) {
    here.searchParams.set("fixedDpr", "0.4");
    history.replaceState(null, "", here);
  }

  function explain(panel) {
    if (!reachable) awaited.textContent = "The page's process does not answer. Trying again…";
    else if (!glance) awaited.textContent = "This browser has no WebGL: it cannot show the page.";
    else if (!panel) awaited.textContent = "Fetching robot and panel…";
    else awaited.textContent = "Drawing the first picture…";
    if (!glance) note.textContent = "Switch hardware acceleration on, or take another browser.";
    else if (slow)
      note.textContent =
        "This browser draws without a graphics processor: the first picture may take half a minute, and each later" +
        " one half a second." + (panel ? " The emergency stop works already." : "");
  }

  // The robot is there when one picture took as many draw calls as it has parts.
  let calls = 0;
  let lastDrawn = performance.now();
  const undo = [];
  for (const name of glance ? ["drawElements", "drawElementsInstanced", "drawArrays", "drawArraysInstanced"] : []) {
    const original = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function (...args) {
      calls += 1;
      return original.apply(this, args);
    };
    undo.push(() => { WebGL2RenderingContext.prototype[name] = original; });
  }

  function watch() {
    const panel = document.querySelector(".jh-status") !== null;
    root.classList.toggle("jh-waiting", !panel);
    if (panel && slow) closeDeveloperNote();
    const now = performance.now();
    if (calls > 0 || !panel) lastDrawn = now;
    // viser fades its canvas in when the light has come.
    const canvas = document.querySelector("#root canvas[data-engine]");
    const lit = canvas !== null && Number(canvas.style.opacity || 1) > 0.9;
    const drawn = panel && glance && ((lit && calls >= parts) || now - lastDrawn > IDLE);
    calls = 0;
    explain(panel);
    if (!drawn) {
      requestAnimationFrame(watch);
      return;
    }
    undo.forEach((restore) => restore());
    loading = false;
    front.classList.add("jh-over");
    setTimeout(() => front.remove(), 400);
  }

  // viser's own remark about software rendering; ours says the same, and what it means here.
  function closeDeveloperNote() {
    for (const remark of document.querySelectorAll(".mantine-Notification-root"))
      if (remark.textContent.includes("Software WebGL")) remark.querySelector("button")?.click();
  }

  async function ask() {
    if (document.visibilityState === "visible") {
      try {
        await fetch("alive.txt", { cache: "no-store", signal: AbortSignal.timeout(5000) });
        reachable = true;
      } catch {
        reachable = false;
      }
      lost.hidden = reachable || loading;
    }
    setTimeout(ask, ASK);
  }

  root.classList.add("jh-waiting");
  explain(false);
  requestAnimationFrame(watch);
  ask();

  // Keys --------------------------------------------------------------------------------------------------------------

  const STORE = front.dataset.store; // where the page's process reads which keys are held
  const DRIVING = new Set(front.dataset.keys.split(" "));
  const TEXT = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=range]), textarea, select";
  const MOVED_BY_ARROWS = "[role=slider], [role=tab], [role=radio], [role=option], [role=menuitem], input";
  const held = new Set();

  const within = (event, selector) => event.target instanceof Element && event.target.closest(selector) !== null;
  const typing = (event) => within(event, TEXT) || event.target.isContentEditable === true;

  function press(key, code, modified) {
    const modifiers = { ctrlKey: modified, altKey: modified, shiftKey: modified };
    root.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true, ...modifiers }));
  }

  function tell() {
    try {
      localStorage.setItem(STORE, [...held].join(" "));
    } catch {
      return; // a browser that keeps nothing cannot drive by keys
    }
    press("j", "KeyJ", true); // the hotkey of the command that makes the page's process look
  }

  function letGo() {
    if (held.size === 0) return;
    held.clear();
    tell();
  }

  function swallow(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function down(event) {
    if (!event.isTrusted || typing(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      letGo(); // some systems never tell when a key is released under these
      return;
    }
    if (event.code === "Space") {
      // A switch or button that was clicked last would take the space bar for itself.
      swallow(event);
      if (!event.repeat) press(" ", "Space", false);
      return;
    }
    if (!DRIVING.has(event.code) || (event.code.startsWith("Arrow") && within(event, MOVED_BY_ARROWS))) return;
    swallow(event);
    if (event.repeat || held.has(event.code)) return;
    held.add(event.code);
    tell();
  }

  function up(event) {
    if (!event.isTrusted) return;
    if (event.code === "Space" && !typing(event)) swallow(event);
    if (!held.delete(event.code)) return;
    swallow(event);
    tell();
  }

  addEventListener("keydown", down, true);
  addEventListener("keyup", up, true);
  addEventListener("blur", letGo);
  addEventListener("pagehide", letGo);
  document.addEventListener("visibilitychange", letGo);
  try {
    localStorage.setItem(STORE, "");
  } catch {
    // nothing is kept, so nothing is held
  }
})();
