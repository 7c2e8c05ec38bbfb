// The row on the page and what the annotator says of it; all that is shown follows from here.

export const desk = {
  session: null,
  annotator: "",
  item: null,
  annotation: null,
  selected: 0,
  before: [],
};

const listeners = new Set();
let lastStep = { name: "", at: 0 };

export const MIN_SPAN_S = 0.05;
const MERGE_MS = 1500;

export function onChange(listener) {
  listeners.add(listener);
}

// `what` is "item" for another row, "annotation" for another word or span of this one, "moving"
// while something is still being dragged, "selected" for another span.
export function tell(what) {
  for (const listener of listeners) listener(what);
}

export function showItem(item) {
  desk.item = item;
  desk.annotation = item.annotation;
  desk.selected = 0;
  desk.before = [];
  lastStep = { name: "", at: 0 };
  tell("item");
}

// Changes one after another under one name, as in typing, are one step of undoing.
export function change(patch, { name = Object.keys(patch).join(), settled = true } = {}) {
  const now = performance.now();
  if (lastStep.name !== name || now - lastStep.at > MERGE_MS) desk.before.push(desk.annotation);
  lastStep = { name: settled && name.startsWith("drag") ? "" : name, at: now };
  const changed = { ...desk.annotation, ...patch };
  if (changed.decision === "accepted" && lacks(changed)) changed.decision = "open";
  desk.annotation = changed;
  tell(settled ? "annotation" : "moving");
}

export function undo() {
  const earlier = desk.before.pop();
  if (!earlier) return;
  lastStep = { name: "", at: 0 };
  desk.annotation = earlier;
  desk.selected = Math.min(desk.selected, Math.max(0, earlier.spans.length - 1));
  tell("annotation");
}

export function selectSpan(index) {
  if (index === desk.selected) return;
  desk.selected = index;
  tell("selected");
}

export function setSpan(index, span, options) {
  const spans = desk.annotation.spans.map((one, place) => (place === index ? span.map(rounded) : one));
  change({ spans }, options);
}

export function addSpan(span) {
  const spans = [...desk.annotation.spans, span.map(rounded)];
  desk.selected = spans.length - 1;
  change({ spans, relevant: true }, { name: `add ${spans.length}` });
}

export function removeSpan(index) {
  const spans = desk.annotation.spans.filter((_, place) => place !== index);
  desk.selected = Math.max(0, Math.min(index, spans.length - 1));
  change({ spans }, { name: `remove ${spans.length}` });
}

export const rounded = (seconds) => Math.round(seconds * 100) / 100;

export function lacks(annotation) {
  if (!annotation.text.trim()) return "a query";
  if (annotation.relevant === null) return "an answer to whether it is in the video";
  if (annotation.relevant && !annotation.spans.length) return "a span";
  return "";
}

const CONTENT = ["text", "relevant", "spans", "categories", "level", "refusal", "correction"];

export function isEdited() {
  const { start } = desk.item;
  return CONTENT.some((name) => JSON.stringify(tidy(start[name])) !== JSON.stringify(tidy(desk.annotation[name])));
}

const tidy = (value) => (typeof value === "string" ? value.split(/\s+/).join(" ").trim() : value);

export function resetContent() {
  const { start } = desk.item;
  change(Object.fromEntries(CONTENT.map((name) => [name, start[name]])), { name: "reset" });
}
