// What stands behind a figure: shown beside its cell while the cell has the focus or the mouse.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;
  const model = rarft.boardModel;
  const LATER_MS = 160;

  const MEANINGS = {
    uncertain: "Uncertain: the table it was read from does not say for certain whose figure it is, or contradicts itself. It is not ranked.",
    reported: "Reported in a paper, not computed from samples. It is not ranked.",
    incomplete: "† Some queries have no reply; the figure rests on the others.",
    unscored: "‡ A judge left more than 1% of the refusals unscored.",
    otherConditions: "§ Other queries, policy or judges than the ranked rows. It is not ranked.",
    atFloor: "Not significantly better than every floor.",
  };

  function rankText(board, entry, task, column, figure) {
    if (!Number.isInteger(figure.rank)) return "";
    const range = board.rankRange(entry, task, column);
    if (!range) return `Would stand at rank ${figure.rank}.`;
    const tied = range[0] === range[1] ? "" : `; cannot be told apart from the rows down to ${range[1]}`;
    return `Rank ${figure.rank}: ${figure.rank === 1 ? "no row is" : `${figure.rank - 1} ${figure.rank === 2 ? "row is" : "rows are"}`} significantly better${tied}.`;
  }

  /** Return what a cell has to say, one line each: what it is, the figure, its rank, its flags, its note. */
  function linesOf(board, entry, task, column) {
    const figure = board.figure(entry, task, column);
    const unit = { percent: "%", usd: " US dollars", seconds: " s", "0-5": " of 5" }[column.unit] || "";
    if (!figure) return [`${column.title}: does not apply, or nobody judged it.`];
    const interval = model.interval(figure, column);
    return [
      `${column.title}: ${model.written(figure.v, column)}${unit}${interval ? `, 95% interval ${interval.replace("–", " to ")}` : ""}.`,
      rankText(board, entry, task, column, figure),
      ...Object.keys(MEANINGS).filter((flag) => model.has(figure, flag) && !(flag === "reported" && model.has(figure, "uncertain"))).map((flag) => MEANINGS[flag]),
      figure.note,
    ].filter(Boolean);
  }

  /**
   * Show the details of a table's cells.
   * @param {HTMLTableElement} element
   * @param {(cell: HTMLTableCellElement) => {name: string, lines: string[]} | null} tell
   */
  function attach(element, tell) {
    const box = make("div", { class: "detail", id: "detail", role: "tooltip", hidden: true });
    document.body.append(box);
    let shown = null;
    let timer = 0;

    function hide() {
      clearTimeout(timer);
      shown?.removeAttribute("aria-describedby");
      shown = null;
      box.hidden = true;
    }

    function show(cell) {
      const told = tell(cell);
      if (!told) return hide();
      hide();
      fill(box, make("strong", { dir: "auto" }, told.name), told.lines.map((line) => make("p", { dir: "auto" }, line)));
      shown = cell;
      cell.setAttribute("aria-describedby", "detail");
      box.hidden = false;
      place(cell);
    }

    function place(cell) {
      const at = cell.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = box;
      const left = Math.min(Math.max(8, at.left + at.width / 2 - width / 2), innerWidth - width - 8);
      const isAbove = at.bottom + height + 8 > innerHeight && at.top - height - 8 > 0;
      box.style.setProperty("left", `${left}px`);
      box.style.setProperty("top", `${isAbove ? at.top - height - 6 : at.bottom + 6}px`);
    }

    const later = (what) => {
      clearTimeout(timer);
      timer = setTimeout(what, LATER_MS);
    };
    const cellOf = (event) => event.target instanceof Element && event.target.closest("tbody td, tfoot td");
    element.addEventListener("focusin", (event) => (cellOf(event) ? show(cellOf(event)) : hide()));
    element.addEventListener("focusout", () => later(hide));
    element.addEventListener("pointerover", (event) => {
      const cell = cellOf(event);
      if (cell && cell !== shown && event.pointerType === "mouse") later(() => show(cell));
      else if (cell === shown) clearTimeout(timer);
    });
    element.addEventListener("pointerleave", () => later(hide));
    // The mouse may move onto the box to read it, or to copy from it.
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", () => later(hide));
    element.addEventListener("click", (event) => cellOf(event)?.focus());
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
    element.parentElement.addEventListener("scroll", hide, { passive: true });
    return { hide };
  }

  rarft.detail = { attach, linesOf };
})((window.rarft = window.rarft || {}));
