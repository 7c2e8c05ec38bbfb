// Small drawings of an entry or a comparison: values with their intervals, one a row, and risk against
// coverage. Colours are classes, so that themes apply; a table beside each drawing says the same.
"use strict";

(function (rarft) {
  const { svg } = rarft.dom;
  const ROW = 26;
  const LABEL = 170;
  const WIDTH = 520;
  const RIGHT = 56;

  const round = (value) => Math.round(value * 100) / 100;

  function ticksOf(low, high) {
    const raw = (high - low) / 4 || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999) || raw;
    const ticks = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-6 && ticks.length < 20; n += 1) ticks.push(n * step);
    return ticks;
  }

  const shortened = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

  // rows: [{label, value, low, high, text}], on the scale that is drawn. `zero` draws a line at no difference.
  function dots(rows, { label, from, to, zero = false, unit = "" }) {
    const x = (value) => round(LABEL + (Math.min(Math.max((value - from) / (to - from || 1), 0), 1)) * (WIDTH - LABEL - RIGHT));
    const height = rows.length * ROW + 24;
    const parts = ticksOf(from, to).flatMap((tick) => [
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 2, y2: height - 22 }),
      svg("text", { class: "tick", x: x(tick), y: height - 8, "text-anchor": "middle" }, String(round(tick))),
    ]);
    if (zero) parts.push(svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 2, y2: height - 22 }));
    rows.forEach((row, index) => parts.push(...dotRow(row, index * ROW + ROW / 2 + 2, x)));
    return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": `${label}${unit ? `, ${unit}` : ""}` }, ...parts);
  }

  function dotRow(row, y, x) {
    const parts = [svg("text", { class: "row-label", x: LABEL - 10, y: y + 4, "text-anchor": "end" }, svg("title", {}, row.label), shortened(row.label, 26))];
    if (Number.isFinite(row.low) && Number.isFinite(row.high)) {
      parts.push(svg("line", { class: "whisker", x1: x(row.low), x2: x(row.high), y1: y, y2: y }));
    }
    parts.push(svg("circle", { class: row.strong ? "dot strong" : "dot", cx: x(row.value), cy: y, r: 4.5 }, svg("title", {}, `${row.label}: ${row.text}`)));
    parts.push(svg("text", { class: "value", x: WIDTH - RIGHT + 10, y: y + 4 }, row.short || ""));
    return parts;
  }

  // points: [[threshold, coverage, risk], …]
  function riskCoverage(points, { label }) {
    const kept = points.filter((one) => Array.isArray(one) && Number.isFinite(one[1]) && Number.isFinite(one[2]));
    const side = { left: 48, top: 8, width: 300, height: 180 };
    const x = (value) => round(side.left + value * side.width);
    const top = Math.max(0.1, ...kept.map((one) => one[2]));
    const y = (value) => round(side.top + (1 - value / top) * side.height);
    const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((tick) => [
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: side.top, y2: y(0) }),
      svg("text", { class: "tick", x: x(tick), y: y(0) + 16, "text-anchor": "middle" }, String(tick * 100)),
    ]);
    for (const tick of ticksOf(0, top)) {
      parts.push(svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(tick), y2: y(tick) }));
      parts.push(svg("text", { class: "tick", x: x(0) - 8, y: y(tick) + 4, "text-anchor": "end" }, String(round(tick * 100))));
    }
    const middle = y(top / 2);
    parts.push(
      svg("polyline", { class: "curve", points: kept.map((one) => `${x(one[1])},${y(one[2])}`).join(" ") }),
      svg("text", { class: "axis", x: x(0.5), y: y(0) + 34, "text-anchor": "middle" }, "coverage (%)"),
      svg("text", { class: "axis", x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, "risk (%)"),
    );
    return svg("svg", { class: "chart curve-chart", viewBox: `0 0 ${side.left + side.width + 16} ${side.top + side.height + 42}`, role: "img", "aria-label": label }, ...parts);
  }

  rarft.intervalChart = { dots, riskCoverage, ticksOf };
})((window.rarft = window.rarft || {}));
