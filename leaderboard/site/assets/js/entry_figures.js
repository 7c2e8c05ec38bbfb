// One task of an entry: figures with intervals, slices, counts, cost, risk against coverage.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { columnOf, nameOf, scaleOf, splitKey, written, interval } = rarft.ownScale;
  const FLAGS = {
    uncertain: "uncertain: the table does not say for certain whose figure it is",
    reported: "of a paper, not recomputed", incomplete: "some queries have no reply",
    unscored: "a judge left more than 1% unscored", "other conditions": "other queries, policy or judge than the ranked rows",
    "at floor": "not significantly better than every floor",
  };
  const COUNTS = [
    ["n_queries", "Queries"], ["n_scored", "Scored"], ["n_relevant", "Relevant"], ["n_irrelevant", "Irrelevant"],
    ["n_grounded", "Grounded"], ["n_refused", "Refused"], ["n_unparsed", "Unparsed"], ["n_missing", "Missing"],
    ["n_failed", "Failed"], ["n_unjudged", "Unjudged"], ["n_iou_unknown", "Span unknown"], ["n_with_score", "With a relevance score"],
  ];
  const COSTS = { n_prompt_tokens: ["Prompt tokens a query", 0], n_new_tokens: ["New tokens a query", 0], seconds: ["Seconds a query", 2], usd_per_1000: ["US dollars per 1,000 queries", 2] };

  const flagsOf = (figure) => (figure.flags || []).map((one) => FLAGS[one.replace(/_/g, " ")] || one);
  const noteOf = (figure) => [...flagsOf(figure), figure.note, figure.source].filter(Boolean).join("; ");

  function rankOf(figure) {
    if (!Number.isFinite(figure.rank)) return "–";
    return figure.first !== undefined && figure.last !== undefined && figure.first !== figure.last ? `${figure.rank} (groups ${figure.first}–${figure.last})` : String(figure.rank);
  }

  function figureRow(board, key, figure) {
    const column = columnOf(board, key);
    const isUncertain = (figure.flags || []).includes("uncertain");
    const value = make("span", { class: isUncertain ? "uncertain" : "" }, written(figure.value, column));
    return [make("span", { title: column.title || "" }, nameOf(column)), value, interval(figure.low, figure.high, column), rankOf(figure), noteOf(figure)];
  }

  function mainTable(board, title, figures) {
    const order = board.columns.map((one) => one.key);
    const keys = Object.keys(figures).filter((key) => !splitKey(key).slice);
    keys.sort((a, b) => placeOf(order, a) - placeOf(order, b));
    return rarft.factTable.table(`Figures on ${title}`, ["Figure", "Value", "95% interval", "Rank", "Note"], keys.map((key) => figureRow(board, key, figures[key])));
  }

  const placeOf = (order, key) => (order.includes(key) ? order.indexOf(key) : order.length);

  // Slices of one figure: by level, by group, by category, in the order of the task.
  function sliceSets(task, figures, base) {
    const slices = Object.keys(figures).map(splitKey).filter((one) => one.base === base && one.slice).map((one) => one.slice);
    const levels = task ? task.levels || [] : [];
    const known = [...levels, ...(task ? task.categories || [] : [])];
    slices.sort((a, b) => placeOf(known, a) - placeOf(known, b));
    const isLevel = (one) => ["original", "strong", "moderate", "weak", "shuffled"].includes(one) || levels.includes(one);
    return [
      ["level", slices.filter(isLevel)],
      ["group", slices.filter((one) => !isLevel(one) && !one.includes("/"))],
      ["category", slices.filter((one) => !isLevel(one) && one.includes("/"))],
    ].filter(([, kept]) => kept.length);
  }

  function sliceFigures(board, task, figures) {
    const bases = [...new Set(Object.keys(figures).map(splitKey).filter((one) => one.slice).map((one) => one.base))];
    return bases.flatMap((base) => sliceSets(task, figures, base).map(([kind, slices]) => sliceFigure(board, figures, base, kind, slices)));
  }

  function sliceFigure(board, figures, base, kind, slices) {
    const column = columnOf(board, base);
    const scale = scaleOf(column);
    const name = `${nameOf(column)} by ${kind}`;
    const rows = slices.map((slice) => {
      const { value, low, high } = figures[`${base}/${slice}`];
      const text = [written(value, column), interval(low, high, column)].filter(Boolean).join(", ");
      return { label: slice.split("/").pop(), value: value * scale, low: low * scale, high: high * scale, text, short: written(value, column) };
    }).filter((row) => Number.isFinite(row.value));
    const top = { percent: 100, "0-5": 5 }[column.unit] || Math.max(1, ...rows.map((row) => row.high || row.value));
    const listed = slices.map((slice) => {
      const one = figures[`${base}/${slice}`];
      return [slice, written(one.value, column), interval(one.low, one.high, column)];
    });
    return make("figure", { class: "slice" }, make("figcaption", {}, name),
      rarft.intervalChart.dots(rows, { label: name, from: 0, to: top }),
      make("details", {}, make("summary", {}, "As a table"), rarft.factTable.table(name, [kind, "Value", "95% interval"], listed)));
  }

  function countTable(title, counts) {
    const known = COUNTS.filter(([key]) => Number.isFinite(counts[key])).map(([key, label]) => [label, String(counts[key])]);
    const measures = Object.keys(counts).filter((key) => /^n_unscored_/.test(key) && Number.isFinite(counts[key]));
    const unscored = measures.map((key) => [`Unscored: ${key.slice("n_unscored_".length)}`, String(counts[key])]);
    return rarft.factTable.factTable(`Counts on ${title}`, [...known, ...unscored]);
  }

  function costTable(title, cost) {
    const rows = Object.entries(COSTS).filter(([key]) => Number.isFinite(cost[key])).map(([key, [label, digits]]) => [label, cost[key].toFixed(digits)]);
    return rarft.factTable.factTable(`Cost on ${title}`, rows);
  }

  function riskFigure(title, points) {
    if (!points || points.length < 2) return "";
    return make("figure", { class: "slice" }, make("figcaption", {}, "Risk against coverage"),
      rarft.intervalChart.riskCoverage(points, { label: `Risk against coverage on ${title}: at full coverage the risk is ${(points[points.length - 1][2] * 100).toFixed(1)}%` }));
  }

  function taskSection(board, name, told) {
    const task = board.tasks.find((one) => one.name === name);
    return [
      mainTable(board, name, told.figures || {}),
      make("div", { class: "charts" }, ...sliceFigures(board, task, told.figures || {}), riskFigure(name, told.risk_coverage)),
      make("div", { class: "side-by-side" }, countTable(name, told.counts || {}), costTable(name, told.cost || {})),
    ];
  }

  rarft.entryFigures = { taskSection, sliceSets };
})((window.rarft = window.rarft || {}));
