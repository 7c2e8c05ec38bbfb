"""Categorize, plan, rewrite and verify some queries, and redraw until nothing is left to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_verify import verify_candidates
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.categorize import categorize, read_categories
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import plan, plan_keys, plans_of
from rarft.dataset_builder.rewrite import open_draws, rewrite
from rarft.dataset_builder.rewrite_input import (
    Descriptions,
    read_descriptions,
    video_descriptions,
)
from rarft.dataset_builder.types import Row
from rarft.dataset_builder.verify import VideoQueries


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The rows of a build, by number and by video, what these show, and the candidates so far."""

    rows: Sequence[Row]
    queries: VideoQueries
    descriptions: Descriptions
    store: DraftStore


def make_material(building: Building, rows: Sequence[Row], store: DraftStore) -> Material:
    """Put together what rewriting needs beside the plans.

    Raises:
        UserError: the descriptions cannot be read.
    """
    path = building.config.descriptions
    named = read_descriptions(Path(path)) if path else {}
    queries = VideoQueries(rows)
    shown = video_descriptions(queries, named)
    return Material(rows=rows, queries=queries, descriptions=shown, store=store)


def spend(building: Building, asked: Asked) -> Building:
    """Return the build with what is left of its budget."""
    return replace(building, effort=building.effort.after(asked.usd or 0.0))


def prepare(building: Building, active: Sequence[Row]) -> Asked:
    """Categorize and plan the queries that have no plan yet.

    Raises:
        UserError: no answer can be had; what came is stored.
    """
    asked = categorize(building, active)
    plan(building, active, read_categories(building))
    return asked


def draw(building: Building, active: Sequence[Row], material: Material) -> Asked:
    """Rewrite and verify until every plan has its candidates or has used its budget.

    Raises:
        UserError: no answer can be had, or a check cannot work as asked; what came is stored.
    """
    plans, store = plans_of(building), material.store
    total = Asked()
    while True:
        keys = plan_keys(active, plans)
        asked = verify_candidates(building, material.queries, keys, store)
        total, building = total + asked, spend(building, asked)
        if asked.is_over and not building.effort.batch:
            return total
        draws = open_draws(active, plans, store, building.config)
        if not draws:
            return total
        asked = rewrite(building, draws, store, material.descriptions)
        total, building = total + asked, spend(building, asked)
        if asked.is_over:
            keys = plan_keys(active, plans)
            return total + verify_candidates(building, material.queries, keys, store)
