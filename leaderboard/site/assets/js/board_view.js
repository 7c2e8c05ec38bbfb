// What the reader asked to see: read from the address, written back to it, and applied to rows.
"use strict";

(function (rarft) {
  const DEFAULT_GROUPS = ["RA-IoU", "F1", "irrelevant", "replies", "cost"];
  const FILTERS = ["family", "size", "tier", "policy"];
  const MAX_PICKS = 6;
  const REFERENCES = ["floor", "blind"];

  /**
   * @typedef {{task: string, sort: string, isWorstFirst: boolean, q: string, family: string, size: string, tier: string, policy: string,
   *   groups: string[], hasIntervals: boolean, isInline: boolean, picks: string[]}} View
   */

  /** Return the view of an address; what the board does not have falls back to what it has. */
  function fromState(state, board) {
    const task = board.task(state.task).name;
    const sort = (state.sort || "").replace(/^-/, "");
    const view = {
      task, sort, isWorstFirst: (state.sort || "").startsWith("-"), q: (state.q || "").slice(0, 200),
      groups: state.cols === undefined ? DEFAULT_GROUPS : rarft.urlState.list(state.cols),
      hasIntervals: state.ci !== "0", isInline: state.floors === "inline",
      picks: rarft.urlState.list(state.pick).filter((id) => board.byId.has(id)).slice(0, MAX_PICKS),
    };
    for (const name of FILTERS) view[name] = state[name] || "";
    return view;
  }

  /** Return the state to keep in the address: only what differs from what is shown without one. */
  function toState(view, board) {
    const isUsual = view.groups.join() === DEFAULT_GROUPS.join();
    const state = {
      task: view.task === board.tasks[0].name ? "" : view.task,
      sort: view.sort ? (view.isWorstFirst ? "-" : "") + view.sort : "",
      q: view.q, ci: view.hasIntervals ? "" : "0", floors: view.isInline ? "inline" : "", pick: view.picks.join(","),
    };
    for (const name of FILTERS) state[name] = view[name];
    // An empty list of columns is a choice too, which an empty value would not keep.
    if (!isUsual) state.cols = view.groups.join(",") || "none";
    return state;
  }

  const isReference = (entry) => REFERENCES.includes(entry.kind);
  const searchable = (entry) => [entry.name, entry.title, entry.family, entry.size, entry.hardware, entry.id].join(" ").toLowerCase();

  /** Whether a row passes the filters; every word of the search has to be in it. */
  function passes(entry, view) {
    if (FILTERS.some((name) => view[name] && entry[name] !== view[name])) return false;
    const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return true;
    const text = searchable(entry);
    return words.every((word) => text.includes(word));
  }

  /** The figure that a task is sorted and ranked by until the reader says otherwise. */
  function mainColumn(columns) {
    return columns.find((column) => column.key === "f1_avg") || columns.find((column) => column.key === "ra_miou")
      || columns.find((column) => column.ranked) || columns[0];
  }

  const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const sizeOf = (text) => {
    const found = /^([\d.]+)\s*([KMBT]?)/i.exec(text);
    return found ? Number(found[1]) * { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 }[found[2].toUpperCase()] : Infinity;
  };

  /**
   * Return rows in the order of a column, the best first; rows without a figure come last either way.
   * @param {any[]} rows
   * @param {{board: any, view: View, column: any}} by
   */
  function sorted(rows, { board, view, column }) {
    const sign = view.isWorstFirst ? -1 : 1;
    const isText = !column || column.unit === "text";
    const better = column && column.higher_is_better === false ? 1 : -1;
    const keyed = rows.map((entry) => {
      if (isText) return { entry, value: column ? entry[column.key] || "" : entry.name.toLowerCase() };
      const raw = board.rawFigure(entry, view.task, column);
      return { entry, value: Array.isArray(raw) && Number.isFinite(raw[0]) ? raw[0] : null };
    });
    keyed.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || byText(a.entry.name, b.entry.name);
      const order = isText ? byText(a.value, b.value) : better * (a.value - b.value);
      return sign * order || byText(a.entry.name, b.entry.name) || byText(a.entry.id, b.entry.id);
    });
    return keyed.map((one) => one.entry);
  }

  /** The columns to show: those of the chosen groups, then levels and categories where they were asked for. */
  function shownColumns(board, view) {
    const usual = board.columns(view.task).filter((column) => view.groups.includes(column.group));
    const slices = ["levels", "categories"].filter((slice) => view.groups.includes(slice)).flatMap((slice) => board.sliceColumns(view.task, slice));
    const words = usual.filter((column) => column.unit === "text");
    return [...usual.filter((column) => column.unit !== "text"), ...slices, ...words];
  }

  rarft.boardView = { fromState, toState, passes, sorted, shownColumns, mainColumn, isReference, sizeOf, FILTERS, MAX_PICKS, DEFAULT_GROUPS };
})((window.rarft = window.rarft || {}));
