// Which queries are shown: a filter is a plain object, its keys are those of the URL. Outcomes are asked
// of one of the chosen entries, of any of them or of each.
"use strict";

(function (rarft) {
  const NONE = { of: "any", outcome: "", level: "", category: "", relevant: "", q: "", disagree: "" };

  // Choices of outcome beside the single ones.
  const SPECIAL = {
    right: (query, sample) => rarft.outcomes.sideOf(rarft.outcomes.outcomeOf(query, sample)) === "right",
    wrong: (query, sample) => rarft.outcomes.sideOf(rarft.outcomes.outcomeOf(query, sample)) === "wrong",
    unscored: (query, sample) => rarft.outcomes.isUnscored(sample),
    no_reply: (query, sample) => ["missing", "failed"].includes(rarft.outcomes.outcomeOf(query, sample)),
  };

  function hasOutcome(outcome, query, sample) {
    if (Object.hasOwn(SPECIAL, outcome)) return SPECIAL[outcome](query, sample);
    return rarft.outcomes.outcomeOf(query, sample) === outcome;
  }

  // An address may name what no choice shows; it filters nothing then.
  const isOutcome = (outcome) =>
    Object.hasOwn(SPECIAL, outcome) || rarft.outcomes.OUTCOMES.some((one) => one.key === outcome);

  function asked(filter, row) {
    if (!isOutcome(filter.outcome)) return true;
    const samples = filter.of === "any" || filter.of === "each" ? row.samples : row.samples.filter((one) => one.id === filter.of);
    // An entry that is no longer chosen is asked no more.
    const of = samples.length ? samples : row.samples;
    const told = of.map((one) => hasOutcome(filter.outcome, row.query, one.sample));
    return filter.of === "each" ? told.length > 0 && told.every(Boolean) : told.some(Boolean);
  }

  // Whether two entries that answered gave another kind of answer.
  function disagrees(row) {
    const kinds = row.samples.map((one) => rarft.outcomes.answered(row.query, one.sample)).filter(Boolean);
    return new Set(kinds).size > 1;
  }

  // A group such as Action holds its categories.
  function inCategory(categories, wanted) {
    return (categories || []).some((one) => one === wanted || one.startsWith(wanted + "/"));
  }

  const plain = (text) => String(text === undefined || text === null ? "" : text).toLowerCase();

  function textsOf(row) {
    const { query } = row;
    const replies = row.samples.flatMap(({ sample }) => (sample ? [sample.reply, sample.explanation, sample.correction] : []));
    return [query.query_id, query.video, query.text, query.refusal, query.relevant_query, ...replies];
  }

  function says(row, words) {
    if (!words) return true;
    const all = textsOf(row).map(plain).join("\n");
    return plain(words).split(/\s+/).filter(Boolean).every((word) => all.includes(word));
  }

  function matches(filter, row) {
    const { query } = row;
    if (filter.relevant && String(Boolean(query.relevant)) !== filter.relevant) return false;
    if (filter.level && query.level !== filter.level) return false;
    if (filter.category && !inCategory(query.categories, filter.category)) return false;
    if (filter.disagree && !disagrees(row)) return false;
    return asked(filter, row) && says(row, filter.q);
  }

  const isEmpty = (filter) => Object.keys(NONE).every((key) => key === "of" || !filter[key]);

  rarft.sampleFilters = { NONE, SPECIAL: Object.keys(SPECIAL), matches, disagrees, isEmpty };
})((window.rarft = window.rarft || {}));
