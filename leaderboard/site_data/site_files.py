"""Write every data file of a site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rarft.leaderboard.paper import PaperSource
from rarft.leaderboard.site_data.board import board_record, slices_record, task_records
from rarft.leaderboard.site_data.chunks import n_chunks_of, query_chunks, sample_chunks
from rarft.leaderboard.site_data.compare_page import compare_record
from rarft.leaderboard.site_data.data_file import write_data
from rarft.leaderboard.site_data.entry_page import entry_record, paper_record
from rarft.leaderboard.site_data.measured_board import MeasuredBoard

N_SHOWN: Final = 2_000
"""Queries of each task that the viewer shows by default."""


def write_site_data(
    board: MeasuredBoard,
    data: Path,
    *,
    source: PaperSource | None = None,
    n_shown: int = N_SHOWN,
    files: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the data folder of a site.

    Args:
        board: the measured board.
        data: the folder to write in.
        source: the paper that reported rows are taken from.
        n_shown: how many queries of each task, from the first on, the viewer shows.
        files: by task and name, the videos that the site holds.

    Raises:
        UserError: a file cannot be written.
    """
    shown = shown_queries(board, n_shown)
    chunks = {name: n_chunks_of(n) for name, n in shown.items()}
    write_data(data, "board", "board", board_record(board, n_chunks=chunks))
    records = task_records(board, n_chunks=chunks)
    titles = {record["name"]: record["title"] for record in records}
    for name in board.task_names:
        record = slices_record(board, name)
        write_data(data, f"slices/{name}", f"slices:{name}", record)
    for name, task in board.tasks.items():
        own = (files or {}).get(name, {})
        for chunk, record in query_chunks(task, n_shown=shown[name], files=own):
            write_data(data, f"queries/{name}.{chunk}", f"queries:{name}:{chunk}", record)
    for row in board.rows:
        record = entry_record(board, row, titles=titles, n_shown=shown)
        write_data(data, f"entries/{row.id}", f"entry:{row.id}", record)
    if source is not None:
        for one in board.paper:
            record = paper_record(board, one, source=source, titles=titles)
            write_data(data, f"entries/{one.id}", f"entry:{one.id}", record)
    _write_samples(board, data, shown)
    _write_comparisons(board, data)


def shown_queries(board: MeasuredBoard, n_shown: int) -> dict[str, int]:
    """Return how many queries of each task the viewer shows: no more than an entry was asked."""
    asked = {
        name: [len(row.outcomes.get(name, ())) for row in board.rows if not row.is_floor]
        for name in board.tasks
    }
    return {name: min(n_shown, max(own, default=0)) for name, own in asked.items()}


def _write_samples(board: MeasuredBoard, data: Path, shown: Mapping[str, int]) -> None:
    for row in board.rows:
        for task in row.samples:
            for chunk, record in sample_chunks(row, task, n_shown=shown[task]):
                place = f"samples/{row.id}/{task}.{chunk}"
                write_data(data, place, f"samples:{row.id}:{task}:{chunk}", record)


def _write_comparisons(board: MeasuredBoard, data: Path) -> None:
    rows = {row.id: row for row in board.rows}
    for a, b in board.pairs:
        record = compare_record(board, rows[a], rows[b])
        if record["tasks"]:
            write_data(data, f"compare/{a}..{b}", f"compare:{a}:{b}", record)
