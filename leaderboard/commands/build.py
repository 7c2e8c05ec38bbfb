"""`rarft-leaderboard build`: verify entries, rank them, and write the site that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rarft.harness.errors import UserError


def build_command(
    output: Annotated[Path, typer.Option("--output", help="Folder of the site.")],
    entries: Annotated[
        list[Path] | None,
        typer.Option("--entries", help="Folder with entries, or one entry; repeatable."),
    ] = None,
    videos: Annotated[
        list[Path] | None,
        typer.Option("--videos", help="Folder with videos to copy into the site; repeatable."),
    ] = None,
    texts: Annotated[
        bool,
        typer.Option(
            "--texts", help="Show annotations whose licence does not let everybody see them."
        ),
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper/--no_paper", help="Show the rows of the paper's tables.")
    ] = True,
    groups: Annotated[
        str,
        typer.Option("--groups", help="Patterns of tasks to average over, comma separated."),
    ] = "hi_*,ss_*",
    shown: Annotated[
        int, typer.Option("--shown", help="Queries of each task in the sample viewer.")
    ] = 2000,
    n_resamples: Annotated[
        int, typer.Option("--n_resamples", help="Resamples of the videos for ranks.")
    ] = 2000,
    include_path: Annotated[
        list[Path] | None,
        typer.Option("--include_path", help="Your folder with more tasks; repeatable."),
    ] = None,
    metadata: Annotated[
        str, typer.Option("--metadata", help="Your arguments for the task loaders, as JSON.")
    ] = "",
    skip_refused: Annotated[
        bool, typer.Option("--skip_refused", help="Leave refused entries out.")
    ] = False,
) -> None:
    """Verify entries, rank them, and write the site: no server is needed to open it."""
    from rarft.harness.flags import parse_object
    from rarft.leaderboard.site_data.build_site import build_site, entries_of
    from rarft.leaderboard.site_data.group_figures import named_patterns

    if shown < 0:
        raise UserError(f"got --shown {shown}, expected a number from 0")
    if n_resamples < 1:
        raise UserError(f"got --n_resamples {n_resamples}, expected a number above 0")
    folders = entries_of(entries or ())
    if entries and not folders:
        held = ", ".join(map(str, entries))
        raise UserError(
            f"got --entries {held} without an entry, expected folders with a manifest.json below; "
            "make one with rarft-leaderboard submit"
        )
    board = build_site(
        folders,
        output,
        videos=videos or (),
        texts=texts,
        include_path=include_path or (),
        metadata=parse_object(metadata, flag="--metadata") if metadata else None,
        paper=paper,
        group_patterns=named_patterns(groups),
        n_shown=shown,
        n_resamples=n_resamples,
        skip_refused=skip_refused,
        say=_say,
    )
    n_entries = sum(row.kind == "entry" for row in board.rows)
    print(f"{output / 'index.html'}: {n_entries} entries, {len(board.paper)} rows of the paper")


def _say(line: str) -> None:
    typer.echo(line, err=True)
