"""`rarft-data diff`: what one build has that another has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rarft.dataset_builder.diff import BuildDiff, RowChange


def diff_command(
    before: Annotated[Path, typer.Argument(help="A build's folder, or a file of rows.")],
    after: Annotated[Path, typer.Argument(help="Another.")],
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="Where to write every change, as JSONL.")
    ] = None,
    n_shown: Annotated[int, typer.Option("--n_shown", help="How many changed rows are shown.")] = 5,
) -> None:
    """Say which rows, counts and facts differ between two builds."""
    from rich.console import Console

    from rarft.dataset_builder.diff import counts_of, diff_builds
    from rarft.dataset_builder.diff_tables import diff_lines, diff_tables
    from rarft.harness.report.text_table import text_table

    diff = diff_builds(before, after)
    found = counts_of(diff, _written(diff, output_path))
    for line in diff_lines(diff, found, n_shown=n_shown):
        print(line)
    console = Console()
    for table in diff_tables(diff, found):
        console.print(text_table(table.headings, table.rows, title=table.title))
    if output_path is not None:
        print(output_path)


def _written(diff: BuildDiff, path: Path | None) -> Iterator[RowChange]:
    """Yield the changes, and write each on the way where a file is named."""
    if path is None:
        yield from diff.changes()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        for change in diff.changes():
            out.write(json.dumps(change.to_json(), ensure_ascii=False) + "\n")
            yield change
