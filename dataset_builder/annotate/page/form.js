// The form beside the video. Texts that stand in a field that has the focus are left to the typist.

import { change, desk, isEdited } from "./state.js";
import { showChanged } from "./words.js";

const byId = (id) => document.getElementById(id);
const TEXTS = { query: "text", refusal: "refusal", correction: "correction", note: "note" };
const LEVEL_OF = [null, "strong", "moderate", "weak"];
const KEYS = "1234567890-";
export let categories = [];

export function buildForm(session) {
  categories = Object.entries(session.groups).flatMap(([group, names]) => names.map((name) => `${group}/${name}`));
  byId("groups").replaceChildren(...Object.entries(session.groups).map(([group, names]) => newGroup(group, names)));
  byId("levels").replaceChildren(...session.levels.map(newLevel));
  for (const [id, field] of Object.entries(TEXTS)) {
    byId(id).addEventListener("input", (event) => {
      grow(event.target);
      change({ [field]: event.target.value });
    });
    byId(id).addEventListener("blur", drawForm);
  }
  byId("note-field").addEventListener("toggle", () => grow(byId("note")));
  for (const radio of document.querySelectorAll("[name=relevant]")) {
    radio.addEventListener("change", () => setRelevant(radio.value === "yes"));
  }
}

function newGroup(group, names) {
  const box = document.createElement("div");
  box.setAttribute("role", "group");
  const heading = document.createElement("h3");
  heading.id = `group-${group}`;
  heading.textContent = group;
  box.setAttribute("aria-labelledby", heading.id);
  box.append(heading, ...names.map((name) => newBox(`${group}/${name}`, name)));
  return box;
}

function newBox(category, name) {
  const label = document.createElement("label");
  label.className = "check";
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", value: category });
  box.addEventListener("change", () => toggleCategory(category));
  const key = document.createElement("kbd");
  key.textContent = KEYS[categories.indexOf(category)];
  key.setAttribute("aria-hidden", "true");
  label.append(box, spaced(name), key);
  return label;
}

const spaced = (name) => {
  const words = document.createElement("span");
  words.textContent = name.replace(/(?<=[a-z])(?=[A-Z])/g, " ");
  return words;
};

function newLevel(level) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: "level", value: level });
  radio.addEventListener("change", () => change({ level }));
  const name = document.createElement("span");
  name.textContent = level;
  label.append(radio, name);
  return label;
}

export function setRelevant(relevant) {
  change({ relevant });
}

// The level follows the number of categories until somebody picks another one.
export function toggleCategory(category) {
  const before = desk.annotation.categories;
  const after = before.includes(category) ? before.filter((one) => one !== category) : categories.filter((one) => one === category || before.includes(one));
  const isFollowing = desk.annotation.level === null || desk.annotation.level === (LEVEL_OF[before.length] ?? null);
  const level = (isFollowing && LEVEL_OF[after.length]) || desk.annotation.level;
  change({ categories: after, level }, { name: `category ${after}` });
}

export function drawForm() {
  const { item, annotation } = desk;
  // Before the fields grow: what is hidden has no height.
  byId("refused").hidden = annotation.relevant !== false;
  for (const [id, field] of Object.entries(TEXTS)) {
    const area = byId(id);
    if (document.activeElement !== area && area.value !== annotation[field]) area.value = annotation[field];
    grow(area);
  }
  for (const radio of document.querySelectorAll("[name=relevant]")) {
    radio.checked = annotation.relevant === (radio.value === "yes");
  }
  for (const box of byId("groups").querySelectorAll("input")) box.checked = annotation.categories.includes(box.value);
  for (const radio of byId("levels").querySelectorAll("input")) radio.checked = annotation.level === radio.value;
  byId("level-note").textContent = levelNote(annotation);
  byId("row-id").textContent = item.added_by ? `${item.id}, added by ${item.added_by}` : item.id;
  drawMadeFrom(annotation);
  byId("undo").disabled = !desk.before.length;
  byId("reset").disabled = !isEdited();
  drawDecision(annotation);
}

function levelNote({ categories: named, level }) {
  const fitting = LEVEL_OF[named.length];
  if (!named.length || !level || level === "shuffled" || fitting === level) return "";
  const count = named.length === 1 ? "1 category" : `${named.length} categories`;
  return fitting ? `${count} would be ${fitting}.` : `${count} are more than any level has.`;
}

// Of an irrelevant query, what it was made from; of an edited one, what it was.
function drawMadeFrom(annotation) {
  const { start } = desk.item;
  const made = byId("made-from");
  const was = start.text && annotation.text.trim() !== start.text ? start.text : "";
  const from = annotation.relevant === false ? annotation.correction : "";
  made.hidden = !(was || from);
  if (was) showChanged(made, "Was", was, annotation.text);
  else if (from) showChanged(made, "Made from", from, annotation.text);
}

function drawDecision({ decision }) {
  const state = byId("decision");
  const words = { open: "Undecided", accepted: "Accepted", rejected: "Rejected" };
  const edited = isEdited() && decision !== "rejected" ? ", edited" : "";
  state.textContent = words[decision] + edited;
  state.dataset.decision = decision;
  byId("accept").setAttribute("aria-pressed", String(decision === "accepted"));
  byId("reject").setAttribute("aria-pressed", String(decision === "rejected"));
}

function grow(area) {
  area.style.height = "auto";
  if (area.scrollHeight) area.style.height = `${area.scrollHeight + 2}px`;
}
