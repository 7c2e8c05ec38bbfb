// Cells of the board: a figure with its marks and small interval, the name of a row, a range of ranks.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const model = rarft.boardModel;
  /** Marks behind a figure, with the words that say the same. */
  const MARKS = [["uncertain", "?", "uncertain"], ["incomplete", "†", "some queries have no reply"], ["unscored", "‡", "some refusals are unscored"], ["otherConditions", "§", "other conditions"]];

  const marksOf = (figure) => MARKS.filter(([flag]) => model.has(figure, flag));

  function classesOf(figure, isReference) {
    const names = ["num"];
    if (!isReference && figure.rank === 1) names.push("best");
    if (model.has(figure, "uncertain")) names.push("uncertain");
    if (model.has(figure, "otherConditions")) names.push("other");
    return names.join(" ");
  }

  /**
   * Make the cell of a figure. Cells are many, so that they hold no more than what is seen.
   * @returns {HTMLTableCellElement}
   */
  function figureCell(figure, column, { isReference, isFirst }) {
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.tabIndex = -1;
    cell.className = (figure ? classesOf(figure, isReference) : "num none") + (isFirst ? " first" : "");
    if (!figure) {
      cell.textContent = model.NOTHING;
      return cell;
    }
    const text = model.written(figure.v, column);
    cell.append(model.has(figure, "atFloor") ? make("span", { class: "at-floor" }, text) : text);
    for (const [, sign, words] of marksOf(figure)) {
      cell.append(make("sup", { "aria-hidden": "true" }, sign), make("span", { class: "visually-hidden" }, ` (${words})`));
    }
    const interval = isReference ? "" : model.interval(figure, column);
    if (interval) {
      const small = document.createElement("small");
      small.textContent = interval;
      cell.append(small);
    }
    return cell;
  }

  function textCell(text, isFirst) {
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.tabIndex = -1;
    cell.className = `words${isFirst ? " first" : ""}`;
    cell.dir = "auto";
    cell.textContent = text || model.NOTHING;
    return cell;
  }

  const KINDS = { floor: "floor", blind: "sees only the query" };
  const COMPUTED = "floor, computed";

  function nameCell(entry, { isReference, isComputed = false }) {
    const cell = make("th", { scope: "row", role: "rowheader", class: "name", tabindex: "-1" });
    const link = make("a", { href: rarft.shell.entryLink(entry.id), dir: "auto" }, entry.name);
    const about = [entry.family ? entry.family.toUpperCase() : "", entry.size].filter(Boolean).join(" · ");
    const pick = make("input", { type: "checkbox", class: "pick", "aria-label": `Plot ${entry.name}`, title: "Plot it" });
    const under = isReference ? make("span", { class: "under" }, isComputed ? COMPUTED : KINDS[entry.kind])
      : make("span", { class: "under" }, about ? make("span", { class: "about", dir: "auto" }, about) : "", rarft.shell.tierBadge(entry.tier));
    return rarft.dom.append(cell, make("div", {}, pick, make("span", { class: "name-lines" }, link, under)));
  }

  /** Write a range of ranks: 2, or 2–5 where rows cannot be told apart. */
  const rangeText = (range) => (range ? (range[0] === range[1] ? String(range[0]) : `${range[0]}–${range[1]}`) : model.NOTHING);

  rarft.tableCells = { figureCell, textCell, nameCell, rangeText, marksOf, MARKS };
})((window.rarft = window.rarft || {}));
