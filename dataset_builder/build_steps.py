"""The steps of a build one at a time, as their commands run them."""

from __future__ import annotations

from collections.abc import Sequence

from rarft.dataset_builder.build import Built, finish
from rarft.dataset_builder.build_balance import balance
from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_checks import checks_of
from rarft.dataset_builder.build_draw import make_material
from rarft.dataset_builder.build_record import read_record, write_record
from rarft.dataset_builder.build_rows import make_rows, read_relevant
from rarft.dataset_builder.build_verify import verify_candidates
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.categorize import categorize, failed_queries, read_categories
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import plan, plan_keys, plans_of
from rarft.dataset_builder.rewrite import open_draws, rewrite
from rarft.dataset_builder.row_files import stored_rows
from rarft.dataset_builder.store import ROWS
from rarft.dataset_builder.types import Row
from rarft.dataset_builder.verify import VideoQueries
from rarft.harness.stages.run_lock import hold


def categorize_step(building: Building) -> Asked:
    """Categorize every row of a build that has no categories.

    Raises:
        UserError: the source or the model cannot be used; what is stored stays stored.
    """
    with hold(building.directory):
        return categorize(building, _rows(building))


def plan_step(building: Building) -> int:
    """Plan every categorized query of a build; return how many irrelevant queries are new in it."""
    with hold(building.directory):
        return plan(building, _rows(building), read_categories(building))


def rewrite_step(building: Building) -> Asked:
    """Draw one candidate for every plan that has none that is not rejected.

    Raises:
        UserError: the model cannot be used; what is stored stays stored.
    """
    with hold(building.directory), DraftStore(building.directory) as store:
        rows = _rows(building)
        material = make_material(building, rows, store)
        draws = open_draws(rows, plans_of(building), store, building.config)
        return rewrite(building, draws, store, material.descriptions)


def verify_step(building: Building) -> Asked:
    """Judge every candidate of a build that has no verdict.

    Raises:
        NotFoundError: the build has no rows.
        UserError: a check cannot work as asked; what was judged is stored.
    """
    checks_of(building)
    rows = stored_rows(building.directory / ROWS, keep=lambda row: row.query.relevant)
    with hold(building.directory), DraftStore(building.directory) as store:
        write_record(building.directory, building.config, read_record(building.directory))
        return verify_candidates(building, VideoQueries(rows), store.keys(), store)


def balance_step(building: Building) -> Built:
    """Choose among the verified candidates of a build, and write the accepted rows.

    Where words tell too much, relevant queries are paraphrased and candidates redrawn, as `build`
    does. A build in which an earlier step has work left stays incomplete.

    Raises:
        UserError: the model cannot be used; what is stored stays stored.
    """
    with hold(building.directory), DraftStore(building.directory) as store:
        rows = _rows(building)
        plan(building, rows, read_categories(building))
        material = make_material(building, rows, store)
        active = _planned_rows(building, rows)
        balanced = balance(building, active, material, is_over=False)
        asked = balanced.asked + _left_to_do(building, active, store)
        return finish(building, active, material, balanced, asked)


def _planned_rows(building: Building, rows: Sequence[Row]) -> Sequence[Row]:
    """Return all rows, or where a number is asked for, those up to the last one with a plan."""
    if building.config.n_queries is None:
        return rows
    plans = plans_of(building)
    planned = (number for number, row in enumerate(rows, start=1) if row.query.id in plans)
    return rows[: max(planned, default=0)]


def _left_to_do(building: Building, active: Sequence[Row], store: DraftStore) -> Asked:
    """Say that a build cannot be complete while a step before this one has work left."""
    plans = plans_of(building)
    found, failed = read_categories(building), failed_queries(building)
    ids = (row.query.id for row in active)
    n_unasked = sum(one not in found and one not in failed for one in ids)
    n_open = len(open_draws(active, plans, store, building.config))
    n_unjudged = len(store.unverified(plan_keys(active, plans)))
    if not n_unasked and not n_open and not n_unjudged:
        return Asked()
    return Asked(
        is_over=True,
        note=f"{n_unasked} queries have no categories, {n_open} want candidates, {n_unjudged} "
        "candidates have no verdict; go on with categorize, rewrite and verify, or with build",
    )


def _rows(building: Building) -> Sequence[Row]:
    """Return the rows of a build, made now where there are none, and note its config."""
    write_record(building.directory, building.config, read_record(building.directory))
    make_rows(building)
    return read_relevant(building)
