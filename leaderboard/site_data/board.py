"""The board's file: every row with its main figures, and one file of slices a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import rarft
from rarft.harness.report.columns import count_of
from rarft.harness.report.judges import FIGURES
from rarft.harness.report.schema import Scores
from rarft.leaderboard.ranking.standings import ALPHA
from rarft.leaderboard.site_data.board_columns import BOARD_COLUMNS, BoardColumn, column_of
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.site_data.data_file import SCHEMA_VERSION
from rarft.leaderboard.site_data.measured_board import MeasuredBoard
from rarft.leaderboard.site_data.paper_figures import PaperBoardRow
from rarft.leaderboard.site_data.row_texts import prompt_origin, row_notes, video_input
from rarft.leaderboard.site_data.shown_figure import ShownFigure, packed
from rarft.leaderboard.site_data.task_list import (
    group_record,
    paper_task_record,
    slices_of,
    task_record,
)

CONFIDENCE: Final = 0.95
FAMILY: Final = (
    "For each figure of each task, slices among them: all pairs of ranked entries are one family "
    "of tests, all pairs of a floor and a ranked entry another."
)
_COLUMNS: Final = tuple(column.key for column in BOARD_COLUMNS)


def board_record(board: MeasuredBoard, *, n_chunks: Mapping[str, int]) -> dict[str, Any]:
    """Return the content of board.json; `n_chunks` counts the chunks of queries by task."""
    notes: dict[str, int] = {}
    entries = [_row_record(board, row, notes) for row in board.rows]
    entries += [_paper_record(board, row, notes) for row in board.paper]
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_by": f"rarft {rarft.__version__}",
        "tasks": task_records(board, n_chunks=n_chunks),
        "columns": [_column_record(column) for column in BOARD_COLUMNS],
        "notes": list(notes),
        "private": [name for name, task in board.tasks.items() if task.private],
        "entries": entries,
        "compare": {"all": True}
        if board.has_all_pairs
        else {"all": False, "pairs": [list(pair) for pair in board.pairs]},
        "ranking": {
            "alpha": ALPHA,
            "confidence": CONFIDENCE,
            "n_resamples": board.n_resamples,
            "seed": board.seed,
            "unit": "video",
            "family": FAMILY,
        },
    }


def slices_record(board: MeasuredBoard, task: str) -> dict[str, Any]:
    """Return the content of slices/<task>.json."""
    figures = board.figures[task]
    keys = dict.fromkeys(key for own in figures.values() for key in own if "/" in key)
    slices = slices_of(keys)
    return {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        **slices,
        "columns": [key for key in _COLUMNS if any(one.partition("/")[0] == key for one in keys)],
        "entries": {
            name: {kind: _by_slice(own, names) for kind, names in slices.items()}
            for name, own in figures.items()
            if any("/" in key for key in own)
        },
    }


def task_records(board: MeasuredBoard, *, n_chunks: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the records of the tasks, then of their groups."""
    records: dict[str, dict[str, Any]] = {}
    for name in board.task_names:
        keys = [key for own in board.figures[name].values() for key in own]
        if name in board.tasks:
            condition = board.of_task[name].condition
            records[name] = task_record(
                board.tasks[name],
                keys=keys,
                groups=board.groups,
                n_chunks=n_chunks.get(name, 0),
                condition=condition.text if condition else "",
            )
        else:
            records[name] = paper_task_record(name, keys=keys, groups=board.groups)
    return [*records.values(), *(group_record(group, records) for group in board.groups)]


def _by_slice(figures: Mapping[str, ShownFigure], names: Iterable[str]) -> dict[str, Any]:
    """Return the figures of the slices that a row has, by slice and column."""
    found: dict[str, dict[str, list[Any]]] = {}
    for name in names:
        own = {
            key.partition("/")[0]: packed(figure, column_of(key), {})
            for key, figure in figures.items()
            if key.partition("/")[2] == name
        }
        if own:
            found[name] = own
    return found


def _row_record(board: MeasuredBoard, row: BoardRow, notes: dict[str, int]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.about.name or row.results.model.label,
        "title": row.about.title or row.results.model.title or "",
        "kind": row.kind,
        "tier": row.tier,
        "family": row.about.family or row.results.model.family or "",
        "size": row.about.size,
        "hardware": row.about.hardware,
        "url": row.about.url,
        "prompt": prompt_origin(row.results),
        "policy": row.policy,
        "video_input": video_input(row.results),
        "notes": row_notes(row),
        "tasks": {
            task: {
                "figures": _packed_columns(own[row.id], notes),
                "n": _counts(row.results.results.get(task)),
            }
            for task, own in board.figures.items()
            if row.id in own
        },
    }


def _paper_record(
    board: MeasuredBoard, one: PaperBoardRow, notes: dict[str, int]
) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.row.method,
        "title": "",
        "kind": "paper",
        "tier": "reported",
        "family": one.row.family,
        "size": one.row.size,
        "hardware": "",
        "url": "",
        "prompt": "",
        "policy": "paper",
        "video_input": "shown",
        "notes": [one.row.note] if one.row.note else [],
        "tasks": {
            task: {"figures": _packed_columns(own[one.id], notes), "n": {}}
            for task, own in board.figures.items()
            if one.id in own
        },
    }


def _packed_columns(
    figures: Mapping[str, ShownFigure], notes: dict[str, int]
) -> dict[str, list[Any]]:
    return {key: packed(figures[key], column_of(key), notes) for key in _COLUMNS if key in figures}


def _counts(scores: Scores | None) -> dict[str, Any]:
    """Return how many queries there are of each kind; what is 0 is left out, but for two."""
    if scores is None:
        return {}
    counted: dict[str, Any] = {
        kind: count_of(scores, f"n_{kind}") or 0 for kind in ("queries", "scored")
    }
    for kind in ("unparsed", "missing", "failed", "unjudged"):
        if count := count_of(scores, f"n_{kind}"):
            counted[kind] = count
    unscored = {measure: count_of(scores, f"n_unscored_{measure}") or 0 for measure in FIGURES}
    if any(unscored.values()):
        counted["unscored"] = {measure: n for measure, n in unscored.items() if n}
    return counted


def _column_record(column: BoardColumn) -> dict[str, Any]:
    record = asdict(column)
    del record["measure"]
    return record
