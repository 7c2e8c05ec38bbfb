// F1 of irrelevant queries by level of irrelevance, and by category.
"use strict";

(function (rarft) {
  const frame = rarft.plotFrame;
  const { svg } = rarft.dom;
  const { interval, hasInterval, shortName, unpack } = rarft.boardModel;
  const COLUMN = { digits: 1, unit: "percent" };
  const KEY = "f1_irrelevant";

  const figureAt = (board, task, id, slice, part) => unpack(board.slices.get(task)?.entries?.[id]?.[slice]?.[part]?.[KEY], board.notes);
  const told = (figure) => (figure ? `${figure.v.toFixed(1)}${hasInterval(figure) ? ` (${interval(figure, COLUMN)})` : ""}` : "–");

  function partsOf(board, task, entries, slice) {
    const names = (board.slices.get(task)?.[slice] || []).filter((part) => slice !== "categories" || part.includes("/"));
    return names.filter((part) => entries.some((entry) => figureAt(board, task, entry.id, slice, part)));
  }

  const tableOf = (board, task, entries, slice, parts) => ({
    heads: ["Row", ...parts.map(shortName)],
    rows: entries.map((entry) => [entry.name, ...parts.map((part) => told(figureAt(board, task, entry.id, slice, part)))]),
  });

  // The mean first, then how much is lost from the easiest to the hardest.
  const summary = (entries, board, task, slice, parts) => entries.map((entry) => {
    const figures = parts.map((part) => figureAt(board, task, entry.id, slice, part));
    return `${entry.name} ${figures.map((figure, place) => (figure ? `${shortName(parts[place])} ${figure.v.toFixed(1)}` : "")).filter(Boolean).join(", ")}`;
  }).join("; ");

  /** Lines over the levels, the hardest at the left. */
  function levels({ board, task, picked, references, width }) {
    const all = [...picked, ...references];
    const parts = partsOf(board, task, all, "levels").filter((part) => part !== "original");
    if (parts.length < 2) return null;
    const entries = all.filter((entry) => parts.some((part) => figureAt(board, task, entry.id, "levels", part)));
    const x = frame.scale([-0.4, parts.length - 0.6], [34, width - 8]);
    const y = frame.scale([0, 100], [238, 22]);
    const drawn = frame.axes(x, y, { xName: "level of irrelevance", yName: "F1 of irrelevant queries (%)", xTicks: [], yTicks: [0, 25, 50, 75, 100] });
    parts.forEach((part, place) => drawn.push(svg("text", { class: "tick", x: x(place), y: y.start + 17, "text-anchor": "middle" }, part)));
    for (const entry of references) drawn.push(...line(board, task, entry, parts, x, y, 0));
    picked.forEach((entry, place) => drawn.push(...line(board, task, entry, parts, x, y, place + 1, picked.length)));
    const label = `F1 of irrelevant queries by level. ${summary(entries, board, task, "levels", parts)}.`;
    return frame.figure({
      id: "plot-levels", title: "By level of irrelevance", about: "A strong query differs from the video in one detail, a weak one in three.",
      picture: frame.picture(width, 280, label, ...drawn), ...tableOf(board, task, entries, "levels", parts),
    });
  }

  function line(board, task, entry, parts, x, y, series, n_series = 1) {
    // Neighbours are moved apart, so that intervals do not hide each other.
    const shift = series ? (series - 1 - (n_series - 1) / 2) * 7 : 0;
    const points = parts.map((part, place) => ({ figure: figureAt(board, task, entry.id, "levels", part), at: x(place) + shift })).filter((one) => one.figure);
    const path = svg("polyline", { class: series ? `line series-${series}` : frame.referenceClass(entry), points: points.map(({ figure, at }) => `${at},${y(figure.v)}`).join(" ") }, svg("title", {}, entry.name));
    if (!series) return [path];
    return [path, ...points.flatMap(({ figure, at }) => [
      hasInterval(figure) ? frame.whisker(series, [at, y(figure.low)], [at, y(figure.high)]) : "",
      frame.mark(series, at, y(figure.v), { title: `${entry.name}: ${told(figure)}` }),
    ])];
  }

  /** Dots over the categories, a category a row. */
  function categories({ board, task, picked, references, width }) {
    const parts = partsOf(board, task, picked, "categories");
    if (!parts.length || !picked.length) return null;
    const left = Math.min(150, width * 0.36);
    const row = Math.max(26, 12 + picked.length * 5);
    const height = parts.length * row + 62;
    const x = frame.scale([0, 100], [left, width - 14]);
    const y = frame.scale([0, 1], [height - 44, 8]);
    const drawn = frame.axes(x, y, { xName: "F1 of irrelevant queries (%)", yName: "", yTicks: [], xTicks: [0, 25, 50, 75, 100] });
    parts.forEach((part, place) => {
      const middle = 8 + (place + 0.5) * row;
      drawn.push(svg("text", { class: "tick", x: left - 10, y: middle + 4, "text-anchor": "end" }, shortName(part)));
      drawn.push(svg("line", { class: "rule", x1: left, x2: width - 14, y1: middle, y2: middle }));
      for (const entry of references) {
        const figure = figureAt(board, task, entry.id, "categories", part);
        if (figure) drawn.push(svg("line", { class: frame.referenceClass(entry), x1: x(figure.v), x2: x(figure.v), y1: middle - row / 2 + 3, y2: middle + row / 2 - 3 }, svg("title", {}, `${entry.name}: ${told(figure)}`)));
      }
      picked.forEach((entry, series) => {
        const figure = figureAt(board, task, entry.id, "categories", part);
        if (figure) drawn.push(frame.mark(series + 1, x(figure.v), frame.round(middle + (series - (picked.length - 1) / 2) * 5), { title: `${entry.name}: ${told(figure)}` }));
      });
    });
    const entries = [...picked, ...references];
    const label = `F1 of irrelevant queries by category. ${summary(picked, board, task, "categories", parts)}.`;
    return frame.figure({
      id: "plot-categories", title: "By category", about: "What of the query is not in the video. Intervals are in the table: few queries make wide ones.",
      picture: frame.picture(width, height, label, ...drawn), ...tableOf(board, task, entries, "categories", parts),
    });
  }

  rarft.plotSlices = { levels, categories };
})((window.rarft = window.rarft || {}));
