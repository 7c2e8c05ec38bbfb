"""`rarft-leaderboard rank`: where entries stand on a task, as far as their samples can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rarft.harness.errors import UserError


def rank_command(
    entries: Annotated[
        list[Path], typer.Argument(metavar="ENTRY...", help="Entries, or folders with entries.")
    ],
    task: Annotated[
        str, typer.Option("--task", help="A task, or a group such as mean-hi [all of them].")
    ] = "",
    by: Annotated[
        str,
        typer.Option("--by", help="A figure, or a slice of one such as f1_irrelevant/strong."),
    ] = "f1_avg",
    paper: Annotated[
        bool, typer.Option("--paper/--no_paper", help="Show the rows of the paper's tables.")
    ] = False,
    groups: Annotated[
        str,
        typer.Option("--groups", help="Patterns of tasks to average over, comma separated."),
    ] = "hi_*,ss_*",
    n_resamples: Annotated[
        int, typer.Option("--n_resamples", help="Resamples of the videos.")
    ] = 2000,
    include_path: Annotated[
        list[Path] | None,
        typer.Option("--include_path", help="Your folder with more tasks; repeatable."),
    ] = None,
    metadata: Annotated[
        str, typer.Option("--metadata", help="Your arguments for the task loaders, as JSON.")
    ] = "",
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Where to write the ranks of every figure.")
    ] = None,
) -> None:
    """Verify entries and rank them by one figure, with ties, intervals and the floors."""
    from rarft.harness.flags import parse_object
    from rarft.leaderboard.site_data.board import board_record
    from rarft.leaderboard.site_data.build_site import board_of, entries_of, verify_entries
    from rarft.leaderboard.site_data.data_file import data_text
    from rarft.leaderboard.site_data.group_figures import named_patterns
    from rarft.leaderboard.site_data.rank_table import rank_tables

    if n_resamples < 1:
        raise UserError(f"got --n_resamples {n_resamples}, expected a number above 0")
    folders = entries_of(entries)
    if not folders:
        raise UserError(
            "got no entry, expected folders with a manifest.json; make one with rarft-leaderboard "
            "submit"
        )
    verified = verify_entries(
        folders,
        include_path=include_path or (),
        metadata=parse_object(metadata, flag="--metadata") if metadata else None,
        say=_say,
    )
    board = board_of(
        verified.held,
        paper=paper,
        group_patterns=named_patterns(groups),
        n_resamples=n_resamples,
        compare=False,
        say=_say,
    )
    console = Console()
    for table in rank_tables(board, by=by, task=task):
        console.print(table)
    if json_path is not None:
        from rarft.harness.atomic_file import write_atomic

        write_atomic(json_path, data_text(board_record(board, n_chunks={})).encode())


def _say(line: str) -> None:
    typer.echo(line, err=True)
