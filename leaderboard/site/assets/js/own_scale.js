// Figures of entries and comparisons, which are stored on their own scale (fractions for percentages),
// written in the unit of the board's columns.
"use strict";

(function (rarft) {
  const UNKNOWN = { group: "", unit: "plain", higher_is_better: null, digits: 2 };
  const PER_UNIT = { percent: 100 };
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

  // A key such as f1_irrelevant/strong is the figure of a slice.
  function splitKey(key) {
    const place = key.indexOf("/");
    return place < 0 ? { base: key, slice: "" } : { base: key.slice(0, place), slice: key.slice(place + 1) };
  }

  function columnOf(board, key) {
    const { base } = splitKey(key);
    return board.columns.find((one) => one.key === base) || { ...UNKNOWN, key: base, label: base, title: base };
  }

  const nameOf = (column) => [column.group, column.label].filter(Boolean).join(" ");
  const scaleOf = (column) => PER_UNIT[column.unit] || 1;

  function written(value, column) {
    if (!isNumber(value)) return "–";
    const text = (value * scaleOf(column)).toFixed(column.digits);
    return Number(text) === 0 ? text.replace("-", "") : text;
  }

  function interval(low, high, column) {
    if (!isNumber(low) || !isNumber(high)) return "";
    return `${written(low, column)} to ${written(high, column)}`;
  }

  function signed(value, column) {
    const text = written(value, column);
    return isNumber(value) && Number(text) > 0 ? `+${text}` : text.replace("-", "\u2212");
  }

  function pValue(p) {
    if (!isNumber(p)) return "–";
    return p < 0.001 ? "< 0.001" : p.toFixed(3);
  }

  const saidP = (p) => (isNumber(p) && p < 0.001 ? "p < 0.001" : `p = ${pValue(p)}`);

  rarft.ownScale = { isNumber, splitKey, columnOf, nameOf, scaleOf, written, interval, signed, pValue, saidP };
})((window.rarft = window.rarft || {}));
