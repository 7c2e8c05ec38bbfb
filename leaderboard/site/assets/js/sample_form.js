// The filters of the sample viewer: every choice is part of the address.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const { MAX_ENTRIES } = rarft.sampleData;
  const MANY = 12;
  const LEVEL_ORDER = ["original", "strong", "moderate", "weak", "shuffled"];

  function field(label, control) {
    return make("label", { class: "field" }, make("span", {}, label), control);
  }

  function select(name, choices, chosen, change) {
    const control = make("select", { name }, ...choices.map((choice) => {
      if (choice.group) return make("optgroup", { label: choice.group }, ...choice.choices.map((one) => option(one, chosen)));
      return option(choice, chosen);
    }));
    control.addEventListener("change", () => change({ [name]: control.value }));
    return control;
  }

  function option([value, label], chosen) {
    const made = make("option", { value }, label);
    made.selected = value === (chosen || "");
    return made;
  }

  function outcomeChoices() {
    const singles = rarft.outcomes.OUTCOMES.map((one) => [one.key, one.label]);
    return [["", "any outcome"], { group: "Outcome", choices: singles }, { group: "Of several kinds", choices: [["right", "right"], ["wrong", "wrong"], ["unscored", "a judge left it unscored"], ["no_reply", "missing or failed"]] }];
  }

  function levelChoices(rows) {
    const held = [...new Set(rows.map((row) => row.query.level).filter(Boolean))];
    const place = (level) => (LEVEL_ORDER.indexOf(level) + 1 || 99);
    return [["", "any level"], ...held.sort((a, b) => place(a) - place(b)).map((level) => [level, level])];
  }

  // Categories by group, the group itself first.
  function categoryChoices(rows) {
    const held = [...new Set(rows.flatMap((row) => row.query.categories || []))].sort();
    const groups = [...new Set(held.map((one) => one.split("/")[0]))];
    return [["", "any category"], ...groups.map((group) => ({
      group, choices: [[group, `all of ${group}`], ...held.filter((one) => one.startsWith(`${group}/`)).map((one) => [one, one.split("/").slice(1).join("/")])],
    }))];
  }

  // What was sought among the entries outlives the form, which is made anew at each choice.
  let sought = "";

  function entryChooser(entries, chosen, change) {
    const full = chosen.length >= MAX_ENTRIES;
    const boxes = entries.map((entry) => {
      const box = make("input", { type: "checkbox", value: entry.id });
      box.checked = chosen.includes(entry.id);
      box.disabled = full && !box.checked;
      box.addEventListener("change", () => change({ entries: (box.checked ? [...chosen, entry.id] : chosen.filter((id) => id !== entry.id)).join(",") || "none" }));
      return make("label", { class: "choice", dir: "auto" }, box, " ", make("bdi", {}, entry.name), entry.title ? make("span", { class: "choice-title" }, ` ${entry.title}`) : "");
    });
    const find = make("input", { type: "search", placeholder: "Find an entry", "aria-label": "Find an entry" });
    const narrow = () => boxes.forEach((box) => { box.hidden = !box.textContent.toLowerCase().includes(sought.toLowerCase()); });
    find.addEventListener("input", () => {
      sought = find.value;
      narrow();
    });
    find.value = sought;
    if (entries.length > MANY) narrow();
    return make("fieldset", { class: "entries" }, make("legend", {}, `Entries (${chosen.length} of at most ${MAX_ENTRIES})`),
      entries.length > MANY ? find : "", make("div", { class: "choices" }, ...boxes));
  }

  // Waits until typing pauses, so that a long task is not filtered at every key.
  function textField(value, change) {
    const control = make("input", { type: "search", name: "q", value: value || "" });
    let timer = 0;
    control.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => change({ q: control.value }), 200);
    });
    return control;
  }

  function disagreeBox(isOn, change) {
    const box = make("input", { type: "checkbox", name: "disagree" });
    box.checked = isOn;
    box.addEventListener("change", () => change({ disagree: box.checked ? "1" : "" }));
    return make("label", { class: "choice" }, box, " models disagree");
  }

  function filterForm({ tasks, entries, rows, state, chosen, change, reset }) {
    const of = [["any", "any chosen entry"], ["each", "each chosen entry"], ...chosen.map((entry, index) => [entry.id, `${rarft.sampleAnswer.LETTERS[index]}: ${entry.name}`])];
    const all = make("button", { type: "button" }, "Show all");
    all.addEventListener("click", reset);
    const form = make("form", { class: "sample-filters", role: "search", "aria-label": "Which queries" },
      field("Task", select("task", tasks.map((task) => [task.name, task.name]), state.task, change)),
      field("Outcome", select("outcome", outcomeChoices(), state.outcome, change)),
      field("Of", select("of", of, state.of || "any", change)),
      field("Query", select("relevant", [["", "relevant or not"], ["true", "relevant"], ["false", "irrelevant"]], state.relevant, change)),
      field("Level", select("level", levelChoices(rows), state.level, change)),
      field("Category", select("category", categoryChoices(rows), state.category, change)),
      field("Text", textField(state.q, change)),
      disagreeBox(Boolean(state.disagree), change), all,
      entryChooser(entries, chosen.map((one) => one.id), change));
    form.addEventListener("submit", (event) => event.preventDefault());
    return form;
  }

  rarft.sampleForm = { filterForm };
})((window.rarft = window.rarft || {}));
