"""A build as those who read it find it: its rows, and what build.json says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.build_record import read_record
from rarft.dataset_builder.store import ACCEPTED, RECORD
from rarft.harness.errors import NotFoundError, UserError

GUESSABILITY: Final = "guessability.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFacts:
    """The parts of build.json that a card, the statistics and a difference tell of.

    Each is empty where the build has none. `prompts` gives the digest of each prompt,
    `guessability` what a blind model guesses right before and after selection.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, Any] = field(default_factory=dict)
    rejected_candidates: Mapping[str, Any] = field(default_factory=dict)
    costs: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    guessability: Mapping[str, Any] = field(default_factory=dict)
    is_complete: bool = True


PARTS = tuple(name for name in BuildFacts.__dataclass_fields__ if name != "is_complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBuild:
    """The rows of a build, what it says of itself, and the name it goes by."""

    rows: Path
    facts: BuildFacts
    name: str


def find_build(place: Path) -> FoundBuild:
    """Return a build by its folder, or rows alone by their file.

    Raises:
        NotFoundError: there is neither.
        UserError: build.json is damaged.
    """
    if place.is_file():
        return FoundBuild(rows=place, facts=BuildFacts(), name=place.stem)
    rows = place / ACCEPTED
    if not rows.is_file():
        raise NotFoundError(
            f"got {place} without {ACCEPTED}, expected a build's folder or a file of rows; finish "
            "the build with rarft-data build"
        )
    return FoundBuild(rows=rows, facts=read_facts(place), name=place.absolute().name)


def read_facts(folder: Path) -> BuildFacts:
    """Read the build.json of a folder; without one, every part is empty.

    Raises:
        UserError: it is damaged.
    """
    record = read_record(folder)
    if record is None:
        return BuildFacts()
    parts = {name: record.get(name) or {} for name in PARTS}
    for name, part in parts.items():
        if not isinstance(part, Mapping):
            raise UserError(
                f"got {folder / RECORD} with {name}: {part!r}, expected names and values; run "
                "rarft-data build again"
            )
    return BuildFacts(**parts, is_complete=record.get("complete", True) is True)


def with_measured(found: FoundBuild, *, n_rows: int) -> BuildFacts:
    """Return what is known of a build, with what `rarft-data guessability` measured of its rows.

    A measurement of another number of rows is of an older state of the build, and left out.
    """
    path = found.rows.with_name(GUESSABILITY)
    if found.rows.name != ACCEPTED or not path.is_file():
        return found.facts
    try:
        told = json.loads(path.read_bytes())
        is_of_these = told["n_queries"] == n_rows
        models = {name: _figures(told[name]) for name in ("blind", "second") if told.get(name)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"got {path} that cannot be read ({error!r}), expected what rarft-data guessability "
            "writes; give that command again, or delete the file"
        ) from error
    if not is_of_these:
        return found.facts
    return replace(found.facts, guessability={**found.facts.guessability, "measured": models})


def _figures(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if isinstance(value, str | int | float)}


def flat(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Return a mapping of mappings as one, names joined by a dot; long lists are counted.

    Example:
        >>> flat({"before": {"auc": 0.8}, "levels": ["strong"], "aucs": [0.81, 0.7, 0.6, 0.59]})
        {'before.auc': 0.8, 'levels': 'strong', 'aucs': '4 values'}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found.update(flat(value, prefix=f"{prefix}{name}."))
        elif isinstance(value, list | tuple):
            shown = ", ".join(map(str, value)) if len(value) <= 3 else f"{len(value)} values"
            found[f"{prefix}{name}"] = shown
        else:
            found[f"{prefix}{name}"] = value
    return found
