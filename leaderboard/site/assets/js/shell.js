// What the pages share: links between them, badges of tiers, and how a page speaks to its reader.
"use strict";

(function (rarft) {
  const { make, fill } = rarft.dom;

  const to = (page, state) => page + rarft.urlState.written(state || {});
  const boardLink = (state) => to("index.html", state);
  const entryLink = (id, state) => to("entry.html", { id, ...state });
  const compareLink = (a, b, state) => to("compare.html", { a, b, ...state });
  /** Link to the viewer of samples; `entries` is a list of ids. */
  const sampleLink = ({ task, entries = [], ...state }) => to("sample.html", { task, entries: entries.join(","), ...state });

  /** Tell a reader who cannot see the change; waits for what is said to be heard. */
  function announce(text) {
    const region = document.getElementById("announcement");
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
  }

  /** Say something for a moment, to those who see and to those who listen. */
  function toast(text) {
    const shown = make("div", { class: "toast", "aria-hidden": "true" }, text);
    document.body.append(shown);
    setTimeout(() => shown.remove(), 2600);
    announce(text);
  }

  /** Show one line in place of what could not be loaded. */
  function showProblem(node, problem) {
    const text = problem instanceof Error ? problem.message : String(problem);
    fill(node, make("p", { class: "problem", role: "alert" }, text));
  }

  const TIERS = {
    recomputed: { label: "recomputed", sign: "●", title: "Every figure was computed again from samples of every query" },
    partial: { label: "partial", sign: "◐", title: "Computed from samples that lack queries" },
    reported: { label: "reported", sign: "○", title: "A number of a paper, of which nothing can be computed" },
  };

  /** Make the badge of a tier, told by shape and word as well as by colour. */
  function tierBadge(tier) {
    const known = Object.hasOwn(TIERS, tier) ? TIERS[tier] : { label: String(tier), sign: "·", title: "" };
    return make("span", { class: `tier tier-${Object.hasOwn(TIERS, tier) ? tier : "other"}`, title: known.title },
      make("span", { class: "tier-sign", "aria-hidden": "true" }, known.sign), known.label);
  }

  rarft.shell = { boardLink, entryLink, compareLink, sampleLink, announce, toast, showProblem, tierBadge, TIERS };
})((window.rarft = window.rarft || {}));
