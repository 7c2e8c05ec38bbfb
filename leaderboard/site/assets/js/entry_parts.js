// What an entry page says beside its figures: who, how far it can be believed, how it was made.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { flatten, factTable, table, isEmpty } = rarft.factTable;
  const { outLink } = rarft.dom;
  const { TIERS, tierBadge } = rarft.shell;
  const KINDS = { entry: "an entry", paper: "a row of a paper", floor: "a floor", blind: "a blind baseline" };

  const section = (id, title, ...content) => {
    const shown = content.filter((one) => one !== "");
    return shown.length ? make("section", { "aria-labelledby": id }, make("h2", { id }, title), ...shown) : "";
  };

  function header(entry) {
    const facts = [
      ["What it is", KINDS[entry.kind] || entry.kind], ["Family", entry.family], ["Size", entry.size], ["Submitted by", entry.submitter],
      ["Hardware", entry.hardware], ["Prompt", entry.prompt], ["Policy", entry.policy], ["Video input", entry.video_input], ["Licence", entry.licence || "unknown"],
    ].filter(([, value]) => !isEmpty(value));
    const links = [["url", "Its page"], ["paper_url", "Its paper"]].filter(([key]) => entry[key]).map(([key, label]) => outLink(entry[key], label));
    return [
      make("h1", { dir: "auto" }, entry.name),
      entry.title ? make("p", { class: "lead", dir: "auto" }, entry.title) : "",
      make("p", {}, tierBadge(entry.tier)),
      make("dl", { class: "about" }, ...facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", { dir: "auto" }, value)))),
      links.length ? make("p", { class: "links" }, ...links) : "",
      entry.about ? make("p", { class: "free-text", dir: "auto" }, entry.about) : "",
      ...(entry.notes || []).map((note) => make("p", { class: "note", dir: "auto" }, note)),
    ];
  }

  function verification(entry) {
    const report = entry.verification || {};
    const tier = report.tier || entry.tier;
    const checks = (report.checks || []).map((one) => [one.name, one.task || "every task", one.outcome, one.detail || ""]);
    return section("verification", "Verification",
      make("p", {}, tierBadge(tier), Object.hasOwn(TIERS, tier) ? ` ${TIERS[tier].title}.` : ""),
      (report.reasons || []).length ? make("ul", {}, ...report.reasons.map((one) => make("li", { dir: "auto" }, one))) : "",
      table("What was checked", ["Check", "Task", "Outcome", "Detail"], checks),
      factTable("Its files", flatten({ "manifest sha256": entry.manifest_sha256, "rarft version": entry.rarft_version, "verified by rarft": report.verified_by_rarft })));
  }

  function prompts(entry) {
    const told = Object.entries((entry.provenance || {}).prompts || {});
    return section("prompts", "Prompts", ...told.flatMap(([mode, one]) => [
      make("h3", {}, mode),
      make("p", { class: "digest" }, [one.origin, one.sha256 ? `sha256 ${one.sha256}` : ""].filter(Boolean).join(" · ")),
      one.text ? make("pre", { class: "prompt", dir: "auto", tabindex: "0", role: "region", "aria-label": `Prompt, ${mode}` }, one.text) : "",
    ]));
  }

  function provenance(entry) {
    const { prompts: _shownAbove, ...rest } = entry.provenance || {};
    return section("provenance", "Provenance",
      factTable("Model", flatten(entry.model)),
      factTable("Settings that change figures", flatten(entry.settings)),
      factTable("How the replies were made and judged", flatten(rest)),
      isEmpty(entry.train) ? "" : make("details", {}, make("summary", {}, "Training"), factTable("Training", flatten(entry.train))));
  }

  function downloads(entry) {
    const base = `data/entries/${encodeURIComponent(entry.id)}.json`;
    const samples = Object.entries(entry.tasks || {}).flatMap(([task, told]) =>
      Array.from({ length: (told.samples || {}).n_chunks || 0 }, (_, chunk) => [`Replies on ${task}, part ${chunk + 1}`, `data/samples/${encodeURIComponent(entry.id)}/${encodeURIComponent(task)}.${chunk}.json`]));
    const links = [["This page's data", base], ...samples];
    return section("downloads", "Downloads", make("ul", { class: "downloads" },
      ...links.map(([label, href]) => make("li", {}, make("a", { href, download: "" }, label)))));
  }

  rarft.entryParts = { section, header, verification, prompts, provenance, downloads };
})((window.rarft = window.rarft || {}));
