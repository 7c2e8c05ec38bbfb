// Moving through the table with the arrow keys: one cell is in the order of the Tab key at a time.
"use strict";

(function (rarft) {
  const CELLS = "tbody td, tbody th, tfoot td, tfoot th";
  const PAGE = 12;

  /**
   * Let arrows, Home, End, PageUp and PageDown move the focus between the cells of a table.
   * @param {HTMLTableElement} table
   */
  function follow(table) {
    let current = null;

    function enter(cell) {
      if (current && current !== cell) current.tabIndex = -1;
      current = cell;
      cell.tabIndex = 0;
    }

    function go(cell) {
      if (!cell) return;
      enter(cell);
      cell.focus({ preventScroll: false });
      cell.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    }

    function next(cell, key) {
      const rows = [...table.tBodies[0].rows, ...table.tFoot.rows];
      const row = rows.indexOf(cell.parentElement);
      const at = (place) => rows[Math.min(Math.max(place, 0), rows.length - 1)].cells[cell.cellIndex];
      switch (key) {
        case "ArrowRight": return cell.nextElementSibling;
        case "ArrowLeft": return cell.previousElementSibling;
        case "ArrowDown": return at(row + 1);
        case "ArrowUp": return at(row - 1);
        case "PageDown": return at(row + PAGE);
        case "PageUp": return at(row - PAGE);
        case "Home": return cell.parentElement.cells[0];
        case "End": return cell.parentElement.cells[cell.parentElement.cells.length - 1];
        default: return null;
      }
    }

    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest(CELLS);
      if (cell) enter(cell);
    });
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest(CELLS);
      if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" && event.target === cell) {
        cell.parentElement.querySelector("th a")?.click();
        return;
      }
      const to = next(cell, event.key);
      if (!to) return;
      event.preventDefault();
      go(to);
    });

    /** Make sure that the Tab key reaches the table after its rows have changed. */
    function settle() {
      if (current && table.contains(current)) return;
      const first = table.querySelector(CELLS);
      if (first) enter(first);
    }

    return { settle, first: () => go(table.querySelector("tbody td, tbody th")) };
  }

  rarft.tableFocus = { follow };
})((window.rarft = window.rarft || {}));
