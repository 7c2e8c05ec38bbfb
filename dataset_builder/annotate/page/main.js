// Puts the page together: opens rows, passes changes on to be drawn and saved, takes decisions.

import { askName, bindDialogs, showKeys } from "./dialogs.js";
import { buildForm, drawForm } from "./form.js";
import { bindKeys } from "./keys.js";
import { bindPlayer, loopWithin, openVideo, seek } from "./player.js";
import { buildQueue, isListed, load, markCurrent, neighbour, refreshRow } from "./queue.js";
import { flush, knowVersion, save, watchSaving } from "./saver.js";
import { addRow, fetchItem, fetchSession } from "./server.js";
import { bindSpanRows, drawSpanRows } from "./span_rows.js";
import { change, desk, isEdited, lacks, onChange, resetContent, showItem, undo } from "./state.js";
import { bindTimeline, clock, draw, fitView, zoom } from "./timeline.js";

const byId = (id) => document.getElementById(id);
const NAME = "rarft-annotate-name";
const TYPING_DELAY_MS = 250;
const STATES = { saving: "Saving…", saved: "Saved", failed: "Not saved", refused: "Not saved" };
let opening = 0;

function react(what) {
  if (what === "item") {
    openVideo(desk.item);
    fitView();
    markCurrent();
    drawOthers();
    tellProblem("");
    const first = desk.annotation.spans[0] ?? desk.item.clip;
    if (first) seek(first[0]);
  } else if (what !== "selected") {
    refreshRow(desk.item, desk.annotation, isEdited());
    if (what === "annotation") tellProblem("");
  }
  draw();
  drawSpanRows();
  drawForm();
  if (what === "annotation") save(desk.annotator, desk.item.id, desk.annotation, TYPING_DELAY_MS);
}

function drawOthers() {
  const { others } = desk.item;
  byId("others-none").hidden = others.length > 0 || desk.session.blank;
  byId("other-rows").replaceChildren(
    ...others.map((other) => {
      const row = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: other.text || "No query yet" });
      button.addEventListener("click", () => openRow(other.id));
      const where = other.relevant ? other.spans.map((span) => `${clock(span[0])}–${clock(span[1])} s`).join(", ") : "not in the video";
      row.append(button, Object.assign(document.createElement("span"), { className: "quiet", textContent: where }));
      return row;
    }),
  );
}

async function openRow(id) {
  if (!id) return;
  const number = (opening += 1);
  await flush();
  try {
    const item = await fetchItem(id, desk.annotator);
    if (number !== opening) return;
    knowVersion(id, item.version);
    keepAddress(id);
    showItem(item);
    if (!isListed(id)) await load({ containing: id });
  } catch (error) {
    tellProblem(error.message);
  }
}

// The address leads back to the same annotator and row, in a new browser too.
function keepAddress(id) {
  history.replaceState(null, "", `?${new URLSearchParams({ annotator: desk.annotator })}#${encodeURIComponent(id)}`);
}

const go = async (direction) => openRow(await neighbour(direction));

async function decide(decision) {
  const lacking = decision === "accepted" ? lacks(desk.annotation) : "";
  if (lacking) {
    tellProblem(`Add ${lacking} before accepting.`);
    return;
  }
  document.activeElement?.blur?.();
  change({ decision }, { name: `decide ${decision}` });
  await flush();
  if (byId("save-state").dataset.state !== "saved" || decision === "open") return;
  const next = await neighbour(1);
  await load(next ? { containing: next } : {});
  await openRow(next);
}

async function addQuery() {
  await flush();
  try {
    const { id } = await addRow(desk.item.id, desk.annotator);
    await load({ containing: id });
    await openRow(id);
    byId("query").focus();
  } catch (error) {
    tellProblem(error.message);
  }
}

function tellProblem(text) {
  byId("problem").textContent = text;
}

function tellSaving(state, message = "") {
  const shown = byId("save-state");
  shown.dataset.state = state;
  shown.textContent = message ? `${STATES[state]}: ${message}` : STATES[state];
  shown.title = shown.textContent;
  byId("save-alert").textContent = message ? shown.textContent : "";
}

async function reload(id) {
  if (desk.item?.id !== id) return;
  await openRow(id);
  tellProblem("This row was saved from another window; what you see is what was saved there.");
}

async function changeName() {
  const name = await askName(desk.session, desk.annotator);
  if (!name || name === desk.annotator) return;
  await flush();
  localStorage.setItem(NAME, name);
  desk.annotator = name;
  await begin();
}

async function begin() {
  byId("who").textContent = desk.annotator;
  desk.session = await fetchSession(desk.annotator);
  document.title = `${desk.session.title} · Annotate`;
  byId("set-name").textContent = desk.session.title;
  const named = decodeURIComponent(location.hash.slice(1));
  const first = named || desk.session.resume_at;
  await load({ containing: first ?? undefined });
  await openRow(first);
  if (!desk.item && first !== desk.session.resume_at) await openRow(desk.session.resume_at);
}

async function main() {
  bindDialogs();
  bindPlayer();
  bindTimeline();
  bindSpanRows();
  watchSaving(tellSaving, reload);
  loopWithin(() => (desk.annotation?.relevant === false ? null : desk.annotation?.spans[desk.selected] ?? null));
  onChange(react);
  desk.annotator = new URLSearchParams(location.search).get("annotator") ?? localStorage.getItem(NAME) ?? "";
  desk.session = await fetchSession(desk.annotator);
  buildForm(desk.session);
  buildQueue(desk.session, openRow);
  bindKeys({ accept: () => decide("accepted"), reject: () => decide("rejected"), reopen: () => decide("open"), go, addRow: addQuery, help: showKeys });
  const clicks = { accept: () => decide("accepted"), reject: () => decide("rejected"), back: () => go(-1), on: () => go(1), undo, reset: resetContent, "add-row": addQuery, "open-name": changeName };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("answer").addEventListener("submit", (event) => event.preventDefault());
  byId("video").addEventListener("loadedmetadata", () => {
    fitView();
    drawSpanRows();
  });
  for (const id of ["zoom-in", "zoom-out"]) {
    byId(id).addEventListener("click", () => zoom(id === "zoom-in" ? 0.6 : 1 / 0.6));
  }
  if (!desk.annotator) desk.annotator = await askName(desk.session, "");
  localStorage.setItem(NAME, desk.annotator);
  await begin();
}

main().catch((error) => tellSaving("failed", error.message));
