// The sample viewer: sample.html#task=<task>&entries=<id>,<id>&outcome=…&query=<id>. What is chosen is in the
// address; it is read again at every change, and what does not differ is not drawn again.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { page } = rarft;
  const FILTERS = ["of", "outcome", "level", "category", "relevant", "q", "disagree"];

  let view = null;

  const filterOf = (state) => Object.fromEntries(FILTERS.map((key) => [key, state[key] || rarft.sampleFilters.NONE[key]]));

  function chosenEntries(board, task, state) {
    const able = rarft.sampleData.candidates(board, task.name);
    const wanted = state.entries ? rarft.urlState.list(state.entries) : able.slice(0, 2).map((one) => one.id);
    return [...new Set(wanted)].map((id) => able.find((one) => one.id === id)).filter(Boolean).slice(0, rarft.sampleData.MAX_ENTRIES);
  }

  function newView() {
    const list = new rarft.sampleList.SampleList({ onChoose: (row) => page.write({ query: row.query.query_id, place: "" }) });
    const video = new rarft.sampleVideo.SampleVideo();
    return {
      list, video, rows: [], kept: [], current: null, loaded: "", shownKey: "", formKey: "",
      form: make("div", {}), status: make("p", { class: "n-shown", role: "status" }), title: make("div", { class: "query-title" }), answers: make("div", { class: "answers" }),
    };
  }

  function layout() {
    const earlier = stepButton("Previous query", -1);
    const later = stepButton("Next query", 1);
    return [
      make("h1", {}, "Samples"), view.form, view.status,
      make("div", { class: "viewer" }, view.list.element,
        make("div", { class: "shown", id: "shown" }, make("div", { class: "steps" }, earlier, later), view.title, view.video.element, view.answers)),
    ];
  }

  function stepButton(label, by) {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", () => go(by));
    return button;
  }

  function go(by) {
    const place = view.kept.indexOf(view.current);
    const row = view.kept[place < 0 ? 0 : place + by];
    if (row) page.write({ query: row.query.query_id, place: "" });
  }

  function currentOf(state) {
    const byId = state.query && view.kept.find((row) => row.query.query_id === state.query);
    const place = /^\d+$/.test(state.place || "") ? Number(state.place) : -1;
    return byId || view.kept.find((row) => row.place === place) || view.kept[0] || null;
  }

  function drawForm(board, task, chosen, state) {
    // A control that is in use is left alone, or it would lose the focus and what is typed.
    const key = JSON.stringify([task.name, chosen.map((one) => one.id), FILTERS.filter((one) => one !== "q").map((one) => state[one] || "")]);
    if (key === view.formKey) {
      const text = view.form.querySelector("[name=q]");
      if (text !== document.activeElement) text.value = state.q || "";
      return;
    }
    const focused = document.activeElement && view.form.contains(document.activeElement) ? [document.activeElement.name, document.activeElement.value, document.activeElement.type] : null;
    view.formKey = key;
    view.form.replaceChildren(rarft.sampleForm.filterForm({
      tasks: rarft.sampleData.shownTasks(board), entries: rarft.sampleData.candidates(board, task.name), rows: view.rows,
      state: { ...state, task: task.name }, chosen, change: (changed) => page.write({ ...changed, ...(changed.task ? { entries: "", query: "", place: "" } : {}) }),
      reset: () => page.write(Object.fromEntries(FILTERS.map((one) => [one, ""]))),
    }));
    if (!focused) return;
    const same = [...view.form.querySelectorAll("select, input")].find((one) => (focused[2] === "checkbox" ? one.value === focused[1] && one.name === focused[0] : one.name === focused[0]));
    if (same) same.focus();
  }

  function lanesOf(row, chosen) {
    const { query } = row;
    const said = (spans) => rarft.timeline.writtenAll(spans || []);
    const reference = { label: "Reference", detail: said(query.spans) || (query.relevant ? "no span" : "refuse"), series: 0, spans: query.spans || [] };
    return [reference, ...row.samples.map(({ sample }, index) => {
      const outcome = rarft.outcomes.labelOf(rarft.outcomes.outcomeOf(query, sample));
      const spans = (sample && sample.spans) || [];
      return { label: `${rarft.sampleAnswer.LETTERS[index]} ${chosen[index].name}`, detail: [outcome, said(spans)].filter(Boolean).join(", "), series: index + 1, spans };
    })];
  }

  function drawTitle(query) {
    const about = [query.relevant ? "relevant" : "irrelevant", query.relevant ? "" : query.level, ...(query.categories || []), query.video, query.query_id].filter(Boolean);
    view.title.replaceChildren(make("h2", { dir: "auto" }, query.text || `Query ${query.query_id}`), make("p", { class: "about-query", dir: "auto" }, about.join(" · ")));
  }

  function drawCurrent(task, chosen) {
    const row = view.current;
    view.video.element.hidden = !row;
    if (!row) {
      view.title.replaceChildren(make("p", {}, "No query passes the filters."));
      view.answers.replaceChildren();
      return;
    }
    const key = JSON.stringify([task.name, row.place, chosen.map((one) => one.id)]);
    if (key === view.shownKey) return;
    view.shownKey = key;
    const { query } = row;
    const firstSpan = [query.spans, ...row.samples.map(({ sample }) => sample && sample.spans)].flatMap((spans) => (spans || []).filter(rarft.timeline.isSpan))[0];
    drawTitle(query);
    rarft.shell.announce(`${view.kept.indexOf(row) + 1} of ${view.kept.length}: ${query.text || query.query_id}`);
    view.video.show(query, lanesOf(row, chosen), firstSpan ? Math.max(0, firstSpan[0]) : 0);
    const play = (span) => view.video.player.playSpan(span);
    view.answers.replaceChildren(rarft.sampleAnswer.referenceCard(query, task, play), ...row.samples.map((_, index) => rarft.sampleAnswer.answerCard(row, index, chosen[index], play)));
  }

  async function load(task, chosen) {
    const key = JSON.stringify([task.name, chosen.map((one) => one.id)]);
    if (key === view.loaded) return;
    view.status.textContent = "Loading …";
    view.rows = await rarft.sampleData.loadRows(task, chosen.map((one) => one.id));
    view.loaded = key;
    view.shownKey = "";
    view.formKey = "";
  }

  async function render(state) {
    const board = await rarft.store.load("board");
    const tasks = rarft.sampleData.shownTasks(board);
    document.title = "Samples · rarft leaderboard";
    if (!tasks.length) return [make("h1", {}, "Samples"), make("p", {}, "No task of this site has samples to show.")];
    const isFirst = view === null;
    if (isFirst) view = newView();
    const task = tasks.find((one) => one.name === state.task) || tasks[0];
    const chosen = chosenEntries(board, task, state);
    await load(task, chosen);
    view.kept = view.rows.filter((row) => rarft.sampleFilters.matches(filterOf(state), row));
    view.current = currentOf(state);
    drawForm(board, task, chosen, state);
    const isAll = rarft.sampleFilters.isEmpty(filterOf(state));
    view.status.textContent = isAll ? `${view.rows.length} queries` : `${view.kept.length} of ${view.rows.length} queries`;
    view.list.show(view.kept, view.current);
    drawCurrent(task, chosen);
    return isFirst ? layout() : null;
  }

  page.start(render);
  rarft.keys.add(
    { keys: ["j", "n"], label: "Next query", run: () => go(1) },
    { keys: ["k"], label: "Previous query", run: () => go(-1) },
    { keys: ["p"], label: "Play, pause", run: () => view.video.player.toggle() },
    { keys: ["ArrowLeft"], label: "1 second back", run: () => view.video.player.step(-1) },
    { keys: ["ArrowRight"], label: "1 second on", run: () => view.video.player.step(1) },
    { keys: [","], label: "0.1 seconds back", run: () => view.video.player.step(-0.1) },
    { keys: ["."], label: "0.1 seconds on", run: () => view.video.player.step(0.1) },
  );
})((window.rarft = window.rarft || {}));
