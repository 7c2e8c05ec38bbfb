// The controls above the table: search, filters, columns, where floors stand, and copying.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;
  const view_ = rarft.boardView;
  const LABELS = { family: ["Family", "All families"], size: ["Size", "All sizes"], tier: ["Tier", "All tiers"], policy: ["Policy", "All policies"] };

  /** A button that opens a small panel; Escape and a click elsewhere close it. */
  function menu(label, id, ...content) {
    const panel = make("div", { class: "panel", id: `${id}-panel`, hidden: true, role: "group", "aria-label": label }, ...content);
    const button = make("button", { type: "button", id, "aria-expanded": "false", "aria-controls": panel.id }, label, make("span", { class: "chevron", "aria-hidden": "true" }, " ▾"));
    const element = make("div", { class: "menu" }, button, panel);
    const turn = (isOpen) => {
      panel.hidden = !isOpen;
      button.setAttribute("aria-expanded", String(isOpen));
    };
    button.addEventListener("click", () => turn(panel.hidden));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || panel.hidden) return;
      turn(false);
      button.focus();
      event.stopPropagation();
    });
    document.addEventListener("pointerdown", (event) => element.contains(event.target) || turn(false));
    element.addEventListener("focusout", (event) => event.relatedTarget && !element.contains(event.relatedTarget) && turn(false));
    return { element, panel, close: () => turn(false) };
  }

  function choices(board, task, name) {
    const counts = new Map();
    for (const entry of board.rows(task)) if (!view_.isReference(entry) && entry[name]) counts.set(entry[name], (counts.get(entry[name]) || 0) + 1);
    const order = name === "size" ? (a, b) => view_.sizeOf(a) - view_.sizeOf(b) : name === "tier" ? (a, b) => Object.keys(rarft.shell.TIERS).indexOf(a) - Object.keys(rarft.shell.TIERS).indexOf(b) : undefined;
    return [...counts.keys()].sort(order).map((value) => [value, name === "family" ? value.toUpperCase() : value, counts.get(value)]);
  }

  class Controls {
    /** @param {{board: any, change: (changed: any) => void, copy: (name: string) => void}} given */
    constructor({ board, change, copy }) {
      this.board = board;
      this.change = change;
      this.search = make("input", { type: "search", id: "search", placeholder: "Search", "aria-label": "Search models", spellcheck: "false", autocomplete: "off" });
      this.search.addEventListener("input", () => change({ q: this.search.value }));
      this.selects = Object.fromEntries(view_.FILTERS.map((name) => [name, this.select(name)]));
      this.columnBoxes = make("div", { class: "boxes" });
      this.columnMenu = menu("Columns", "columns", this.columnBoxes);
      this.copyMenu = menu("Copy", "copy", ...Object.keys(rarft.copy.FORMS).map((name) => this.copyButton(name, copy)));
      this.reset = make("button", { type: "button", class: "plain", hidden: true }, "Clear filters");
      this.reset.addEventListener("click", () => {
        change({ q: "", ...Object.fromEntries(view_.FILTERS.map((name) => [name, ""])) });
        this.search.focus();
      });
      this.count = make("p", { class: "count", role: "status" });
      this.more = make("button", { type: "button", class: "more", id: "more", "aria-expanded": "false", "aria-controls": "filters" }, "Filters");
      this.filters = make("div", { class: "filters", id: "filters" }, Object.values(this.selects));
      this.more.addEventListener("click", () => this.more.setAttribute("aria-expanded", String(this.filters.classList.toggle("open"))));
      this.element = make("div", { class: "controls", role: "search", "aria-label": "Rows and columns" },
        this.search, this.more, this.filters, this.columnMenu.element, this.copyMenu.element, this.reset, this.count);
    }

    copyButton(name, copy) {
      const button = make("button", { type: "button", "data-form": name }, name);
      button.addEventListener("click", () => {
        this.copyMenu.close();
        copy(name);
      });
      return button;
    }

    select(name) {
      const select = make("select", { id: `filter-${name}`, "aria-label": LABELS[name][0] });
      select.addEventListener("change", () => this.change({ [name]: select.value }));
      return select;
    }

    box(label, isChecked, change, isDisabled = false) {
      const input = make("input", { type: "checkbox", disabled: isDisabled });
      input.checked = isChecked;
      input.addEventListener("change", () => change(input.checked));
      return make("label", { class: "check" }, input, label);
    }

    turnGroup(view, group, isShown) {
      const others = view.groups.filter((one) => one !== group && one !== "none");
      this.change({ groups: isShown ? [...others, group] : others });
    }

    showColumns(view) {
      const task = this.board.task(view.task);
      const groups = [...new Map(this.board.columns(view.task).map((column) => [column.group, rarft.boardModel.groupTitle(column)]))];
      const key = JSON.stringify([view.task, view.groups, view.hasIntervals, view.isInline]);
      if (key === this.columnKey) return;
      this.columnKey = key;
      const focused = this.columnBoxes.contains(document.activeElement) ? [...this.columnBoxes.querySelectorAll("input")].indexOf(document.activeElement) : -1;
      const groupBox = ([group, title]) => this.box(title, view.groups.includes(group), (isShown) => this.turnGroup(view, group, isShown));
      fill(this.columnBoxes,
        groups.map(groupBox),
        task.levels.length ? groupBox(["levels", "By level of irrelevance"]) : null,
        task.categories.length ? groupBox(["categories", "By category"]) : null,
        make("hr", {}),
        this.box("95% intervals", view.hasIntervals, (hasIntervals) => this.change({ hasIntervals })),
        this.box("Floors in order, as lines", view.isInline, (isInline) => this.change({ isInline })));
      if (focused >= 0) this.columnBoxes.querySelectorAll("input")[focused]?.focus();
    }

    show(view, n_shown, n_rows) {
      if (this.search.value !== view.q) this.search.value = view.q;
      for (const name of view_.FILTERS) {
        const options = choices(this.board, view.task, name);
        const select = this.selects[name];
        const key = JSON.stringify(options);
        if (select.dataset.options !== key) {
          select.dataset.options = key;
          fill(select, make("option", { value: "" }, LABELS[name][1]), options.map(([value, label, count]) => make("option", { value }, `${label} (${count})`)));
        }
        select.hidden = options.length < 2 && !view[name];
        select.value = view[name];
        // A filter of the address that no row of this task has still filters, so it is still shown.
        if (select.value !== view[name]) select.append(make("option", { value: view[name], selected: true }, `${view[name]} (0)`));
        select.classList.toggle("on", Boolean(view[name]));
      }
      this.showColumns(view);
      this.reset.hidden = n_shown === n_rows && !view.q && view_.FILTERS.every((name) => !view[name]);
      const told = n_shown === n_rows ? `${n_rows} rows` : `${n_shown} of ${n_rows} rows`;
      if (this.count.textContent !== told) this.count.textContent = told;
    }
  }

  rarft.controls = { Controls, menu };
})((window.rarft = window.rarft || {}));
