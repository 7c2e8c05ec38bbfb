// What a reader trades: coverage against risk, and cost against F1.
"use strict";

(function (rarft) {
  const frame = rarft.plotFrame;
  const { svg } = rarft.dom;
  const { hasInterval, interval, written } = rarft.boardModel;
  const COSTS = [["usd_per_1000", "US dollars per 1,000 queries"], ["seconds", "seconds per query"], ["new_tokens", "tokens of a reply"]];
  const COVERAGES = [0.25, 0.5, 0.75, 1];

  const isPoint = (one) => Array.isArray(one) && one.length >= 3 && one.slice(1, 3).every((value) => Number.isFinite(value) && value >= 0 && value <= 1);

  // The risk at the smallest coverage that is not below the one asked for.
  function riskAt(points, coverage) {
    const reached = points.filter((one) => one[1] >= coverage - 1e-9).sort((a, b) => a[1] - b[1])[0];
    return reached ? (100 * reached[2]).toFixed(1) : "–";
  }

  /** Curves of risk over coverage, for those picked rows that tell how sure they are. */
  function riskCoverage({ task, picked, details, width }) {
    const curves = picked.map((entry, place) => ({ entry, series: place + 1, points: (details.get(entry.id)?.tasks?.[task]?.risk_coverage || []).filter(isPoint) }))
      .filter((one) => one.points.length > 1);
    if (!curves.length) return null;
    const top = Math.min(1, Math.ceil(Math.max(...curves.flatMap((one) => one.points.map((point) => point[2]))) * 10) / 10 || 1);
    const x = frame.scale([0, 100], [34, width - 12]);
    const y = frame.scale([0, top * 100], [238, 22]);
    const drawn = frame.axes(x, y, { xName: "coverage: queries that are answered with a segment (%)", yName: "risk: 1 − mean IoU of those (%)", xTicks: [0, 25, 50, 75, 100] });
    for (const { entry, series, points } of curves) {
      drawn.push(svg("polyline", { class: `line series-${series}`, points: points.map((one) => `${x(one[1] * 100)},${y(one[2] * 100)}`).join(" ") }, svg("title", {}, entry.name)));
      const middle = points[Math.floor(points.length / 2)];
      drawn.push(frame.mark(series, x(middle[1] * 100), y(middle[2] * 100), { title: entry.name }));
    }
    const label = `Risk against coverage. ${curves.map(({ entry, points }) => `${entry.name}: risk ${riskAt(points, 0.5)}% at half coverage, ${riskAt(points, 1)}% at full`).join("; ")}.`;
    return frame.figure({
      id: "plot-risk", title: "Risk and coverage", about: "Answering only where the model is surest. Lower is better; a flat curve knows nothing of its own errors.",
      picture: frame.picture(width, 280, label, ...drawn),
      heads: ["Row", ...COVERAGES.map((coverage) => `risk at ${coverage * 100}%`)],
      rows: curves.map(({ entry, points }) => [entry.name, ...COVERAGES.map((coverage) => riskAt(points, coverage))]),
    });
  }

  function costColumn(board, task, rows, columns) {
    const found = COSTS.map(([key, name]) => ({ column: columns.find((one) => one.key === key), name })).filter((one) => one.column);
    return found.find(({ column }) => rows.filter((entry) => board.figure(entry, task, column)?.v > 0).length > 1) || null;
  }

  function dotsOf(board, task, rows, cost, f1) {
    return rows.map((entry) => ({ entry, cost: board.figure(entry, task, cost), f1: board.figure(entry, task, f1) })).filter((one) => one.cost && one.cost.v > 0 && one.f1);
  }

  /** Every row that tells its cost: F1 over cost, on a logarithmic axis. */
  function costs({ board, task, rows, picked, references, columns, width }) {
    const found = costColumn(board, task, rows, columns);
    const f1 = columns.find((one) => one.key === "f1_avg");
    if (!found || !f1) return null;
    const dots = dotsOf(board, task, rows, found.column, f1);
    const values = dots.map((one) => one.cost.v);
    const x = frame.scale([Math.min(...values) / 1.5, Math.max(...values) * 1.5], [34, width - 14], true);
    const low = Math.max(0, Math.floor(Math.min(...dots.map((one) => one.f1.low ?? one.f1.v), 60) / 10) * 10);
    const y = frame.scale([low, 100], [238, 22]);
    const drawn = frame.axes(x, y, { xName: `${found.name}, logarithmic`, yName: "mean F1 (%)" });
    for (const entry of references) {
      const figure = board.figure(entry, task, f1);
      if (figure && figure.v >= low) drawn.push(svg("line", { class: frame.referenceClass(entry), x1: x.start, x2: x.end, y1: y(figure.v), y2: y(figure.v) }, svg("title", {}, `${entry.name}: ${figure.v.toFixed(1)}`)));
    }
    const labels = [];
    for (const dot of dots) drawn.push(...dotParts(dot, picked.indexOf(dot.entry) + 1, x, y, width, found.column, labels));
    return frame.figure({
      id: "plot-cost", title: "F1 against cost", about: "Up and to the left is better. Hardware differs between rows, so seconds compare only where it is the same.",
      picture: frame.picture(width, 280, `Mean F1 against ${found.name}, ${dots.length} rows. The table below lists them.`, ...drawn),
      heads: ["Row", found.name, "mean F1 (%)", "hardware"],
      rows: dots.map(({ entry, cost, f1: figure }) => [entry.name, written(cost.v, found.column), `${figure.v.toFixed(1)}${hasInterval(figure) ? ` (${interval(figure, f1)})` : ""}`, entry.hardware || "–"]),
    });
  }

  // A label that would lie on another one is left to the legend.
  function label(text, [x, y], isLeft, labels) {
    const shown = text.length > 26 ? `${text.slice(0, 25)}…` : text;
    const from = isLeft ? x - 9 - shown.length * 6.8 : x + 9;
    const box = { from, to: from + shown.length * 6.8, y: y - 7 };
    if (labels.some((one) => Math.abs(one.y - box.y) < 14 && one.from < box.to && box.from < one.to)) return "";
    labels.push(box);
    return svg("text", { class: "dot-label", x: isLeft ? x - 9 : x + 9, y: box.y, "text-anchor": isLeft ? "end" : "start" }, shown);
  }

  function dotParts({ entry, cost, f1 }, series, x, y, width, column, labels) {
    const at = [x(cost.v), y(f1.v)];
    const title = `${entry.name}: F1 ${f1.v.toFixed(1)}, ${written(cost.v, column)}`;
    if (!series) return [svg("circle", { class: "dot", cx: at[0], cy: at[1], r: 3 }, svg("title", {}, title))];
    return [
      hasInterval(f1) ? frame.whisker(series, [at[0], y(Math.max(f1.low, y.from))], [at[0], y(f1.high)]) : "",
      frame.mark(series, at[0], at[1], { title }),
      label(entry.name, at, at[0] > width * 0.62, labels),
    ];
  }

  rarft.plotTradeoffs = { riskCoverage, costs };
})((window.rarft = window.rarft || {}));
