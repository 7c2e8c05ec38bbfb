// Keys of a page, the dialog that lists them, and the switch that turns single keys off.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const KEY = "rarft-single-keys";
  /** @type {{keys: string[], label: string, run?: (event: KeyboardEvent) => void}[]} */
  const known = [];
  let dialog = null;

  function areOn() {
    try {
      return localStorage.getItem(KEY) !== "off";
    } catch {
      return true;
    }
  }

  function turn(isOn) {
    try {
      localStorage.setItem(KEY, isOn ? "on" : "off");
    } catch {
      // The switch then lasts as long as the page.
    }
    keysOn = isOn;
  }

  let keysOn = areOn();
  const isTyping = (node) => node instanceof Element && Boolean(node.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"));

  /**
   * Add keys to the page: `run` is called for any of `keys`; without it they are only listed.
   * @param {...{keys: string[], label: string, run?: (event: KeyboardEvent) => void}} added
   */
  function add(...added) {
    known.push(...added);
  }

  function pressed(event) {
    if (!keysOn || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const found = known.find((one) => one.run && one.keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found.run(event);
  }

  function row({ keys, label }) {
    return make("div", {}, make("dt", {}, keys.map((key, index) => [index ? " " : "", make("kbd", {}, key.trim() || "Space")])), make("dd", {}, label));
  }

  function makeDialog() {
    const box = make("input", { type: "checkbox", id: "single-keys" });
    box.checked = keysOn;
    box.addEventListener("change", () => turn(box.checked));
    const close = make("button", { type: "submit" }, "Close");
    return make("dialog", { class: "help", "aria-labelledby": "help-title" },
      make("form", { method: "dialog" },
        make("h2", { id: "help-title" }, "Keys"),
        make("dl", { class: "keys" }, known.map(row)),
        make("label", { class: "check" }, box, " Single keys work"),
        make("div", { class: "dialog-end" }, close)));
  }

  function showHelp() {
    dialog?.remove();
    dialog = makeDialog();
    document.body.append(dialog);
    dialog.showModal();
  }

  add({ keys: ["?"], label: "This list", run: showHelp });
  document.addEventListener("keydown", pressed);
  document.addEventListener("DOMContentLoaded", () => document.getElementById("help")?.addEventListener("click", showHelp));

  rarft.keys = { add, showHelp };
})((window.rarft = window.rarft || {}));
