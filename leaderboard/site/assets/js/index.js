// The page of the board: what is in the address is shown, and what the reader does goes to the address.
"use strict";

(function (rarft) {
  const { find, make } = rarft.dom;
  const view_ = rarft.boardView;

  class Page {
    constructor(board) {
      this.board = board;
      this.tabs = new rarft.tabs.Tabs(board, (task) => this.change({ task, sort: "", isWorstFirst: false }, { push: true }));
      this.controls = new rarft.controls.Controls({ board, change: (changed) => this.change(changed), copy: (name) => this.copy(name) });
      this.table = new rarft.table.Table(board, { onSort: (key) => this.sortBy(key), onPick: (id, isPicked) => this.pick(id, isPicked) });
      this.picked = make("div", { class: "picked no-print", hidden: true });
      this.empty = make("p", { class: "empty", hidden: true }, "No row passes the filters.");
      const scroller = make("div", { class: "scroller", id: "scroller" }, this.table.element, this.empty);
      find("tabs").replaceWith(this.tabs.element);
      find("board").replaceChildren(this.tabs.about, this.controls.element, scroller, this.picked);
      this.focus = rarft.tableFocus.follow(this.table.element);
      this.detail = rarft.detail.attach(this.table.element, (cell) => this.tell(cell));
      this.plots = new rarft.plots.Plots(board, find("plots"));
      rarft.urlState.onChange((state) => this.show(state));
      this.show(rarft.urlState.read());
    }

    change(changed, options) {
      rarft.urlState.write(view_.toState({ ...this.view, ...changed }, this.board), options);
    }

    show(state) {
      const { board } = this;
      this.view = view_.fromState(state, board);
      const { view } = this;
      this.loadSlices(view);
      const columns = view_.shownColumns(board, view);
      const known = [...columns, ...board.columns(view.task)];
      const isByName = view.sort === "name";
      const main = view_.mainColumn(board.columns(view.task));
      this.sortColumn = isByName ? null : known.find((column) => column.key === view.sort) || main;
      this.rankColumn = this.sortColumn && this.sortColumn.ranked ? this.sortColumn : main && main.ranked ? main : null;
      const all = board.rows(view.task);
      const order = (rows) => view_.sorted(rows, { board, view, column: this.sortColumn });
      const kept = all.filter((entry) => !view_.isReference(entry) && view_.passes(entry, view));
      const references = all.filter(view_.isReference);
      const rows = order(view.isInline ? [...kept, ...references] : kept);
      this.shown = { board, view, columns, rows: [...rows, ...(view.isInline ? [] : order(references))], rankColumn: this.rankColumn };
      this.table.show({ view, columns, rows, references: view.isInline ? [] : order(references), sortColumn: this.sortColumn, rankColumn: this.rankColumn });
      this.table.caption.textContent = `${rarft.tabs.titleOf(board.task(view.task))}, sorted by ${this.sortColumn ? rarft.boardModel.columnName(this.sortColumn) : "name"}`;
      this.tabs.show(view.task);
      find("board").setAttribute("aria-labelledby", `tab-${view.task}`);
      this.controls.show(view, kept.length, all.length - references.length);
      this.empty.hidden = kept.length > 0;
      this.focus.settle();
      this.detail.hide();
      this.showPicked(view);
      this.plots.show({ view, rows: order(kept), references: order(references), columns: known, sortColumn: this.sortColumn });
      document.title = `${rarft.tabs.titleOf(board.task(view.task))} · rarft leaderboard`;
    }

    async loadSlices(view) {
      const { task, groups } = view;
      if (this.board.slices.has(task) || !groups.some((group) => group === "levels" || group === "categories")) return;
      try {
        this.board.slices.set(task, await rarft.store.load(`slices:${task}`));
      } catch (problem) {
        rarft.shell.announce(problem.message);
        return;
      }
      if (this.view.task === task) this.show(rarft.urlState.read());
    }

    sortBy(key) {
      const isSame = key === (this.sortColumn ? this.sortColumn.key : "name");
      this.change({ sort: key, isWorstFirst: isSame && !this.view.isWorstFirst });
      rarft.shell.announce(`${this.table.caption.textContent}${this.view.isWorstFirst ? ", worst first" : ""}`);
    }

    pick(id, isPicked) {
      const others = this.view.picks.filter((one) => one !== id);
      if (isPicked && others.length >= view_.MAX_PICKS) rarft.shell.announce(`At most ${view_.MAX_PICKS} rows are plotted; the first one left.`);
      this.change({ picks: isPicked ? [...others, id].slice(-view_.MAX_PICKS) : others });
    }

    showPicked(view) {
      const names = view.picks.map((id) => this.board.byId.get(id));
      this.picked.hidden = names.length === 0;
      if (!names.length) return;
      const clear = make("button", { type: "button", class: "plain" }, "Clear");
      clear.addEventListener("click", () => this.change({ picks: [] }));
      const able = names.filter((entry) => entry.kind !== "paper");
      const task = this.board.task(view.task);
      rarft.dom.fill(this.picked,
        make("span", {}, `${names.length} picked for the plots`),
        able.length === 2 ? make("a", { href: rarft.shell.compareLink(able[0].id, able[1].id, { task: view.task }) }, "Compare them") : "",
        able.length && task.n_chunks ? make("a", { href: rarft.shell.sampleLink({ task: view.task, entries: able.map((entry) => entry.id) }) }, "See their samples") : "",
        clear);
    }

    tell(cell) {
      const entry = this.board.byId.get(cell.parentElement.dataset.id);
      const column = this.shown.columns[cell.cellIndex - 2];
      if (!entry || !column || column.unit === "text") return null;
      return { name: entry.name, lines: rarft.detail.linesOf(this.board, entry, this.view.task, column) };
    }

    async copy(name) {
      const text = rarft.copy.FORMS[name](this.shown);
      if (await rarft.copy.put(text, name)) rarft.shell.toast(`Copied ${this.shown.rows.length} rows as ${name}`);
    }

    addKeys() {
      rarft.keys.add(
        { keys: ["/"], label: "Search", run: () => this.controls.search.focus() },
        { keys: ["]", "["], label: "Next, previous task", run: (event) => this.tabs.step(event.key === "]" ? 1 : -1) },
        { keys: ["t"], label: "Into the table", run: () => this.focus.first() },
        { keys: ["←", "↑", "→", "↓"], label: "From cell to cell; Enter opens the row" },
        { keys: ["i"], label: "Intervals", run: () => this.change({ hasIntervals: !this.view.hasIntervals }) },
        { keys: ["f"], label: "Floors in order or below", run: () => this.change({ isInline: !this.view.isInline }) },
        { keys: ["m"], label: "Copy as Markdown", run: () => this.copy("Markdown") },
        { keys: ["d"], label: "Light, dark, as the system", run: () => rarft.theme.next() },
      );
      this.controls.search.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !this.controls.search.value) this.controls.search.blur();
        if (event.key === "Enter" || event.key === "ArrowDown") this.focus.first();
      });
    }
  }

  async function start() {
    try {
      const board = new rarft.boardModel.Board(await rarft.store.load("board"));
      if (!board.tasks.length || !board.entries.length) throw new Error("This board has no rows yet; rarft-leaderboard build --entries DIR adds some");
      const page = new Page(board);
      page.addKeys();
      rarft.legend.show(board, find("legend"));
      find("generated").textContent = `Made by ${board.stored.generated_by}`;
      document.documentElement.dataset.ready = "yes";
    } catch (problem) {
      rarft.shell.showProblem(find("board"), problem);
    }
  }

  start();
})((window.rarft = window.rarft || {}));
