// The list of rows: one page of a filter at a time, whatever the size of the set.

import { fetchQueue } from "./server.js";
import { desk } from "./state.js";

const byId = (id) => document.getElementById(id);
const SEARCH_DELAY_MS = 250;
const NAMES = { all: "All rows", open: "Undecided", accepted: "Accepted", edited: "Accepted, edited", rejected: "Rejected", disagreement: "Annotators differ" };
const SIGNS = { open: "○", accepted: "✓", rejected: "✕" };
let shown = { total: 0, offset: 0, items: [] };
let open = () => {};
let asked = 0;

export function buildQueue(session, onOpen) {
  open = onOpen;
  const options = session.filters.map((name) => new Option(NAMES[name] ?? name, name));
  byId("filter").replaceChildren(...options);
  byId("filter").addEventListener("change", () => load({ offset: 0 }));
  let timer = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => load({ offset: 0 }), SEARCH_DELAY_MS);
  });
  byId("page-back").addEventListener("click", () => load({ offset: Math.max(0, shown.offset - session.page_size) }));
  byId("page-on").addEventListener("click", () => load({ offset: shown.offset + session.page_size }));
}

export async function load({ offset = shown.offset, containing } = {}) {
  const number = (asked += 1);
  const values = { annotator: desk.annotator, filter: byId("filter").value, search: byId("search").value.trim(), offset, containing };
  const page = await fetchQueue(values);
  if (number !== asked) return;
  shown = page;
  showCounts(page.counts);
  draw();
}

export function showCounts(counts) {
  const n = counts.accepted + counts.rejected;
  byId("progress").max = Math.max(1, counts.all);
  byId("progress").value = n;
  byId("progress-text").textContent = `${n.toLocaleString()} of ${counts.all.toLocaleString()} decided`;
}

// The row on the page changes at once, without asking the server for the list.
export function refreshRow(item, annotation, isEdited) {
  const place = shown.items.findIndex((one) => one.id === item.id);
  if (place < 0) return;
  const { text, decision, relevant } = annotation;
  shown.items[place] = { ...shown.items[place], text, decision, relevant, edited: isEdited };
  byId("rows").children[place].replaceWith(newRow(shown.items[place]));
}

function draw() {
  byId("rows").replaceChildren(...shown.items.map(newRow));
  const last = shown.offset + shown.items.length;
  byId("page-text").textContent = shown.total ? `${shown.offset + 1}–${last} of ${shown.total.toLocaleString()}` : "No rows";
  byId("page-back").disabled = shown.offset === 0;
  byId("page-on").disabled = last >= shown.total;
  byId("rows").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function newRow(item) {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  if (item.id === desk.item?.id) button.setAttribute("aria-current", "true");
  const sign = document.createElement("span");
  sign.className = "sign";
  sign.dataset.decision = item.decision;
  sign.textContent = SIGNS[item.decision];
  sign.setAttribute("aria-label", NAMES[item.decision === "open" ? "open" : item.decision]);
  sign.setAttribute("role", "img");
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = item.text || "No query yet";
  const under = document.createElement("span");
  under.className = "under";
  under.textContent = item.video + (item.edited && item.decision !== "rejected" ? " · edited" : "") + (item.added_by ? " · added" : "");
  button.append(sign, words, under);
  button.addEventListener("click", () => open(item.id));
  row.append(button);
  return row;
}

export const isListed = (id) => shown.items.some((item) => item.id === id);

export function markCurrent() {
  shown.items.forEach((item, place) => {
    const button = byId("rows").children[place].firstChild;
    if (item.id === desk.item.id) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  });
}

// The row before or behind the one on the page, on the next page of the list where it must be;
// null at the end.
export async function neighbour(direction) {
  const place = shown.items.findIndex((one) => one.id === desk.item?.id);
  const wanted = place + direction;
  if (place >= 0 && shown.items[wanted]) return shown.items[wanted].id;
  if (place < 0) return shown.items[0]?.id ?? null;
  const offset = direction > 0 ? shown.offset + shown.items.length : shown.offset - desk.session.page_size;
  if (offset < 0 || offset >= shown.total) return null;
  await load({ offset });
  return shown.items.at(direction > 0 ? 0 : -1)?.id ?? null;
}
