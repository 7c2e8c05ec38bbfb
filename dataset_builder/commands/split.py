"""`rarft-data split`: put the accepted rows in splits by their videos."""

from __future__ import annotations

from typing import Annotated

import typer

from rarft.dataset_builder.commands.build_options import Directory, Seed, building_of, say
from rarft.dataset_builder.store import ACCEPTED


def split_command(
    context: typer.Context,
    directory: Directory,
    splits: Annotated[
        str, typer.Option("--splits", help="name=share,…, such as train=0.9,test=0.1.")
    ],
    seed: Seed = None,
) -> None:
    """Split the accepted rows: no video is in two splits, and none moves as the set grows."""
    from rarft.dataset_builder.build import split_again

    counts = split_again(building_of(directory, context.params))
    say(", ".join(f"{name}: {n} rows" for name, n in counts["splits"].items()))
    print(directory / ACCEPTED)
