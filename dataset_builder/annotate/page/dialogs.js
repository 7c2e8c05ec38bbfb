// The dialogs: who annotates, the keys, and how far annotators agree.

import { fetchAgreement } from "./server.js";

const byId = (id) => document.getElementById(id);
const MEASURES = [
  ["decision_kappa", "Accepted or rejected, κ", "decided"],
  ["relevance_kappa", "In the video or not, κ", "accepted"],
  ["span_tiou", "Spans, mean tIoU", "relevant"],
  ["category_jaccard", "Categories, mean Jaccard", "irrelevant"],
];

export function bindDialogs() {
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  byId("open-keys").addEventListener("click", showKeys);
  byId("open-agreement").addEventListener("click", showAgreement);
}

export const showKeys = () => byId("keys-dialog").showModal();

// Resolves to a name; the dialog cannot be left without one while there is none.
export function askName(session, current) {
  const dialog = byId("name-dialog");
  byId("names").replaceChildren(...session.annotators.map((name) => new Option(name, name)));
  byId("name").value = current;
  dialog.showModal();
  byId("name").select();
  return new Promise((resolve) => {
    const hold = (event) => {
      if (!current) event.preventDefault();
    };
    const end = () => {
      dialog.removeEventListener("cancel", hold);
      const name = byId("name").value.split(/\s+/).join(" ").trim();
      resolve(dialog.returnValue === "cancel" ? current : name || current);
    };
    dialog.returnValue = "";
    dialog.addEventListener("cancel", hold);
    dialog.addEventListener("close", end, { once: true });
  });
}

async function showAgreement() {
  const box = byId("agreement");
  box.replaceChildren(paragraph("Counting…"));
  byId("agreement-dialog").showModal();
  try {
    const record = await fetchAgreement();
    box.replaceChildren(...decided(record.annotators), ...pairs(record.pairs));
  } catch (error) {
    box.replaceChildren(paragraph(error.message));
  }
}

function decided(annotators) {
  const names = Object.entries(annotators);
  if (!names.length) return [paragraph("Nobody has annotated anything yet.")];
  return [paragraph(names.map(([name, n]) => `${name} decided ${n.toLocaleString()} ${n === 1 ? "row" : "rows"}`).join("; ") + ".")];
}

function pairs(found) {
  if (!found.length) return [paragraph("There is agreement to report once two annotators have decided the same row.")];
  return found.map((pair) => {
    const table = document.createElement("table");
    table.createCaption().textContent = `${pair.a} and ${pair.b}`;
    const head = table.createTHead().insertRow();
    for (const name of ["Measure", "Rows", "Value", "95% interval"]) head.append(Object.assign(document.createElement("th"), { scope: "col", textContent: name }));
    const body = table.createTBody();
    for (const [key, name, of] of MEASURES) {
      const { value, interval } = pair.estimates[key];
      const row = body.insertRow();
      row.append(Object.assign(document.createElement("th"), { scope: "row", textContent: name }));
      row.insertCell().textContent = pair.n_rows[of];
      row.insertCell().textContent = value === null ? "–" : value.toFixed(3);
      row.insertCell().textContent = interval ? `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}` : "";
    }
    const differ = paragraph(pair.differ.length ? `They differ on ${pair.differ.length} of ${pair.n_rows.decided} rows; the list's filter shows them.` : "They differ on no row.");
    const section = document.createElement("section");
    section.append(table, differ);
    return section;
  });
}

const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text, className: "quiet" });
