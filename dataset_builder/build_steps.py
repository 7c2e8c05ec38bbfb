"""The steps of a build one at a time, as their commands run them."""

from __future__ import annotations

from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_draw import make_material, plans_of
from rarft.dataset_builder.build_record import read_record, write_record
from rarft.dataset_builder.build_rows import make_rows, read_relevant
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.categorize import categorize, read_categories
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import plan
from rarft.dataset_builder.rewrite import open_draws, rewrite
from rarft.dataset_builder.types import Row
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
        plans = plans_of(building, rows)
        material = make_material(building, rows, store)
        draws = list(open_draws(rows, plans, store, building.config))
        return rewrite(building, draws, store, material.descriptions)


def _rows(building: Building) -> list[Row]:
    """Return the rows of a build, made now where there are none, and note its config."""
    known = {**(read_record(building.directory) or {})}
    known.pop("config", None)
    write_record(building.directory, building.config, known)
    make_rows(building)
    return read_relevant(building)
