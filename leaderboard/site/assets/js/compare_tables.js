// Where two rows differ: settings, figures with paired intervals, and the queries that one alone tells right.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { isNumber, columnOf, nameOf, scaleOf, splitKey, written, interval, signed, pValue, saidP } = rarft.ownScale;
  const { flatten, factTable, table } = rarft.factTable;
  const MAX_LINKS = 100;

  // A comparison is stored with its rows in the order of their ids; this turns it to the order asked for.
  function turned(task) {
    const negative = (value) => (isNumber(value) ? -value : value);
    const figures = Object.fromEntries(Object.entries(task.figures || {}).map(([key, one]) => [key, {
      ...one, a: one.b, b: one.a, difference: negative(one.difference), low: negative(one.high), high: negative(one.low),
    }]));
    const { mcnemar } = task;
    return {
      ...task, figures, n_only_a: task.n_only_b, n_only_b: task.n_only_a, only_a_right: task.only_b_right, only_b_right: task.only_a_right,
      mcnemar: mcnemar && { ...mcnemar, b: mcnemar.c, c: mcnemar.b, difference: negative(mcnemar.difference) },
    };
  }

  function verdict(one, column, alpha) {
    if (!isNumber(one.p_holm)) return "not tested";
    if (one.p_holm >= alpha) return "cannot be told apart";
    if (column.higher_is_better === null) return "differ";
    return one.difference > 0 === column.higher_is_better ? "A is better" : "B is better";
  }

  function figureRow(board, key, one, alpha) {
    const column = columnOf(board, key);
    const { slice } = splitKey(key);
    return [
      slice || make("span", { title: column.title || "" }, nameOf(column)), written(one.a, column), written(one.b, column),
      signed(one.difference, column), isNumber(one.low) && isNumber(one.high) ? `${signed(one.low, column)} to ${signed(one.high, column)}` : "",
      pValue(one.p_holm), verdict(one, column, alpha),
    ];
  }

  const HEADINGS = ["Figure", "A", "B", "A − B", "95% interval", "p (Holm)", "Verdict"];

  function figureTable(board, caption, figures, keys, alpha) {
    return table(caption, HEADINGS, keys.map((key) => figureRow(board, key, figures[key], alpha)));
  }

  function chart(board, caption, figures, keys, alpha) {
    const rows = keys.filter((key) => isNumber(figures[key].difference)).map((key) => {
      const column = columnOf(board, key);
      const one = figures[key];
      const scale = scaleOf(column);
      const text = `${signed(one.difference, column)}, ${interval(one.low, one.high, column)}`;
      return {
        label: splitKey(key).slice.split("/").pop() || nameOf(column), value: one.difference * scale, low: one.low * scale, high: one.high * scale,
        text, short: signed(one.difference, column), strong: isNumber(one.p_holm) && one.p_holm < alpha,
      };
    });
    if (!rows.length) return "";
    const reach = Math.max(1e-9, ...rows.flatMap((row) => [row.value, row.low, row.high].filter(Number.isFinite).map(Math.abs)));
    return rarft.intervalChart.dots(rows, { label: `${caption}, A minus B`, from: -reach, to: reach, zero: true });
  }

  function differences(board, task, told, alpha) {
    const { figures } = told;
    const order = board.columns.map((one) => one.key);
    const main = Object.keys(figures).filter((key) => !splitKey(key).slice && columnOf(board, key).unit !== "count");
    main.sort((a, b) => (order.indexOf(a) + 1 || 999) - (order.indexOf(b) + 1 || 999));
    const percents = main.filter((key) => columnOf(board, key).unit === "percent");
    const bases = [...new Set(Object.keys(figures).map(splitKey).filter((one) => one.slice).map((one) => one.base))];
    const slices = bases.flatMap((base) => rarft.entryFigures.sliceSets(task, figures, base).map(([kind, names]) => {
      const keys = names.map((name) => `${base}/${name}`);
      const caption = `${nameOf(columnOf(board, base))} by ${kind}`;
      return make("figure", { class: "slice" }, make("figcaption", {}, caption), chart(board, caption, figures, keys, alpha),
        make("details", {}, make("summary", {}, "As a table"), figureTable(board, caption, figures, keys, alpha)));
    }));
    return [
      figureTable(board, "Every figure", figures, main, alpha),
      percents.length ? make("figure", { class: "slice" }, make("figcaption", {}, "Figures in percentage points"), chart(board, "Figures in percentage points", figures, percents, alpha)) : "",
      make("div", { class: "charts" }, ...slices),
      factTable("Not compared", Object.entries(told.not_comparable || {})),
    ];
  }

  function mcnemarText(told) {
    const { mcnemar } = told;
    if (!mcnemar) return make("p", {}, "The rows were judged by other judges of relevance, so whether each query was told right is not compared.");
    const p = isNumber(mcnemar.p_clustered) ? `clustered by video, ${saidP(mcnemar.p_clustered)}` : saidP(mcnemar.p);
    return make("p", {}, `Relevant or not: A alone is right on ${mcnemar.b} queries, B alone on ${mcnemar.c}, of ${mcnemar.n} (McNemar, ${p}).`);
  }

  function queryLinks(caption, places, link, n_shown) {
    if (!(places || []).length) return make("div", {}, make("h4", {}, caption), make("p", {}, "none"));
    const kept = places.filter((place) => Number.isInteger(place) && place < n_shown);
    const rest = kept.length - MAX_LINKS;
    return make("div", {}, make("h4", {}, `${caption} (${kept.length})`), make("ul", { class: "places" },
      ...kept.slice(0, MAX_LINKS).map((place) => make("li", {}, make("a", { href: link(place), "aria-label": `Query ${place + 1}: ${caption}` }, String(place + 1))))),
      rest > 0 ? make("p", {}, `and ${rest} more; the sample viewer lists all where the two disagree.`) : "");
  }

  function queries(name, told, a, b, n_shown) {
    const counted = [mcnemarText(told), make("p", {}, `Compared: ${told.n_paired} queries of ${told.n_videos} videos. Scored of A alone: ${told.n_only_a}, of B alone: ${told.n_only_b}, of neither: ${told.n_neither}.`)];
    if (!n_shown) return counted;
    const entries = [a, b];
    const link = (place) => rarft.shell.sampleLink({ task: name, entries, place });
    return [
      ...counted,
      make("p", {}, make("a", { href: rarft.shell.sampleLink({ task: name, entries, disagree: "1" }) }, "All queries where the two disagree")),
      make("div", { class: "side-by-side" }, queryLinks("A alone is right", told.only_a_right, link, n_shown), queryLinks("B alone is right", told.only_b_right, link, n_shown)),
    ];
  }

  function settings(first, second) {
    const about = (entry) => flatten({
      family: entry.family, size: entry.size, hardware: entry.hardware, prompt: entry.prompt, policy: entry.policy, "video input": entry.video_input,
      model: entry.model, settings: entry.settings, provenance: entry.provenance, train: entry.train,
    });
    const [a, b] = [new Map(about(first)), new Map(about(second))];
    const paths = [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path));
    const short = (text) => (text === undefined ? "–" : make("span", { class: "setting" }, text));
    if (!paths.length) return make("p", {}, "Nothing that is recorded differs.");
    return table("Settings that differ", ["Setting", "A", "B"], paths.map((path) => [path, short(a.get(path)), short(b.get(path))]));
  }

  rarft.compareTables = { turned, differences, queries, settings, verdict };
})((window.rarft = window.rarft || {}));
