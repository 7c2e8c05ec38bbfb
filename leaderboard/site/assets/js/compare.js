// Two rows beside each other: compare.html#a=<id>&b=<id>&task=<task>.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { page, shell } = rarft;

  const canCompare = (entry) => entry.kind !== "paper";

  // Ids that a row can be compared with, by what the board says exists.
  function partnersOf(board, id) {
    const told = board.compare || { all: true };
    if (told.all) return board.entries.filter((one) => canCompare(one) && one.id !== id).map((one) => one.id);
    return (told.pairs || []).filter((pair) => pair.includes(id)).map(([a, b]) => (a === id ? b : a));
  }

  function chooser(label, id, entries, chosen, change) {
    const select = make("select", { id }, ...entries.map((entry) => {
      const option = make("option", { value: entry.id }, entry.title && entry.title !== entry.name ? `${entry.name}: ${entry.title}` : entry.name);
      option.selected = entry.id === chosen;
      return option;
    }));
    select.addEventListener("change", () => change(select.value));
    return make("p", { class: "choose" }, make("label", { for: id }, `${label} `), select);
  }

  function choosers(board, a, b) {
    const byId = new Map(board.entries.map((one) => [one.id, one]));
    const first = board.entries.filter((one) => canCompare(one) && partnersOf(board, one.id).length);
    const second = partnersOf(board, a).map((id) => byId.get(id)).filter(Boolean);
    const swap = make("button", { type: "button" }, "Swap A and B");
    swap.addEventListener("click", () => page.write({ a: b, b: a }));
    const note = board.compare && !board.compare.all ? make("p", { class: "note" }, "With this many entries only those next to each other in rank, and those of one family, are compared here; rarft-leaderboard compare compares any two.") : "";
    return make("form", { class: "choosers", "aria-label": "Which rows" },
      chooser("A", "a", first, a, (id) => page.write({ a: id })), chooser("B", "b", second, b, (id) => page.write({ b: id })), swap, note);
  }

  function taskPart(board, name, stored, a, b, isTurned) {
    const task = board.tasks.find((one) => one.name === name);
    const told = isTurned ? rarft.compareTables.turned(stored) : stored;
    const reason = told.figures ? "" : Object.values(told.not_comparable || {}).join("; ") || "nothing is told";
    const alpha = (board.ranking || {}).alpha || 0.05;
    const n_shown = task ? task.n_chunks * rarft.sampleData.CHUNK : 0;
    const title = task && task.title ? `${name}: ${task.title}` : name;
    if (reason) return rarft.entryParts.section(`task-${name}`, title, make("p", {}, `Not compared: ${reason}.`));
    return rarft.entryParts.section(`task-${name}`, title,
      ...rarft.compareTables.differences(board, task, told, alpha),
      make("h3", {}, "Queries"), ...rarft.compareTables.queries(name, told, a, b, n_shown));
  }

  function names(first, second) {
    return make("p", { class: "lead", dir: "auto" }, "A is ", make("a", { href: shell.entryLink(first.id) }, make("bdi", {}, first.name)), ", B is ", make("a", { href: shell.entryLink(second.id) }, make("bdi", {}, second.name)), ".");
  }

  function family(board) {
    const { ranking } = board;
    if (!ranking || !ranking.family) return "";
    return make("p", { class: "note" }, `p is corrected after Holm. ${ranking.family} Intervals are of the paired difference and resample videos.`);
  }

  page.start(async (state) => {
    const board = await rarft.store.load("board");
    const able = board.entries.filter((one) => canCompare(one) && partnersOf(board, one.id).length).map((one) => one.id);
    if (!able.length) return [make("h1", {}, "Compare"), make("p", {}, "No two rows here have samples, so there is nothing to compare.")];
    const a = able.includes(state.a) ? state.a : able[0];
    const partners = partnersOf(board, a);
    const b = partners.includes(state.b) ? state.b : partners.find((id) => !id.startsWith("floor-")) || partners[0];
    document.title = "Compare · rarft leaderboard";
    const isTurned = a > b;
    const [first, second, told] = await Promise.all([
      rarft.store.load(`entry:${a}`), rarft.store.load(`entry:${b}`), rarft.store.load(rarft.store.compareKey(a, b)),
    ]);
    // The task that the address names comes first.
    const tasks = Object.keys(told.tasks || {}).sort((one, other) => (other === state.task) - (one === state.task));
    return [
      make("h1", {}, "Compare"), choosers(board, a, b), names(first, second), family(board),
      rarft.entryParts.section("settings", "Settings", rarft.compareTables.settings(first, second)),
      ...(tasks.length ? tasks.map((name) => taskPart(board, name, told.tasks[name], a, b, isTurned)) : [make("p", {}, "The two have no task in common on which their conditions are the same.")]),
    ];
  });
})((window.rarft = window.rarft || {}));
