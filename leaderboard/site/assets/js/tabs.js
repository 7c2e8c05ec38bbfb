// Tabs of the tasks and groups of tasks, and the lines that say what the chosen one is.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;
  const KNOWN = { hi: "HI", ss: "SS", synth: "Synth", vtg: "VTG", activitynet: "ActivityNet", charades: "Charades", tvgbench: "TVGBench", qvhighlights: "QVHighlights" };

  /** Write the name of a task as people do: hi_charades is HI-Charades. */
  function titleOf(task) {
    const prefix = /^(hi|ss)_\*$/.exec(task.pattern || "");
    if (task.kind === "group") return prefix ? `Mean of ${prefix[1].toUpperCase()}` : task.title.split(":")[0];
    if (task.name === "synth_hi") return "HI-Synth";
    const words = task.name.split("_").map((word) => (Object.hasOwn(KNOWN, word) ? KNOWN[word] : word));
    const text = words.join(/^(HI|SS|VTG)$/.test(words[0]) ? "-" : " ");
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  function facts(task) {
    const count = (number, words) => (number ? `${number.toLocaleString("en")} ${words}` : "");
    const sides = task.n_relevant && task.n_irrelevant ? ` (${task.n_relevant.toLocaleString("en")} relevant, ${task.n_irrelevant.toLocaleString("en")} irrelevant)` : "";
    return [
      count(task.n_queries, "queries") + sides, count(task.n_videos, "videos"), task.pairs ? "in pairs" : "",
      task.version ? `version ${task.version}` : "", task.licence, task.condition ? `ranked: ${task.condition}` : "",
    ].filter(Boolean);
  }

  class Tabs {
    constructor(board, choose) {
      this.board = board;
      this.choose = choose;
      // Groups summarise what follows them.
      this.tasks = [...board.tasks.filter((task) => task.kind === "task"), ...board.tasks.filter((task) => task.kind !== "task")];
      this.buttons = this.tasks.map((task) => this.button(task));
      this.list = make("div", { class: "tabs", role: "tablist", "aria-label": "Tasks" }, this.buttons);
      this.about = make("p", { class: "task-about" });
      this.list.addEventListener("keydown", (event) => this.pressed(event));
      this.element = make("div", { class: "task-tabs" }, this.list);
    }

    button(task) {
      const button = make("button", { type: "button", role: "tab", id: `tab-${task.name}`, class: task.kind, "aria-controls": "board", tabindex: "-1", title: task.title }, titleOf(task));
      button.addEventListener("click", () => this.choose(task.name));
      return button;
    }

    pressed(event) {
      const place = this.buttons.indexOf(document.activeElement);
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: this.buttons.length - 1 }[event.key];
      if (to === undefined || place < 0) return;
      event.preventDefault();
      this.go(to);
      this.buttons[(to + this.buttons.length) % this.buttons.length].focus();
    }

    go(place) {
      this.choose(this.tasks[(place + this.tasks.length) % this.tasks.length].name);
    }

    step(by) {
      this.go(this.tasks.findIndex((task) => task.name === this.shown) + by);
    }

    show(name) {
      if (name === this.shown) return;
      this.shown = name;
      this.buttons.forEach((button, place) => {
        const isChosen = this.tasks[place].name === name;
        button.setAttribute("aria-selected", String(isChosen));
        button.tabIndex = isChosen ? 0 : -1;
        if (isChosen) this.reveal(button);
      });
      const task = this.board.task(name);
      fill(this.about, make("strong", {}, task.title), ...facts(task).map((fact) => make("span", {}, fact)));
    }

    // Scrolls the list of tabs alone.
    reveal(button) {
      const list = this.list;
      const from = button.offsetLeft - list.offsetLeft;
      if (from < list.scrollLeft || from + button.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = from - list.clientWidth / 3;
    }
  }

  rarft.tabs = { Tabs, titleOf };
})((window.rarft = window.rarft || {}));
