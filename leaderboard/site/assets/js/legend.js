// What the signs of the table mean, and what a rank is.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;

  const sample = (className, text) => make("span", { class: `sample ${className}`, "aria-hidden": "true" }, text);
  const item = (shown, ...words) => make("div", {}, make("dt", {}, shown), make("dd", {}, ...words));

  function show(board, element) {
    const { ranking } = board.stored;
    fill(element,
      make("h2", { id: "legend-title" }, "How to read it"),
      make("dl", { class: "signs" },
        Object.values(rarft.shell.TIERS).map((tier) => item(rarft.shell.tierBadge(tier.label), tier.title)),
        item(sample("best", "71.5"), "no row is significantly better"),
        item(sample("", "2–4"), "ranks that the row may have: those between cannot be told apart"),
        item(sample("at-floor", "51.0"), "not significantly better than every floor"),
        item(sample("uncertain", "50.0?"), "uncertain in its source; its note says why; not ranked"),
        item(sample("", "62.1†"), "some queries have no reply"),
        item(sample("", "2.13‡"), "more than 1% of the refusals have no score"),
        item(sample("", "73.3§"), "other queries, policy or judges than the ranked rows; not ranked")),
      make("p", { class: "note" }, `A rank is 1 + the number of rows that are significantly better (paired bootstrap over ${ranking?.unit || "video"}s, p < ${ranking?.alpha ?? 0.05} after Holm). ${ranking?.family || ""} Small figures are ${Math.round(100 * (ranking?.confidence ?? 0.95))}% intervals. Floors are what always grounding, always refusing and a model that reads only the query earn on the same queries.`));
  }

  rarft.legend = { show };
})((window.rarft = window.rarft || {}));
