// The queries of a task with the replies of the chosen entries, from chunks that are loaded once each.
"use strict";

(function (rarft) {
  const MAX_ENTRIES = 6;
  const CHUNK = 500;

  const hasReplies = (entry, task) =>
    ["entry", "blind"].includes(entry.kind) && !entry.id.startsWith("floor-") && Object.hasOwn(entry.tasks || {}, task);

  // Entries of the board that may have replies to show, in its order.
  const candidates = (board, task) => board.entries.filter((entry) => hasReplies(entry, task));
  const shownTasks = (board) => board.tasks.filter((task) => task.n_chunks > 0);

  // How many chunks of replies an entry has; 0 where it has none.
  async function chunksOf(id, task) {
    const entry = await rarft.store.load(`entry:${id}`);
    const told = ((entry.tasks || {})[task] || {}).samples;
    return told && Number.isInteger(told.n_chunks) ? told.n_chunks : 0;
  }

  async function chunk(id, task, number) {
    return (await rarft.store.load(`samples:${id}:${task}:${number}`)).samples || [];
  }

  // Rows {place, query, samples: [{id, sample}]} in the order of the task. The same place in both lists is
  // the same query; a row whose id differs is taken for missing rather than shown with another's reply.
  async function loadRows(task, ids) {
    const counts = await Promise.all(ids.map((id) => chunksOf(id, task.name)));
    const numbers = Array.from({ length: task.n_chunks }, (_, number) => number);
    const parts = await Promise.all(numbers.map(async (number) => {
      const [asked, ...answered] = await Promise.all([
        rarft.store.load(`queries:${task.name}:${number}`),
        ...ids.map((id, index) => (number < counts[index] ? chunk(id, task.name, number) : [])),
      ]);
      return (asked.queries || []).map((query, row) => ({ query, samples: ids.map((id, index) => ({ id, sample: matching(answered[index][row], query) })) }));
    }));
    return parts.flat().map((row, place) => ({ ...row, place }));
  }

  const matching = (sample, query) => (sample && sample.query_id === query.query_id ? sample : null);

  rarft.sampleData = { MAX_ENTRIES, CHUNK, candidates, shownTasks, loadRows };
})((window.rarft = window.rarft || {}));
