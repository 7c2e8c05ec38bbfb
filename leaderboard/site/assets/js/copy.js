// The table that is shown, as Markdown, LaTeX or CSV. What entries call themselves is escaped for each:
// no cell becomes a formula, a command or markup.
"use strict";

(function (rarft) {
  const { make } = rarft.dom;
  const model = rarft.boardModel;
  const NUMBER = /^-?\d[\d,]*(\.\d+)?$/;
  const LATEX = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", _: "\\_", "%": "\\%", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--", "†": "$^\\dagger$", "‡": "$^\\ddagger$", "§": "$^\\S$", "<": "\\textless{}", ">": "\\textgreater{}" };

  const oneLine = (text) => String(text).replace(/[\s\u0000-\u001f\u007f\u2028\u2029]+/g, " ").trim();
  const markdownText = (text) => oneLine(text).replace(/[\\`*_[\]<>|~$&!]/g, "\\$&").replace(/:\/\//g, ":\u200b//").replace(/@/g, "@\u200b");
  const latexText = (text) => oneLine(text).replace(/[\\{}$&#_%~^–†‡§<>]/g, (found) => LATEX[found]);

  /** Write a CSV cell: quoted, and with an apostrophe in front of what a spreadsheet would compute. */
  function csvText(text) {
    const line = oneLine(text);
    const isFormula = /^[=+\-@\t\r|%\uff1d\uff0b\uff0d\uff20]/.test(line) && !NUMBER.test(line);
    return `"${(isFormula ? `'${line}` : line).replace(/"/g, '""')}"`;
  }

  /**
   * Lay out what is shown as rows of cells.
   * @param {{board: any, view: any, columns: any[], rows: any[], rankColumn: any}} shown
   */
  function cellsOf({ board, view, columns, rows, rankColumn }) {
    return rows.map((entry) => ({
      isReference: rarft.boardView.isReference(entry),
      rank: rankColumn && !rarft.boardView.isReference(entry) ? rarft.tableCells.rangeText(board.rankRange(entry, view.task, rankColumn)) : "",
      name: entry.name, tier: entry.tier,
      cells: columns.map((column) => {
        if (column.unit === "text") return { text: entry[column.key] || "" };
        const figure = board.figure(entry, view.task, column);
        if (!figure) return { text: model.NOTHING, isNothing: true };
        return {
          text: model.written(figure.v, column), marks: rarft.tableCells.marksOf(figure).map(([, sign]) => sign).join(""),
          interval: view.hasIntervals ? model.interval(figure, column) : "", isBest: figure.rank === 1 && entry.kind === "entry", isUncertain: model.has(figure, "uncertain"),
        };
      }),
    }));
  }

  function markdown(shown) {
    const heads = ["Rank", "Model", "Tier", ...shown.columns.map(model.columnName)].map(markdownText);
    const aligned = ["---:", ":---", ":---", ...shown.columns.map((column) => (column.unit === "text" ? ":---" : "---:"))];
    const written = ({ text, marks = "", interval, isBest, isUncertain }) => {
      const plain = markdownText(text) + marks;
      return (isBest ? `**${plain}**` : isUncertain ? `*${plain}*` : plain) + (interval ? ` [${interval}]` : "");
    };
    const lines = cellsOf(shown).map((row) => [row.rank, markdownText(row.name), row.tier, ...row.cells.map(written)]);
    return `${[heads, aligned, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
  }

  function latex(shown) {
    const { columns } = shown;
    const groups = columns.map((column, place) => ({ column, place })).filter(({ column, place }) => place === 0 || columns[place - 1].group !== column.group);
    const spanOf = (index) => (index + 1 < groups.length ? groups[index + 1].place : columns.length) - groups[index].place;
    const over = groups.map(({ column }, index) => `\\multicolumn{${spanOf(index)}}{c}{${latexText(model.groupTitle(column))}}`);
    const rules = groups.map(({ place }, index) => `\\cmidrule(lr){${place + 3}-${place + 2 + spanOf(index)}}`).join("");
    const written = ({ text, marks = "", interval, isBest, isUncertain, isNothing }) => {
      const plain = isNothing ? "--" : latexText(text) + latexText(marks);
      return (isBest ? `\\textbf{${plain}}` : isUncertain ? `\\textit{${plain}}` : plain) + (interval ? ` {\\scriptsize [${latexText(interval)}]}` : "");
    };
    const all = cellsOf(shown);
    const line = (row) => `${[row.rank, latexText(row.name), ...row.cells.map(written)].map((cell) => (cell === model.NOTHING ? "--" : latexRange(cell))).join(" & ")} \\\\`;
    const references = all.filter((row) => row.isReference).map(line);
    return [
      `\\begin{tabular}{rl${columns.map((column) => (column.unit === "text" ? "l" : "r")).join("")}}`, "\\toprule",
      ...(columns.length ? [` & & ${over.join(" & ")} \\\\`, rules] : []),
      `${["", "Model", ...columns.map((column) => latexText(column.label))].join(" & ")} \\\\`, "\\midrule",
      ...all.filter((row) => !row.isReference).map(line), ...(references.length ? ["\\midrule", ...references] : []),
      "\\bottomrule", "\\end{tabular}", "",
    ].join("\n");
  }

  const latexRange = (cell) => cell.replace(/–/g, "--");

  function csv(shown) {
    const heads = ["rank", "model", "id", "kind", "tier", ...shown.columns.flatMap((column) => (column.unit === "text" ? [column.key] : [column.key, `${column.key} low`, `${column.key} high`, `${column.key} marks`]))];
    const lines = cellsOf(shown).map((row, place) => {
      const entry = shown.rows[place];
      const figures = shown.columns.flatMap((column, index) => {
        if (column.unit === "text") return [row.cells[index].text];
        const figure = shown.board.figure(entry, shown.view.task, column);
        const bound = (value) => (Number.isFinite(value) ? String(value) : "");
        return [figure ? String(figure.v) : "", bound(figure?.low), bound(figure?.high), row.cells[index].marks || ""];
      });
      return [row.rank, row.name, entry.id, entry.kind, row.tier, ...figures];
    });
    return `${[heads, ...lines].map((line) => line.map(csvText).join(",")).join("\r\n")}\r\n`;
  }

  const FORMS = { Markdown: markdown, LaTeX: latex, CSV: csv };

  /** Put a text on the clipboard, or show it to be copied by hand where the browser does not let us. */
  async function put(text, name) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = make("textarea", { readonly: true, rows: 14, "aria-label": `The table as ${name}` });
      area.value = text;
      const dialog = make("dialog", { class: "copied", "aria-labelledby": "copied-title" },
        make("form", { method: "dialog" }, make("h2", { id: "copied-title" }, `The table as ${name}`), area, make("div", { class: "dialog-end" }, make("button", { type: "submit" }, "Close"))));
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
      area.focus();
      area.select();
      return false;
    }
  }

  rarft.copy = { FORMS, markdown, latex, csv, csvText, markdownText, latexText, put };
})((window.rarft = window.rarft || {}));
