"""`rarft-leaderboard compare`: what two entries differ in, and how surely."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rarft.harness.errors import UserError


def compare_command(
    a: Annotated[Path, typer.Argument(metavar="ENTRY_A", help="The directory of an entry.")],
    b: Annotated[Path, typer.Argument(metavar="ENTRY_B", help="The directory of another.")],
    slices: Annotated[
        bool, typer.Option("--slices", help="Show levels, groups and categories too.")
    ] = False,
    n_resamples: Annotated[
        int, typer.Option("--n_resamples", help="Resamples of the videos.")
    ] = 10_000,
    include_path: Annotated[
        list[Path] | None,
        typer.Option("--include_path", help="Your folder with more tasks; repeatable."),
    ] = None,
    metadata: Annotated[
        str, typer.Option("--metadata", help="Your arguments for the task loaders, as JSON.")
    ] = "",
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Where to write every number and query.")
    ] = None,
) -> None:
    """Verify two entries and compare them: differences with intervals, McNemar's test, queries."""
    from rarft.harness.flags import parse_object
    from rarft.leaderboard.site_data.build_site import board_of, verify_entries
    from rarft.leaderboard.site_data.compare_page import compare_record
    from rarft.leaderboard.site_data.compare_table import compare_tables
    from rarft.leaderboard.site_data.data_file import data_text

    if n_resamples < 1:
        raise UserError(f"got --n_resamples {n_resamples}, expected a number above 0")
    if a.resolve() == b.resolve():
        raise UserError(f"got {a} twice, expected two entries")
    verified = verify_entries(
        [a, b],
        include_path=include_path or (),
        metadata=parse_object(metadata, flag="--metadata") if metadata else None,
        say=_say,
    )
    board = board_of(verified.held, paper=False, n_resamples=n_resamples, say=_say)
    first, second = sorted((row for row in board.rows if row.kind == "entry"), key=lambda r: r.id)
    record = compare_record(board, first, second)
    if not record["tasks"]:
        raise UserError(f"got {a} and {b} with no task in common, expected one")
    console = Console()
    for part in compare_tables(record, slices=slices):
        console.print(part)
    if json_path is not None:
        from rarft.harness.atomic_file import write_atomic

        write_atomic(json_path, data_text(record).encode())


def _say(line: str) -> None:
    typer.echo(line, err=True)
