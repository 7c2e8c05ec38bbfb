// What the plots share: scales, axes, marks told apart by shape and dash as well as by colour, and the
// table that says the same in words.
"use strict";

(function (rarft) {
  const { make, svg } = rarft.dom;
  const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "plus"];
  const round = (value) => Math.round(value * 10) / 10;

  /** Return a scale from a range of values to one of pixels; `isLog` for values above 0. */
  function scale([from, to], [start, end], isLog = false) {
    const place = isLog ? Math.log10 : (value) => value;
    const width = place(to) - place(from) || 1;
    const at = (value) => round(start + ((place(value) - place(from)) / width) * (end - start));
    return Object.assign(at, { from, to, start, end, isLog });
  }

  /** Return round values for the ticks of an axis, about `n` of them. */
  function ticks(from, to, n = 5) {
    const raw = (to - from) / n || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999);
    const found = [];
    for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-6; k += 1) found.push(Number((k * step).toPrecision(12)));
    return found;
  }

  function logTicks(from, to) {
    const found = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1) {
      for (const one of [1, 2, 5]) found.push(Number((one * 10 ** power).toPrecision(3)));
    }
    const within = found.filter((value) => value >= from * 0.999 && value <= to * 1.001);
    if (within.length < 3) return ticks(from, to, 4).filter((value) => value > 0);
    return within.length > 7 ? within.filter((value) => String(value).replace(/[0.]/g, "") === "1") : within;
  }

  const tickText = (value) => (value >= 1000 ? `${value / 1000}k` : String(value));

  /** Draw both axes with their grid and names. */
  function axes(x, y, { xName, yName, xTicks, yTicks }) {
    const parts = [];
    for (const tick of yTicks || ticks(y.from, y.to)) {
      parts.push(svg("line", { class: "grid", x1: x.start, x2: x.end, y1: y(tick), y2: y(tick) }));
      parts.push(svg("text", { class: "tick", x: x.start - 7, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)));
    }
    for (const tick of xTicks || (x.isLog ? logTicks(x.from, x.to) : ticks(x.from, x.to))) {
      parts.push(svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: y.start, y2: y.end }));
      parts.push(svg("text", { class: "tick", x: x(tick), y: y.start + 17, "text-anchor": "middle" }, tickText(tick)));
    }
    parts.push(svg("text", { class: "axis", x: round((x.start + x.end) / 2), y: y.start + 35, "text-anchor": "middle" }, xName));
    if (yName) parts.push(svg("text", { class: "axis", x: 0, y: y.end - 9 }, yName));
    return parts;
  }

  const PATHS = {
    square: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    triangle: (x, y, r) => `M${x} ${round(y - 1.25 * r)}l${round(1.2 * r)} ${2.1 * r}h${round(-2.4 * r)}z`,
    diamond: (x, y, r) => `M${x} ${round(y - 1.35 * r)}l${round(1.35 * r)} ${round(1.35 * r)}l${round(-1.35 * r)} ${round(1.35 * r)}l${round(-1.35 * r)} ${round(-1.35 * r)}z`,
    cross: (x, y, r) => `M${x - r} ${y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`,
    plus: (x, y, r) => `M${x} ${y - 1.3 * r}v${2.6 * r}m${-1.3 * r} ${-1.3 * r}h${2.6 * r}`,
  };

  /** Draw the mark of a series, 1 to 6. */
  function mark(series, x, y, { r = 4, title = "" } = {}) {
    const shape = SHAPES[series - 1];
    const told = title ? svg("title", {}, title) : "";
    const name = `mark series-${series}${shape === "cross" || shape === "plus" ? " open" : ""}`;
    return shape === "circle" ? svg("circle", { class: name, cx: x, cy: y, r: r + 0.4 }, told) : svg("path", { class: name, d: PATHS[shape](x, y, r) }, told);
  }

  const whisker = (series, from, to) => svg("line", { class: `whisker series-${series}`, x1: from[0], y1: from[1], x2: to[0], y2: to[1] });

  /** A small picture of a series for a legend. */
  const key = (series) => svg("svg", { class: "key", viewBox: "0 0 26 14", width: 26, height: 14, "aria-hidden": "true" },
    svg("line", { class: `line series-${series}`, x1: 1, x2: 25, y1: 7, y2: 7 }), mark(series, 13, 7));
  const referenceClass = (entry) => `reference-line ${entry.kind}${/refuse/.test(entry.id) ? " refuse" : ""}`;
  const referenceKey = (entry) => svg("svg", { class: "key", viewBox: "0 0 26 14", width: 26, height: 14, "aria-hidden": "true" },
    svg("line", { class: referenceClass(entry), x1: 1, x2: 25, y1: 7, y2: 7 }));

  const picture = (width, height, label, ...parts) => svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...parts);

  /**
   * Frame a picture with its title, a line of what it shows, and the table that says the same.
   * @param {{id: string, title: string, about: string, picture: Element, heads: string[], rows: string[][]}} given
   */
  function figure({ id, title, about, picture: drawn, heads, rows }) {
    const headRow = make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)));
    const table = make("table", {}, make("caption", { class: "visually-hidden" }, title), make("thead", {}, headRow),
      make("tbody", {}, rows.map(([first, ...others]) => make("tr", {}, make("th", { scope: "row", dir: "auto" }, first), others.map((cell) => make("td", {}, cell))))));
    return make("figure", { id, "aria-labelledby": `${id}-title` },
      make("figcaption", {}, make("h3", { id: `${id}-title` }, title), make("p", { class: "note" }, about)), drawn,
      make("details", { class: "no-print" }, make("summary", {}, "The figures as a table"), make("div", { class: "plot-table", tabindex: "0", role: "region", "aria-label": `${title}, as a table` }, table)));
  }

  rarft.plotFrame = { scale, ticks, axes, mark, whisker, key, referenceKey, referenceClass, picture, figure, round };
})((window.rarft = window.rarft || {}));
