// The page of one row: entry.html#id=<id>&task=<task>.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { page, shell } = rarft;

  function taskChooser(board, entry, chosen) {
    const names = Object.keys(entry.tasks || {});
    const select = make("select", { id: "task" }, ...names.map((name) => {
      const option = make("option", { value: name }, entry.tasks[name].title ? `${name}: ${entry.tasks[name].title}` : name);
      option.selected = name === chosen;
      return option;
    }));
    select.addEventListener("change", () => page.write({ task: select.value }));
    return make("p", { class: "choose" }, make("label", { for: "task" }, "Task "), select);
  }

  function ways(board, entry, task) {
    const told = (entry.tasks || {})[task] || {};
    const shown = board.tasks.find((one) => one.name === task && one.n_chunks > 0);
    const links = [];
    if (shown && (told.samples || {}).n_chunks) links.push(make("a", { href: shell.sampleLink({ task, entries: [entry.id] }) }, "Look at its replies"));
    const compared = entry.compared || [];
    const other = compared.find((id) => !id.startsWith("floor-")) || compared[0];
    if (other) links.push(make("a", { href: shell.compareLink(entry.id, other, { task }) }, "Compare it with another row"));
    return links.length ? make("p", { class: "links" }, ...links) : "";
  }

  function show(board, entry, state) {
    const names = Object.keys(entry.tasks || {});
    const task = names.includes(state.task) ? state.task : names[0];
    document.title = `${entry.name} · rarft leaderboard`;
    return [
      ...rarft.entryParts.header(entry),
      names.length ? rarft.entryParts.section("figures", "Figures", taskChooser(board, entry, task), ways(board, entry, task),
        ...rarft.entryFigures.taskSection(board, task, entry.tasks[task])) : "",
      rarft.entryParts.verification(entry), rarft.entryParts.prompts(entry), rarft.entryParts.provenance(entry), rarft.entryParts.downloads(entry),
    ];
  }

  page.start(async (state) => {
    const board = await rarft.store.load("board");
    const row = board.entries.find((one) => one.id === state.id);
    if (!row) return page.missing("entry", state.id, board.entries);
    return show(board, await rarft.store.load(`entry:${row.id}`), state);
  });
})((window.rarft = window.rarft || {}));
