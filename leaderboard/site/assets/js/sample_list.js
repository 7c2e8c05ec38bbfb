// The list of the queries that pass the filters, a page at a time, so that thousands stay quick.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const PAGE = 50;

  function mark(one, query) {
    const key = rarft.outcomes.outcomeOf(query, one.sample);
    const side = rarft.outcomes.sideOf(key);
    const sign = { right: "✓", wrong: "✗", none: "–" }[side];
    return make("span", { class: `mark ${side}`, title: rarft.outcomes.labelOf(key) }, sign);
  }

  function item(row, isCurrent, choose) {
    const { query } = row;
    const about = [query.relevant ? "relevant" : "irrelevant", query.relevant ? "" : query.level, ...(query.categories || []).map((one) => one.split("/").pop())];
    const told = row.samples.map((one, index) => `${rarft.sampleAnswer.LETTERS[index]} ${rarft.outcomes.labelOf(rarft.outcomes.outcomeOf(query, one.sample))}`);
    const button = make("button", { type: "button", class: "query" },
      make("span", { class: "marks", "aria-hidden": "true" }, ...row.samples.map((one) => mark(one, query))),
      make("span", { class: "query-text", dir: "auto" }, query.text || query.query_id),
      make("span", { class: "query-about" }, about.filter(Boolean).join(" · ")),
      make("span", { class: "visually-hidden" }, told.join(", ")));
    if (isCurrent) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => choose(row));
    return make("li", {}, button);
  }

  class SampleList {
    constructor({ onChoose }) {
      this.onChoose = onChoose;
      this.rows = [];
      this.page = 0;
      this.current = null;
      this.items = make("ol", { class: "queries" });
      this.from = make("span", { class: "page-place" });
      this.earlier = this.pager("Earlier", -1);
      this.later = this.pager("Later", 1);
      this.element = make("nav", { class: "query-list", "aria-label": "Queries" }, this.items,
        make("div", { class: "pager" }, this.earlier, this.from, this.later));
    }

    pager(label, by) {
      const button = make("button", { type: "button" }, label);
      button.addEventListener("click", () => {
        this.page += by;
        this.draw();
      });
      return button;
    }

    show(rows, current) {
      this.rows = rows;
      this.select(current);
    }

    select(current) {
      this.current = current;
      const place = this.rows.indexOf(current);
      if (place >= 0) this.page = Math.floor(place / PAGE);
      this.draw();
    }

    draw() {
      const { rows } = this;
      const n_pages = Math.max(1, Math.ceil(rows.length / PAGE));
      this.page = Math.min(Math.max(this.page, 0), n_pages - 1);
      const first = this.page * PAGE;
      const shown = rows.slice(first, first + PAGE);
      const hadFocus = this.items.contains(document.activeElement);
      this.items.replaceChildren(...shown.map((row) => item(row, row === this.current, this.onChoose)));
      this.items.start = first + 1;
      this.from.textContent = rows.length ? `${first + 1}–${first + shown.length} of ${rows.length}` : "none";
      this.earlier.disabled = this.page === 0;
      this.later.disabled = this.page >= n_pages - 1;
      const current = this.items.querySelector("[aria-current]");
      if (current) this.reveal(current);
      if (current && hadFocus) current.focus({ preventScroll: true });
    }

    // Scrolls the list alone, never the page.
    reveal(current) {
      const list = this.items;
      const above = current.offsetTop - list.offsetTop;
      if (above < list.scrollTop || above + current.offsetHeight > list.scrollTop + list.clientHeight) {
        list.scrollTop = above - list.clientHeight / 3;
      }
    }
  }

  rarft.sampleList = { SampleList, PAGE };
})((window.rarft = window.rarft || {}));
