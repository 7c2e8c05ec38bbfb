"""`rarft-data merge`: shards, or builds of several sources, as one build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def merge_command(
    builds: Annotated[list[Path], typer.Argument(help="Folders of finished builds.")],
    output_path: Annotated[Path, typer.Option("--output_path", help="The folder of the whole.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The name of the set and its task [the folder's].")
    ] = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow_incomplete", help="Take builds that lack rows as they are.")
    ] = False,
    card: Annotated[
        bool, typer.Option("--card/--no_card", help="Write the set and its card at the end.")
    ] = True,
) -> None:
    """Merge finished builds: all shards of a config, or builds of several sources."""
    from rarft.dataset_builder.merge import merge_builds

    merged = merge_builds(builds, output_path, may_be_incomplete=allow_incomplete)
    print(f"{merged.n_rows:,} rows of {merged.n_builds} builds", file=sys.stderr)
    if card:
        from rarft.dataset_builder.output import write_output

        print(write_output(output_path, name=name).folder)
        return
    print(output_path)
