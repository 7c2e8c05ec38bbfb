// The plots below the table: of the picked rows, or of the first ones while nothing is picked. They are drawn
// once they come near the window, as their data are files of their own.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;
  const N_USUAL = 4;
  // The table answers first.
  const later = (what) => (window.requestIdleCallback ? window.requestIdleCallback(what, { timeout: 500 }) : setTimeout(what, 60));

  class Plots {
    constructor(board, element) {
      this.board = board;
      this.element = element;
      this.details = new Map();
      this.isNear = false;
      this.legend = make("ul", { class: "plot-legend", "aria-label": "Rows in the plots" });
      this.why = make("p", { class: "note" });
      this.grid = make("div", { class: "plot-grid" });
      fill(element, make("h2", { id: "plots-title" }, "Plots"), this.why, this.legend, this.grid);
      new IntersectionObserver(([seen]) => {
        if (!seen.isIntersecting || this.isNear) return;
        this.isNear = true;
        this.draw();
      }, { rootMargin: "150px" }).observe(element);
      let width = 0;
      new ResizeObserver(([seen]) => {
        const now = Math.round(seen.contentRect.width);
        if (now === width) return;
        width = now;
        this.paint();
      }).observe(this.grid);
      // A printed page has them all.
      window.addEventListener("beforeprint", () => { this.isNear = true; this.draw(); });
    }

    show(shown) {
      this.shown = shown;
      if (this.isNear) this.draw();
    }

    pickedOf({ view, rows }) {
      const picked = view.picks.map((id) => this.board.byId.get(id)).filter((entry) => Object.hasOwn(entry.tasks, view.task));
      if (picked.length) return picked;
      const measured = rows.filter((entry) => entry.kind === "entry");
      return (measured.length > 1 ? measured : rows).slice(0, N_USUAL);
    }

    async draw() {
      const { shown, board } = this;
      if (!shown) return;
      const picked = this.pickedOf(shown);
      const references = shown.references.filter((entry) => !picked.includes(entry));
      this.now = { ...shown, board, task: shown.view.task, picked, references, details: this.details };
      const wanted = picked.filter((entry) => entry.kind !== "paper" && !this.details.has(entry.id));
      const task = board.task(shown.view.task);
      const slices = (task.levels.length || task.categories.length) && !board.slices.has(task.name)
        ? rarft.store.load(`slices:${task.name}`).then((value) => board.slices.set(task.name, value), () => null) : null;
      await Promise.all([slices, ...wanted.map((entry) => rarft.store.load(`entry:${entry.id}`).then((value) => this.details.set(entry.id, value), () => null))]);
      // What was asked for meanwhile is drawn by its own call.
      if (this.shown === shown) this.paint();
    }

    paint() {
      if (!this.now || !this.isNear) return;
      const { view, picked, references } = this.now;
      const all = this.grid.clientWidth;
      if (!all) return;
      const n_columns = all >= 1000 ? 2 : 1;
      const width = Math.floor(Math.min((all - (n_columns - 1) * 24) / n_columns - 42, 680));
      const given = { ...this.now, width: Math.max(width, 240) };
      const figures = [rarft.plotSlices.levels(given), rarft.plotTradeoffs.costs(given), rarft.plotSlices.categories(given), rarft.plotTradeoffs.riskCoverage(given)].filter(Boolean);
      this.why.textContent = figures.length === 0 ? "The rows of this task tell nothing that could be plotted."
        : view.picks.length ? "Of the rows that are ticked in the table." : `Of the first ${picked.length} rows; tick rows in the table to plot others.`;
      fill(this.legend, figures.length ? [
        picked.map((entry, place) => make("li", { dir: "auto" }, rarft.plotFrame.key(place + 1), entry.name)),
        references.map((entry) => make("li", { class: "quiet", dir: "auto" }, rarft.plotFrame.referenceKey(entry), entry.name)),
      ] : null);
      fill(this.grid, figures);
      this.element.dataset.drawn = view.task;
    }
  }

  rarft.plots = { Plots };
})((window.rarft = window.rarft || {}));
