// The reference of a query, and what each entry answered, as cards with the same rows, so that an
// explanation stands beside the reference refusal and a correction beside the relevant query.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const LETTERS = "ABCDEF";
  const MEASURES = { relevance: "Relevance", categories: "Categories", similarity: "Similarity", reasoning: "Reasoning", correction: "Correction" };
  const SCORES = { rt_iou: "RT-IoU", sbert: "SBERT", llm_score: "LLM score", correction_sim: "correction" };
  const SIGNS = { right: "✓", wrong: "✗", none: "–" };

  const swatch = (series) => make("span", { class: `swatch series-${series}`, "aria-hidden": "true" });
  const none = (text) => make("span", { class: "none" }, text);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const fixed = (value) => value.toFixed(2);

  function outcomeBadge(key) {
    const side = rarft.outcomes.sideOf(key);
    return make("span", { class: `outcome ${side}` }, make("span", { "aria-hidden": "true" }, SIGNS[side]), ` ${rarft.outcomes.labelOf(key)}`);
  }

  // A text with the words marked that another one lacks.
  function marked(text, other) {
    if (!other) return [text];
    return rarft.words.changedWords(text, other).flatMap(([word, isChanged]) => [isChanged ? make("mark", {}, word) : word, " "]);
  }

  function spanButtons(spans, play) {
    const shown = (spans || []).filter(rarft.timeline.isSpan);
    if (!shown.length) return none("no span");
    return make("span", { class: "spans" }, ...shown.slice(0, 20).map((span) => {
      const button = make("button", { type: "button", class: "span-button", title: "Play this span" }, rarft.timeline.written(span));
      button.addEventListener("click", () => play(span));
      return button;
    }));
  }

  function part(label, ...content) {
    return make("div", { class: "part" }, make("h4", {}, label), make("div", { class: "text", dir: "auto" }, ...content));
  }

  function referenceCard(query, task, play) {
    const hidden = none(task.texts ? "none" : "not in this site: the annotation's licence keeps it");
    const meaning = query.relevant ? "The query is true of the video." : "The query is not true of the video: refuse.";
    return make("section", { class: "answer reference", "aria-label": "Reference" },
      make("h3", {}, swatch(0), " Reference"),
      part("Answer", meaning, " ", query.relevant ? spanButtons(query.spans, play) : ""),
      part("Reference refusal", query.relevant ? none("does not apply") : query.refusal || hidden),
      part("Relevant query", query.relevant ? none("does not apply") : query.relevant_query ? make("span", {}, ...marked(query.relevant_query, query.text)) : hidden.cloneNode(true)),
      part("Categories", (query.categories || []).join(", ") || none("none")),
      blindPart(query));
  }

  function blindPart(query) {
    if (typeof query.blind_right !== "boolean") return "";
    return part("Without the video", query.blind_right ? "A classifier that sees the query alone tells its class." : "A classifier that sees the query alone mistakes its class.");
  }

  function answerCard(row, index, entry, play) {
    const { query } = row;
    const { id, sample } = row.samples[index];
    const told = sample || {};
    const iou = isNumber(told.iou) && told.kind === "grounded" ? `IoU ${fixed(told.iou)}` : "";
    const link = make("a", { href: rarft.shell.entryLink(id) }, make("bdi", {}, entry.name));
    return make("section", { class: "answer", "aria-label": `${LETTERS[index]}: ${entry.name}` },
      make("h3", {}, swatch(index + 1), ` ${LETTERS[index]} `, link),
      part("Answer", outcomeBadge(rarft.outcomes.outcomeOf(query, sample)), " ", told.kind === "grounded" ? spanButtons(told.spans, play) : "", " ", iou,
        told.reason || told.failure ? make("p", { class: "reason" }, told.reason || told.failure) : ""),
      part("Explanation", told.explanation || none("none")),
      part("Correction", told.correction ? make("span", {}, ...marked(told.correction, query.relevant_query)) : none("none")),
      judgementPart(told),
      replyPart(told));
  }

  function judgementPart(sample) {
    const rows = Object.entries(sample.judgements || {}).map(([measure, one]) => judgementRow(measure, one || {}));
    const score = isNumber(sample.relevance_score) ? make("p", {}, `Relevance score ${sample.relevance_score.toFixed(3)}`) : "";
    const flags = (sample.flags || []).length ? make("p", {}, `Unusual: ${sample.flags.join(", ")}`) : "";
    const scores = Object.entries(sample.scores || {}).filter(([, value]) => isNumber(value)).map(([key, value]) => `${Object.hasOwn(SCORES, key) ? SCORES[key] : key} ${fixed(value)}`).join(", ");
    const adds = scores ? make("p", {}, `Counts as ${scores}`) : "";
    return part("Judgements", rows.length ? make("dl", { class: "judgements" }, ...rows.flat()) : "", score, flags, adds,
      rows.length || score || flags || adds ? "" : none("none"));
  }

  function judgementRow(measure, { judge, model, value, reason }) {
    const by = [judge, String(model || "").split("@")[0]].filter(Boolean).join(", ");
    let shown = `unscored: ${reason || "no reason given"}`;
    if (Array.isArray(value)) shown = value.join(", ") || "none named";
    else if (isNumber(value)) shown = measure === "reasoning" ? `${value} of 5` : fixed(value);
    return [
      make("dt", {}, Object.hasOwn(MEASURES, measure) ? MEASURES[measure] : measure),
      make("dd", {}, shown, by ? make("span", { class: "by" }, ` (${by})`) : ""),
    ];
  }

  function replyPart(sample) {
    if (!sample.reply) return part("Reply", none(sample.kind ? "a structured answer without text" : "there is no reply"));
    return part("Reply", make("pre", { class: "reply", dir: "auto", tabindex: "0" }, sample.reply));
  }

  rarft.sampleAnswer = { LETTERS, referenceCard, answerCard, outcomeBadge, swatch };
})((window.rarft = window.rarft || {}));
