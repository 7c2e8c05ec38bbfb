// The table of one task. Rows are made once for a set of columns; sorting and filtering put the same rows
// in another order. Rows are grids, so that the browser lays out only those in sight; roles keep the table.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;
  const cells = rarft.tableCells;
  const { groupTitle, columnName } = rarft.boardModel;
  /** Rows that are in sight before anybody scrolls; the others follow in the next idle moment. */
  const N_FIRST = 40;
  const LATER_MS = 120;
  const NAME = { key: "name", label: "Model", unit: "text" };

  /** Return the least width of a column in rem: of its figures with their intervals, or of its heading. */
  function widthOf(column, hasIntervals) {
    if (column.unit === "text") return column.key === "hardware" ? 12 : 6;
    const longest = Math.max(...column.label.split(" ").map((word) => word.length));
    const ofFigures = column.ranked && hasIntervals ? 0.31 * (column.unit === "percent" ? 9 : 2 * column.digits + 5) : 2.4;
    return 1.2 + Math.max(ofFigures, 0.43 * longest);
  }

  /** Return the least widths of all columns; the last of a group makes room for the group's title. */
  function widthsOf(columns, hasIntervals) {
    const widths = columns.map((column) => widthOf(column, hasIntervals));
    let group = 0;
    columns.forEach((column, place) => {
      group = place && column.group === columns[place - 1].group ? group + widths[place] : widths[place];
      const isLast = place + 1 === columns.length || columns[place + 1].group !== column.group;
      if (isLast) widths[place] += Math.max(0, 1.2 + 0.44 * groupTitle(column).length - group);
    });
    return widths.map((width) => Math.round(100 * width) / 100);
  }

  class Table {
    /**
     * @param {any} board
     * @param {{onSort: (key: string) => void, onPick: (id: string, isPicked: boolean) => void}} callbacks
     */
    constructor(board, { onSort, onPick }) {
      this.board = board;
      this.columns = [];
      this.rows = new Map();
      this.made = "";
      this.head = make("thead", { role: "rowgroup" });
      this.body = make("tbody", { role: "rowgroup" });
      this.foot = make("tfoot", { role: "rowgroup" });
      this.caption = make("caption", { class: "visually-hidden", id: "board-caption" });
      this.element = make("table", { class: "board", id: "board-table", role: "table", "aria-labelledby": "board-caption" }, this.caption, this.head, this.body, this.foot);
      this.rest = [];
      window.addEventListener("beforeprint", () => this.finish());
      this.head.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-key]");
        if (button) onSort(button.dataset.key);
      });
      this.element.addEventListener("change", (event) => {
        const row = event.target.closest("tr[data-id]");
        if (row && event.target.matches(".pick")) onPick(row.dataset.id, event.target.checked);
      });
    }

    /** Show rows in an order by columns; `references` are floors and the blind row, in theirs. */
    show({ view, columns, rows, references, sortColumn, rankColumn }) {
      const key = `${view.task} ${columns.map((column) => column.key).join(" ")}`;
      if (key !== this.made) this.make(view.task, columns, key);
      const rowOf = (entry) => this.rows.get(entry.id);
      this.markSorted(view, sortColumn);
      this.markRanks(view.task, rankColumn);
      for (const [id, row] of this.rows) row.querySelector(".pick").checked = view.picks.includes(id);
      this.place(rows.map(rowOf));
      this.foot.replaceChildren(...references.map(rowOf));
      const widths = widthsOf(columns, view.hasIntervals);
      this.element.style.setProperty("--columns", widths.map((width) => `minmax(${width}rem, ${width}fr)`).join(" ") || "0");
      this.element.style.setProperty("--all", `${widths.reduce((sum, width) => sum + width, 0)}rem`);
      this.element.classList.toggle("no-intervals", !view.hasIntervals);
      this.element.classList.toggle("is-empty", rows.length === 0);
    }

    // Put rows in the body, unless they are there in this order already. What is in sight comes first.
    place(rows) {
      const order = `${this.made} ${rows.map((row) => row.dataset.id).join(" ")}`;
      if (order === this.order) return;
      this.order = order;
      this.rest = rows.slice(N_FIRST);
      this.body.replaceChildren(...rows.slice(0, N_FIRST));
      if (this.element.parentElement) this.element.parentElement.scrollTop = 0;
      if (!this.rest.length) return;
      const later = window.requestIdleCallback || setTimeout;
      later(() => this.order === order && this.finish(), later === setTimeout ? LATER_MS : { timeout: LATER_MS });
    }

    /** Put the rows that are still to follow into the body. */
    finish() {
      this.body.append(...this.rest);
      this.rest = [];
    }

    make(task, columns, key) {
      this.made = key;
      this.columns = columns;
      this.firsts = columns.map((column, place) => place === 0 || column.group !== columns[place - 1].group);
      fill(this.head, this.groupRow(), this.headRow());
      this.rows = new Map(this.board.rows(task).map((entry) => [entry.id, this.makeRow(entry, task)]));
    }

    groupRow() {
      const row = make("tr", { class: "groups", role: "row" }, make("td", { class: "rank", role: "cell" }), make("td", { class: "name", role: "cell" }));
      for (let place = 0; place < this.columns.length;) {
        let end = place + 1;
        while (end < this.columns.length && !this.firsts[end]) end += 1;
        const title = groupTitle(this.columns[place]);
        const heading = make("th", { scope: "colgroup", role: "columnheader", colspan: end - place, "aria-colspan": end - place, class: "first", title }, make("span", {}, title));
        heading.style.setProperty("grid-column", `span ${end - place}`);
        row.append(heading);
        place = end;
      }
      return row;
    }

    headRow() {
      const heading = (column, className) => make("th", { scope: "col", role: "columnheader", class: className, "data-column": column.key },
        make("button", { type: "button", "data-key": column.key, title: column.title || "" },
          column.group ? make("span", { class: "visually-hidden" }, `${groupTitle(column)} `) : "", column.label, make("span", { class: "order", "aria-hidden": "true" })));
      const classOf = (column, place) => `${column.unit === "text" ? "words" : "num"}${this.firsts[place] ? " first" : ""}`;
      return make("tr", { class: "heads", role: "row" }, make("th", { scope: "col", role: "columnheader", class: "rank" }, "Rank"), heading(NAME, "name"),
        ...this.columns.map((column, place) => heading(column, classOf(column, place))));
    }

    makeRow(entry, task) {
      const isReference = rarft.boardView.isReference(entry);
      const row = document.createElement("tr");
      row.dataset.id = entry.id;
      row.setAttribute("role", "row");
      row.className = isReference ? `reference ${entry.kind}` : entry.kind;
      const rank = make("td", { class: "rank", role: "cell", tabindex: "-1" });
      row.append(rank, cells.nameCell(entry, { isReference, isComputed: this.isComputed(entry, task) }));
      this.columns.forEach((column, place) => {
        const isFirst = this.firsts[place];
        row.append(column.unit === "text" ? cells.textCell(entry[column.key], isFirst)
          : cells.figureCell(this.board.figure(entry, task, column), column, { isReference, isFirst }));
      });
      return row;
    }

    // A floor of a task without samples was asked nothing: its figures follow from the size of the set.
    isComputed(entry, task) {
      return entry.kind === "floor" && this.board.task(task).kind !== "group" && !entry.tasks[task]?.n?.queries;
    }

    markSorted(view, sortColumn) {
      const key = sortColumn ? sortColumn.key : NAME.key;
      const isUp = sortColumn && sortColumn.unit !== "text" ? (sortColumn.higher_is_better === false) !== view.isWorstFirst : !view.isWorstFirst;
      for (const heading of this.head.querySelectorAll("th[data-column]")) {
        const isSorted = heading.dataset.column === key;
        if (isSorted) heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        else heading.removeAttribute("aria-sort");
        heading.querySelector(".order").textContent = isSorted ? (isUp ? "▴" : "▾") : "";
      }
      const place = this.columns.findIndex((column) => column.key === key);
      if (this.sortedPlace === place && this.sortedMade === this.made) return;
      for (const row of this.rows.values()) {
        row.querySelector(".sorted")?.classList.remove("sorted");
        if (place >= 0) row.cells[place + 2].classList.add("sorted");
      }
      this.sortedPlace = place;
      this.sortedMade = this.made;
    }

    markRanks(task, column) {
      const key = `${this.made} ${column ? column.key : ""}`;
      if (key === this.ranked) return;
      this.ranked = key;
      const heading = this.head.querySelector("th.rank");
      heading.title = column ? `Rank by ${columnName(column)}: 1 + rows that are significantly better` : "";
      for (const [id, row] of this.rows) {
        const entry = this.board.byId.get(id);
        const range = column ? this.board.rankRange(entry, task, column) : null;
        row.cells[0].textContent = row.classList.contains("reference") ? "" : cells.rangeText(range);
      }
    }
  }

  rarft.table = { Table };
})((window.rarft = window.rarft || {}));
