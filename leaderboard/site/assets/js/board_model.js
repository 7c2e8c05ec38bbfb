// What the board holds: figures by name instead of by place, columns in groups, ranges of ranks.
"use strict";

(function (rarft) {
  /**
   * @typedef {{v: number, low?: number, high?: number, rank?: number, first?: number, last?: number, flags: number, note: string}} Figure
   * @typedef {{key: string, group: string, label: string, title: string, unit: string, higher_is_better: boolean | null,
   *   digits: number, ranked: boolean, paper: boolean, slice?: string}} Column
   */
  const FLAGS = { uncertain: 1, reported: 2, incomplete: 4, unscored: 8, otherConditions: 16, atFloor: 32 };
  const NOTHING = "–";
  const GROUP_TITLES = {
    "RA-IoU": "RA-IoU", F1: "F1", mIoU: "Mean IoU", pair: "Pairs", irrelevant: "Explanation, all irrelevant",
    refused: "Explanation, refused only", thresholds: "Thresholds", replies: "Replies", cost: "Cost", run: "Run",
  };
  /** Columns of words, which every board has. */
  const RUN_COLUMNS = [
    { key: "prompt", label: "prompt", title: "Whose prompt the model was asked with" },
    { key: "policy", label: "policy", title: "Whether an unparsed reply counts as a refusal (paper) or as wrong (strict)" },
    { key: "video_input", label: "video", title: "What the model received as the video" },
    { key: "hardware", label: "hardware", title: "What the replies were made on, as the submitter says" },
  ].map((column) => ({ ...column, group: "run", unit: "text", higher_is_better: null, digits: 0, ranked: false, paper: false }));

  /** Return a stored list as a figure, or null. Notes are texts of the board. */
  function unpack(list, notes) {
    if (!Array.isArray(list) || !Number.isFinite(list[0])) return null;
    const [v, low, high, rank, first, last, flags, note] = list;
    const text = Number.isInteger(note) && typeof notes[note] === "string" ? notes[note] : "";
    return { v, low, high, rank, first, last, flags: Number.isInteger(flags) ? flags : 0, note: text };
  }

  const has = (figure, flag) => (figure.flags & FLAGS[flag]) !== 0;
  const hasInterval = (figure) => Number.isFinite(figure.low) && Number.isFinite(figure.high);

  /** Write a number with the digits of its column; a rounded negative zero is zero. */
  function written(value, column) {
    if (!Number.isFinite(value)) return NOTHING;
    if (column.unit === "count") return Math.round(value).toLocaleString("en");
    const text = value.toFixed(column.digits);
    return Number(text) === 0 ? text.replace("-", "") : text;
  }

  const interval = (figure, column) => (hasInterval(figure) ? `${written(figure.low, column)}–${written(figure.high, column)}` : "");

  class Board {
    constructor(stored) {
      this.stored = stored;
      this.tasks = stored.tasks;
      this.entries = stored.entries;
      this.notes = stored.notes || [];
      this.byId = new Map(stored.entries.map((entry) => [entry.id, entry]));
      /** @type {Map<string, any>} slices by task, as they are loaded */
      this.slices = new Map();
      this.ranges = new Map();
    }

    task(name) {
      return this.tasks.find((task) => task.name === name) || this.tasks[0];
    }

    /** Rows that have anything of a task. */
    rows(task) {
      return this.entries.filter((entry) => Object.hasOwn(entry.tasks || {}, task));
    }

    rawFigure(entry, task, column) {
      if (!column.slice) return entry.tasks[task]?.figures?.[column.key];
      const slices = this.slices.get(task)?.entries?.[entry.id];
      return slices?.[column.slice]?.[column.part]?.[column.base];
    }

    /** @returns {Figure | null} */
    figure(entry, task, column) {
      return column.unit === "text" ? null : unpack(this.rawFigure(entry, task, column), this.notes);
    }

    /** The columns of a task that say anything, in the order of the board, those of words last. */
    columns(task) {
      const rows = this.rows(task);
      const kept = this.stored.columns.filter((column) => rows.some((entry) => {
        const raw = this.rawFigure(entry, task, column);
        // Nothing missing, failed or unscored is not worth a column; the rate of unparsed replies always is.
        return Array.isArray(raw) && (column.group !== "replies" || column.key === "unparsed" || raw[0] !== 0);
      }));
      const words = RUN_COLUMNS.filter((column) => rows.some((entry) => entry[column.key]));
      return [...kept, ...words];
    }

    /** The columns of levels or of categories, which the slices of a task bring. */
    sliceColumns(task, slice) {
      const slices = this.slices.get(task);
      if (!slices) return [];
      const names = slices[slice] || [];
      const found = slices.columns.flatMap((base) => names.map((part) => this.sliceColumn(base, slice, part)));
      const rows = this.rows(task);
      return found.filter((column) => rows.some((entry) => Array.isArray(this.rawFigure(entry, task, column))));
    }

    sliceColumn(base, slice, part) {
      const model = this.stored.columns.find((one) => one.key === base) || { unit: "plain", digits: 2, higher_is_better: true, label: base, group: "", title: base };
      const heading = [model.group === "irrelevant" ? "" : model.group, model.label].filter(Boolean).join(" ");
      return {
        ...model, key: `${base}/${part}`, base, slice, part, group: `${slice}:${base}`, groupTitle: `${heading} by ${slice === "levels" ? "level" : "category"}`,
        label: shortName(part), title: `${model.title}: ${part.replace("/", ", ")}`, ranked: true, paper: false,
      };
    }

    /**
     * Return the ranks that a row may have by a column, [best, worst], or null where it is not ranked:
     * from one more than the rows that are significantly better to the last that shares a tie group.
     */
    rankRange(entry, task, column) {
      const figure = this.figure(entry, task, column);
      if (!figure || !Number.isInteger(figure.rank) || entry.kind !== "entry") return null;
      const firsts = this.firsts(task, column);
      const below = firsts.length - upperBound(firsts, figure.last ?? Infinity);
      return [figure.rank, Math.max(figure.rank, firsts.length - below)];
    }

    // The first tie groups of all ranked rows, sorted; read once a column.
    firsts(task, column) {
      const key = `${task} ${column.key}`;
      if (!this.ranges.has(key)) {
        const found = this.rows(task).filter((entry) => entry.kind === "entry").map((entry) => this.figure(entry, task, column))
          .filter((figure) => figure && Number.isInteger(figure.rank)).map((figure) => figure.first ?? 1);
        this.ranges.set(key, found.sort((a, b) => a - b));
      }
      return this.ranges.get(key);
    }
  }

  function upperBound(sorted, value) {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sorted[middle] <= value) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  // FineGrainedAction is wide for a column: "Fine-Grained Action" breaks into lines.
  const shortName = (part) => part.split("/").pop().replace(/([a-z])([A-Z])/g, "$1 $2");
  const groupTitle = (column) => column.groupTitle || (Object.hasOwn(GROUP_TITLES, column.group) ? GROUP_TITLES[column.group] : column.group);
  const columnName = (column) => `${groupTitle(column).replace(/ by (level|category)$/, "")} ${column.label}`;

  rarft.boardModel = { Board, unpack, written, interval, has, hasInterval, groupTitle, columnName, shortName, NOTHING, FLAGS };
})((window.rarft = window.rarft || {}));
