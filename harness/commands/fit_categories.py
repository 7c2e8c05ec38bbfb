"""`rarft-eval fit-categories`: fit the local categories judge on the user's annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rarft.harness.commands.run_options import IncludePath
from rarft.harness.errors import UserError
from rarft.harness.flags import parse_object
from rarft.harness.judges.labelled_refusals import LabelledRefusals, labelled_refusals
from rarft.harness.run_config import RunConfig

FIT_NAME = "fit-categories"


def fit_categories_command(
    tasks: Annotated[
        str, typer.Option("--tasks", help="Tasks to learn from, comma separated: hi_charades.")
    ],
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="A folder for the weights [none].")
    ] = None,
    test_tasks: Annotated[
        str | None, typer.Option("--test_tasks", help="Tasks to read with the weights as well.")
    ] = None,
    phrases: Annotated[
        int, typer.Option("--phrases", help="Learn from this many made-up refusals too.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    include_path: IncludePath = None,
    metadata: Annotated[
        str, typer.Option("--metadata", help="A JSON object for the task loaders.")
    ] = "{}",
) -> None:
    """Fit the local categories judge on tasks' refusals, and say how well it agrees with them."""
    from rarft.harness.judges.category_agreement import agreement, cross_validated
    from rarft.harness.judges.fit_categories import fit, save
    from rarft.harness.judges.local_categories import categories_of
    from rarft.harness.judges.refusal_phrases import phrase_refusals
    from rarft.harness.report.category_agreement_table import category_agreement_table

    if phrases < 0:
        raise UserError(f"got --phrases {phrases}, expected a number from 0")
    given = parse_object(metadata, flag="--metadata")
    folders = tuple(include_path or ())
    known = _refusals(tasks, given, folders, seed=seed)
    tested = _refusals(test_tasks, given, folders, seed=seed) if test_tasks else None
    unseen = _unseen(tested, known, f"--test_tasks {test_tasks}", tasks) if tested else None
    added = phrase_refusals(phrases, seed=seed)

    console = Console()
    found = cross_validated(known.texts, known.categories, known.videos, seed=seed, added=added)
    title = f"{tasks}, each of 5 folds of videos read with weights of the others"
    console.print(category_agreement_table(found, title=title))
    weights = fit(
        [*known.texts, *added[0]],
        [*known.categories, *added[1]],
        seed=seed,
        name="+".join([*tasks.split(","), *(["phrases"] if phrases else [])]),
        source=f"{len(known.texts)} refusals of {tasks}, {phrases} made of the package's phrases",
    )
    if tested is not None and unseen is not None:
        read = agreement(categories_of(unseen.texts, weights), unseen.categories)
        n_seen = len(tested.texts) - len(unseen.texts)
        left_out = f", {n_seen} on videos of {tasks} left out" if n_seen else ""
        title = f"{test_tasks}, read with weights of {tasks}{left_out}"
        console.print(category_agreement_table(read, title=title))
    if output_path is not None:
        save(weights, output_path)
        print(f"{output_path}: {weights.identity}")


def _unseen(
    tested: LabelledRefusals, known: LabelledRefusals, flag: str, tasks: str
) -> LabelledRefusals:
    """Return the refusals about videos that the weights are not fitted to."""
    unseen = tested.without_videos(known.videos)
    if not unseen.texts:
        raise UserError(
            f"got {flag}, all of whose videos are in {tasks} too, expected other videos; name "
            "another task"
        )
    return unseen


def _refusals(
    tasks: str, metadata: dict[str, Any], folders: tuple[str, ...], *, seed: int
) -> LabelledRefusals:
    from rarft.harness.stages.loaded_task import load_tasks

    config = RunConfig(
        model="none",
        tasks=tuple(tasks.split(",")),
        metadata=metadata,
        include_path=folders,
        seed=seed,
    )
    loaded = load_tasks(config)
    queries = (query for task in loaded for query in task.queries)
    return labelled_refusals(queries, tasks=f"--tasks {tasks}")
