// Keyboard shortcuts: one table, which the help shows too. Single keys can be switched off, and
// never act while a text is typed.

import { categories, setRelevant, toggleCategory } from "./form.js";
import { stepFrames, step, toggle, playSpan } from "./player.js";
import { addSpanHere, setEdgeHere } from "./span_rows.js";
import { desk, removeSpan, change, undo } from "./state.js";
import { fitView, zoom } from "./timeline.js";

const byId = (id) => document.getElementById(id);
const STORED = "rarft-annotate-keys";

// [keys, what they do, act]; `act` gets which of the keys it was.
function table({ accept, reject, reopen, go, addRow, help }) {
  return [
    [["a"], "Accept, and go on", accept],
    [["x"], "Reject, and go on", reject],
    [["u"], "Take the decision back", reopen],
    [["j", "k"], "Next, previous row", (key) => go(key === "j" ? 1 : -1)],
    [[" "], "Play, pause", toggle],
    [["ArrowLeft", "ArrowRight"], "1 second back, on", (key) => step(key === "ArrowLeft" ? -1 : 1)],
    [[",", "."], "1 frame back, on", (key) => stepFrames(key === "," ? -1 : 1)],
    [["i", "o"], "The span starts, ends here", (key) => setEdgeHere(key === "i" ? 0 : 1)],
    [["n"], "Add a span here", addSpanHere],
    [["p"], "Play the span", () => desk.annotation.spans[desk.selected] && playSpan(desk.annotation.spans[desk.selected])],
    [["Delete"], "Remove the span", () => removeSpan(desk.selected)],
    [["z", "Z", "f"], "Zoom in, out, fit", (key) => (key === "f" ? fitView() : zoom(key === "z" ? 0.6 : 1 / 0.6))],
    [["r"], "In the video or not", () => setRelevant(desk.annotation.relevant !== true)],
    [[..."1234567890-"], "A category", (key) => desk.annotation.relevant === false && toggleCategory(categories["1234567890-".indexOf(key)])],
    [["s", "m", "w"], "Strong, moderate, weak", (key) => desk.annotation.relevant === false && change({ level: { s: "strong", m: "moderate", w: "weak" }[key] })],
    [["e", "t", "c"], "Type query, refusal, correction", (key) => focusOn({ e: "query", t: "refusal", c: "correction" }[key])],
    [["+"], "New query for this video", addRow],
    [["?"], "These keys", help],
  ];
}

const ALWAYS = [["Ctrl+Enter", "Accept, while typing too"], ["Ctrl+Z", "Undo, outside of a text"], ["Escape", "Leave a text"], ["← → on a handle", "Move it by 0.1 s; with Shift, 1 s"]];
const SHOWN = { " ": "Space", ArrowLeft: "←", ArrowRight: "→" };

function focusOn(id) {
  const area = byId(id);
  if (area.offsetParent === null) return;
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}

export function bindKeys(acts) {
  const rows = table(acts);
  const actOf = new Map(rows.flatMap(([keys, , act]) => keys.map((key) => [key, act])));
  byId("keys-on").checked = localStorage.getItem(STORED) !== "off";
  byId("keys-on").addEventListener("change", (event) => localStorage.setItem(STORED, event.target.checked ? "on" : "off"));
  showTable(rows);
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || !desk.item) return;
    const isTyping = event.target.matches("textarea, input:not([type=checkbox], [type=radio])");
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key === "Enter") act(event, () => acts.accept());
    else if (isCommand && event.key.toLowerCase() === "z" && !isTyping) act(event, undo);
    else if (event.key === "Escape" && isTyping) event.target.blur();
    else if (!isTyping && !isCommand && !event.altKey && byId("keys-on").checked) single(event, actOf);
  });
}

function single(event, actOf) {
  // Controls keep the keys that work them.
  if (event.target.matches("button, summary, a") && (event.key === " " || event.key === "Enter")) return;
  if (event.target.matches("select, input[type=radio], input[type=checkbox]") && (event.key.startsWith("Arrow") || event.key === " ")) return;
  const found = actOf.get(event.key.length === 1 && event.key !== "Z" ? event.key.toLowerCase() : event.key);
  if (found && !(event.repeat && /^[axu+nr]$/.test(event.key))) act(event, () => found(event.key.length === 1 && event.key !== "Z" ? event.key.toLowerCase() : event.key));
}

function act(event, work) {
  event.preventDefault();
  work();
}

function showTable(rows) {
  const shown = [...rows.map(([keys, what]) => [keys.length > 5 ? ["1 … 0", "-"] : keys.map((key) => SHOWN[key] ?? key), what]), ...ALWAYS.map(([key, what]) => [[key], what])];
  byId("key-list").replaceChildren(
    ...shown.map(([keys, what]) => {
      const pair = document.createElement("div");
      const name = document.createElement("dt");
      name.append(...keys.map((key) => Object.assign(document.createElement("kbd"), { textContent: key.length === 1 ? key.toUpperCase() : key })));
      if (what.startsWith("Zoom")) name.replaceChildren(...["Z", "Shift+Z", "F"].map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
      pair.append(name, Object.assign(document.createElement("dd"), { textContent: what }));
      return pair;
    }),
  );
}
