// Tables of facts: nested settings written as rows "judges.similarity.model", texts as text.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const MAX_DEPTH = 6;
  const SHORT = 24;

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

  function text(value) {
    if (typeof value === "string") return value;
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (Array.isArray(value) && value.every((one) => !isObject(one) && !Array.isArray(one))) return value.map(text).join(", ");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  // Returns [path, text] of every value that says something.
  function flatten(value, path = "", depth = 0) {
    if (isEmpty(value)) return [];
    if (!isObject(value) || depth >= MAX_DEPTH) return [[path, text(value)]];
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, path ? `${path}.${key}` : key, depth + 1));
  }

  function factTable(caption, rows) {
    if (!rows.length) return "";
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      make("table", { class: "facts" }, make("caption", {}, caption),
        make("tbody", {}, ...rows.map(([name, ...cells]) =>
          make("tr", {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", { dir: "auto" }, cell)))))));
  }

  // Figures stay on one line; texts of others, which may be long, are broken anywhere.
  const headOf = (name) => make("th", { scope: "row", class: typeof name === "string" && name.length <= SHORT ? "short" : false }, name);
  const cellOf = (cell) => make("td", typeof cell === "string" && cell.length <= SHORT ? { class: "short" } : {}, cell);

  function table(caption, headings, rows) {
    if (!rows.length) return "";
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      make("table", { class: "figures" }, make("caption", {}, caption),
        make("thead", {}, make("tr", {}, ...headings.map((one) => make("th", { scope: "col" }, one)))),
        make("tbody", {}, ...rows.map(([name, ...cells]) => make("tr", {}, headOf(name), ...cells.map(cellOf))))));
  }

  rarft.factTable = { flatten, factTable, table, isEmpty };
})((window.rarft = window.rarft || {}));
