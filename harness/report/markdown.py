"""The result tables as Markdown, for a README or a docs page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rarft.harness.report.blocks import Block, blocks
from rarft.harness.report.columns import Column, cell, count_of, figure_of, interval
from rarft.harness.report.judges import judge_notes
from rarft.harness.report.markdown_cells import escaped_cell
from rarft.harness.report.rows import Row, footnotes, task_names, task_rows
from rarft.harness.report.schema import Results


def markdown_table(
    runs: Sequence[Results],
    *,
    intervals: bool = False,
    floors: bool = True,
    labels: Sequence[str] = (),
) -> str:
    """Return one row per task and model, then the floors of the task, as Markdown tables.

    The first table is that of the results; explanations and thresholds follow where a run has them.

    Args:
        runs: the results to show; models stand in this order within each task.
        intervals: write the 95% interval behind each figure.
        floors: keep the floor rows.
        labels: name the runs otherwise than by their models, one label a run.
    """
    rows_of = {
        task: [row for row in task_rows(runs, task, labels=labels) if floors or row.kind == "model"]
        for task in task_names(runs)
    }
    parts = [_table(block, rows_of, intervals=intervals) for block in blocks(runs)]
    notes = [
        f"- {escaped_cell(task)}: {escaped_cell(note)}"
        for task, rows in rows_of.items()
        for note in footnotes(rows)
    ]
    notes += [f"- {escaped_cell(note)}" for note in judge_notes(runs, labels=labels)]
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts) + "\n"


def _table(block: Block, rows_of: Mapping[str, Sequence[Row]], *, intervals: bool) -> str:
    titles = ["task", "queries", "model", *(escaped_cell(one.heading) for one in block.columns)]
    aligned = [":--", "--:", ":--", *("--:" for _ in block.columns)]
    lines = [f"**{block.title}.** {block.note}".rstrip(), ""] if block.title else []
    lines += [_line(titles), _line(aligned)]
    for task, rows in rows_of.items():
        lines += [
            _line(_cells(task, row, block.columns, intervals=intervals))
            for row in rows
            if block.applies(row.scores)
        ]
    return "\n".join(lines)


def _cells(task: str, row: Row, columns: Sequence[Column], *, intervals: bool) -> list[str]:
    n_queries = count_of(row.scores, "n_queries")
    label = f"**{escaped_cell(row.name)}**" if row.kind == "model" else escaped_cell(row.name)
    figures = []
    for column in columns:
        bounds = interval(figure_of(row.scores, column.key), column) if column.is_figure else ""
        shown = cell(row.scores, column)
        figures.append(f"{shown} [{bounds}]" if intervals and bounds else shown)
    return [escaped_cell(task), "" if n_queries is None else str(n_queries), label, *figures]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
