// What became of one reply, in the words of the report page: the class of the answer and the quality of
// its span are kept apart, and so is a reply that could not be read, whatever the scoring policy makes of it.
"use strict";

(function (rarft) {
  const RIGHT_IOU = 0.5;

  const OUTCOMES = [
    ["right_span", "right span", "grounded a relevant query, IoU at least 0.5"],
    ["wrong_span", "wrong span", "grounded a relevant query, IoU below 0.5"],
    ["unscored_span", "grounded, no reference span", "the reference has no span to compare with"],
    ["right_refusal", "right refusal", "refused an irrelevant query"],
    ["wrong_grounding", "false grounding", "grounded an irrelevant query"],
    ["wrong_refusal", "false refusal", "refused a relevant query"],
    ["unparsed", "unparsed", "a reply that no rule could read"],
    ["unjudged", "unjudged", "the judge of relevance gave nothing usable"],
    ["failed", "failed", "the request failed"],
    ["missing", "missing", "there is no reply"],
  ].map(([key, label, title]) => ({ key, label, title }));

  // What counts as right, wrong or neither, for the mark beside a label.
  const SIDE = {
    right_span: "right", right_refusal: "right", wrong_span: "wrong", wrong_grounding: "wrong",
    wrong_refusal: "wrong", unparsed: "wrong",
  };

  function outcomeOf(query, sample) {
    if (!sample || sample.status === "missing") return "missing";
    if (sample.status === "failed" || sample.status === "unjudged") return sample.status;
    if (sample.kind === "refused") return query.relevant ? "wrong_refusal" : "right_refusal";
    if (sample.kind !== "grounded") return "unparsed";
    if (!query.relevant) return "wrong_grounding";
    if (typeof sample.iou !== "number") return "unscored_span";
    return sample.iou >= RIGHT_IOU ? "right_span" : "wrong_span";
  }

  function labelOf(key) {
    const found = OUTCOMES.find((one) => one.key === key);
    return found ? found.label : key;
  }

  // Whether a judge left a measure of this reply without a score.
  function isUnscored(sample) {
    const judgements = Object.values((sample && sample.judgements) || {});
    return judgements.some((one) => one && (one.value === null || one.value === undefined) && one.reason);
  }

  // The answer as a class: a span or none. Unparsed is a third one, so that it differs from both.
  function answered(query, sample) {
    const outcome = outcomeOf(query, sample);
    if (["missing", "failed", "unjudged"].includes(outcome)) return null;
    return outcome === "unparsed" ? "unparsed" : sample.kind;
  }

  const sideOf = (key) => (Object.hasOwn(SIDE, key) ? SIDE[key] : "none");

  rarft.outcomes = { OUTCOMES, outcomeOf, labelOf, sideOf, isUnscored, answered };
})((window.rarft = window.rarft || {}));
