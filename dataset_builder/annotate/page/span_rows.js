// The spans as numbers, for those who type them, and the keys that set them at the playhead.

import { MIN_SPAN_S, addSpan, desk, removeSpan, selectSpan, setSpan } from "./state.js";
import { now, playSpan } from "./player.js";
import { videoEnd } from "./timeline.js";

const byId = (id) => document.getElementById(id);
const FIRST_LENGTH_S = 2;

export function drawSpanRows() {
  const { annotation } = desk;
  const isShown = annotation.relevant !== false;
  byId("add-span").hidden = !isShown;
  const list = byId("span-rows");
  const spans = isShown ? annotation.spans : [];
  while (list.children.length > spans.length) list.lastChild.remove();
  while (list.children.length < spans.length) list.append(newRow(list.children.length));
  spans.forEach((span, index) => {
    const row = list.children[index];
    row.classList.toggle("selected", index === desk.selected);
    row.querySelectorAll("input").forEach((input, edge) => {
      if (document.activeElement !== input) input.value = span[edge].toFixed(2);
    });
    row.querySelector(".length").textContent = `${(span[1] - span[0]).toFixed(2)} s`;
  });
  const end = videoEnd();
  const past = spans.some((span) => end && span[1] > end + 0.01);
  byId("span-note").textContent = past
    ? `A span ends behind the video, which ends at ${end.toFixed(2)} s.`
    : isShown && !spans.length ? "No span yet: go to where it begins and press N." : "";
  byId("span-note").classList.toggle("warn", past);
}

function newRow(index) {
  const row = document.createElement("li");
  row.append(newNumber(index, 0, "Start"), "to", newNumber(index, 1, "End"));
  const length = document.createElement("span");
  length.className = "length quiet";
  row.append(length);
  row.append(newButton("Play", `Play span ${index + 1}`, () => playSpan(desk.annotation.spans[index])));
  row.append(newButton("Remove", `Remove span ${index + 1}`, () => removeSpan(index)));
  row.addEventListener("focusin", () => selectSpan(index));
  return row;
}

function newNumber(index, edge, name) {
  const input = document.createElement("input");
  Object.assign(input, { type: "number", step: "0.01", min: "0" });
  input.setAttribute("aria-label", `${name} of span ${index + 1} in seconds`);
  input.addEventListener("input", () => {
    const span = [...desk.annotation.spans[index]];
    span[edge] = input.valueAsNumber;
    const isFine = Number.isFinite(span[edge]) && span[0] >= 0 && span[1] - span[0] >= MIN_SPAN_S - 1e-9;
    input.setAttribute("aria-invalid", String(!isFine));
    if (isFine) setSpan(index, span, { name: `type ${index} ${edge}` });
  });
  input.addEventListener("blur", () => {
    input.removeAttribute("aria-invalid");
    drawSpanRows();
  });
  return input;
}

function newButton(text, label, act) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "plain", textContent: text });
  button.setAttribute("aria-label", label);
  button.addEventListener("click", act);
  return button;
}

export function addSpanHere() {
  const start = Math.max(0, Math.min(now(), (videoEnd() || Infinity) - MIN_SPAN_S));
  const length = Math.max(FIRST_LENGTH_S, videoEnd() * 0.05);
  addSpan([start, Math.max(start + MIN_SPAN_S, Math.min(start + length, videoEnd() || Infinity))]);
}

// Set one end at the playhead; the other makes way where it would lie on the wrong side.
export function setEdgeHere(edge) {
  const span = desk.annotation.spans[desk.selected];
  if (!span || desk.annotation.relevant === false) {
    addSpanHere();
    return;
  }
  const moved = [...span];
  moved[edge] = now();
  if (edge === 0) moved[1] = Math.max(moved[1], moved[0] + MIN_SPAN_S);
  else {
    moved[1] = Math.max(moved[1], MIN_SPAN_S);
    moved[0] = Math.min(moved[0], moved[1] - MIN_SPAN_S);
  }
  setSpan(desk.selected, moved);
}

export function bindSpanRows() {
  byId("add-span").addEventListener("click", addSpanHere);
}
