"""`rarft-data plan`: which irrelevant queries are to be made."""

from __future__ import annotations

import typer

from rarft.dataset_builder.commands.build_options import (
    ChoiceOption,
    ConfigFile,
    Directory,
    Levels,
    PerQueryOption,
    Seed,
    building_of,
    say,
)
from rarft.dataset_builder.store import PLAN


def plan_command(
    context: typer.Context,
    directory: Directory,
    config: ConfigFile = None,
    levels: Levels = None,
    per_query: PerQueryOption = None,
    choice: ChoiceOption = None,
    seed: Seed = None,
) -> None:
    """Plan 1, 2 or 3 categories for the strong, moderate and weak queries of each relevant one."""
    from rarft.dataset_builder.build_steps import plan_step

    n_planned = plan_step(building_of(directory, context.params, config=config))
    say(f"{n_planned} queries planned")
    print(directory / PLAN)
