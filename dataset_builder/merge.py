"""Several builds as one: the shards of one source, or builds of several sources.

A video's rows are all in one shard, so that shards are built apart and their splits hold; both is
checked here. Rows are copied as they stand; 8 bytes of the id of each are in memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rarft.dataset_builder.build_record import read_record
from rarft.dataset_builder.output.found_build import BuildFacts, find_build
from rarft.dataset_builder.output.row_index import Digests, digest_of, index_rows
from rarft.dataset_builder.store import ACCEPTED, MISSING, RECORD, REJECTED_ROWS
from rarft.dataset_builder.types import Row
from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import SCHEMA_VERSION
from rarft.harness.stages.run_lock import hold

_PLACES: Final = ("rows", "path", "videos", "descriptions", "llm_base_url")
"""Keys of a config that name places: those of shards differ where machines do."""
_RAISED: Final = ("n_queries", "max_candidates", "guess_target", "guess_rounds")
"""Keys that ask for more and change no row."""
_SUMMED: Final = ("counts", "missing", "rejected_candidates", "costs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One build that is merged; `group` is the same for shards of one source."""

    folder: Path
    facts: BuildFacts
    group: str
    shard: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was merged, and how many rows that gave."""

    folder: Path
    n_rows: int
    n_builds: int


def merge_builds(builds: Sequence[Path], out: Path, *, may_be_incomplete: bool = False) -> Merged:
    """Write the rows of several builds into a build's folder of its own.

    Args:
        builds: their folders; shards may come in any order.
        out: a new folder, or one that a merge wrote before.
        may_be_incomplete: take builds as they are, though rows are still missing.

    Raises:
        NotFoundError: there is no such build.
        UserError: a build is not finished, a shard is absent or there twice, an id comes twice, a
            video is in two shards or in two splits, or `out` is another build.
    """
    parts = _ordered([_part(folder, may_be_incomplete=may_be_incomplete) for folder in builds])
    _check_target(out, parts)
    n_rows = _check_rows(parts)
    with hold(out):
        for name in (ACCEPTED, MISSING, REJECTED_ROWS):
            _join([part.folder / name for part in parts], out / name)
        write_atomic(out / RECORD, f"{json.dumps(_record(parts), indent=2)}\n".encode())
    return Merged(folder=out, n_rows=n_rows, n_builds=len(parts))


def _part(folder: Path, *, may_be_incomplete: bool) -> Part:
    if not folder.is_dir():
        raise UserError(f"got {folder}, expected the folder of a build; check the path")
    facts = find_build(folder).facts
    if not (facts.is_complete or may_be_incomplete):
        raise UserError(
            f"got {folder}, whose build is not complete, expected a finished one; go on with "
            f"rarft-data build --output_path {folder}, or give --allow_incomplete"
        )
    number, _, total = str(facts.config.get("shard") or "0/1").partition("/")
    own = {
        name: value
        for name, value in facts.config.items()
        if name not in (*_PLACES, *_RAISED, "shard")
    }
    is_shard = int(total) > 1
    group = json.dumps([own, dict(facts.prompts)], sort_keys=True) if is_shard else str(folder)
    return Part(folder=folder, facts=facts, group=group, shard=(int(number), int(total)))


def _ordered(parts: Sequence[Part]) -> list[Part]:
    """Return builds in their order, shards in that of their numbers.

    Raises:
        UserError: a shard is absent or there twice.
    """
    groups: dict[tuple[str, int], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.group, part.shard[1]), []).append(part)
    ordered: list[Part] = []
    for (_, total), members in groups.items():
        numbers = sorted(part.shard[0] for part in members)
        if numbers != list(range(total)):
            lacking = [f"{one}/{total}" for one in range(total) if one not in numbers]
            twice = [f"{one}/{total}" for one in numbers if numbers.count(one) > 1]
            what = f"without {', '.join(lacking)}" if lacking else f"with {twice[0]} twice"
            raise UserError(
                f"got {len(members)} of {total} shards of one config, {what}, expected each once; "
                f"the first is {members[0].folder}: shards differ in nothing but their number"
            )
        ordered += sorted(members, key=lambda part: part.shard[0])
    return ordered


def _check_target(out: Path, parts: Iterable[Part]) -> None:
    if any(part.folder.resolve() == out.resolve() for part in parts):
        raise UserError(f"got {out} as --output_path and as a build, expected a folder of its own")
    if (out / ACCEPTED).exists() and "merged" not in (read_record(out) or {}):
        raise UserError(f"got {out}, which is another build, expected a new folder")


def _check_rows(parts: Sequence[Part]) -> int:
    """Read every row and return how many there are.

    Raises:
        UserError: a row is damaged, an id comes twice, or a video is where it must not be.
    """
    place_of: dict[int, tuple[int, str]] = {}
    ids: list[Digests] = []
    for number, part in enumerate(parts):

        def see(row: Row, number: int = number, part: Part = part) -> None:
            video, split = digest_of(row.query.video), row.origin.split
            first, first_split = place_of.setdefault(video, (number, split))
            if first != number and parts[first].group == part.group:
                raise UserError(
                    f"got {row.query.video} in {parts[first].folder} and in {part.folder}, "
                    "expected each video in one shard; build the shards from the same rows"
                )
            if first_split != split:
                raise UserError(
                    f"got {row.query.video} in the splits {first_split} and {split}, expected "
                    "each video in one; give all builds the same splits and seed"
                )

        index = index_rows(part.folder / ACCEPTED, see=see)
        for other, known in enumerate(ids):
            shared = np.intersect1d(known, index.ids, assume_unique=True)
            if len(shared):
                raise UserError(
                    f"got {len(shared)} ids both in {parts[other].folder} and in {part.folder}, "
                    "expected one row an id; leave one of the builds out"
                )
        ids.append(index.ids)
    return sum(map(len, ids))


def _join(files: Sequence[Path], path: Path) -> None:
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as out:
            for file in files:
                if file.is_file():
                    with file.open("rb") as rows:
                        shutil.copyfileobj(rows, out)
        draft.replace(path)
    except OSError as error:
        raise UserError(
            f"got {path}, which cannot be written ({error.strerror}), expected a folder with room; "
            "mend that and merge again"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _record(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the build.json of a merge: what all parts share, and the sums of what they count."""
    first = parts[0].facts
    shared = {
        name: {
            key: value
            for key, value in getattr(first, name).items()
            if all(getattr(part.facts, name).get(key) == value for part in parts)
        }
        for name in ("config", "prompts", "versions")
    }
    return {
        "schema_version": SCHEMA_VERSION,
        **shared,
        "complete": all(part.facts.is_complete for part in parts),
        "merged": [part.folder.name for part in parts],
        **{name: summed([getattr(part.facts, name) for part in parts]) for name in _SUMMED},
        # Figures of parts cannot be added up.
        "guessability": {
            part.folder.name: dict(part.facts.guessability)
            for part in parts
            if part.facts.guessability
        },
    }


def summed(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of what several mappings count; an unknown cost makes the sum unknown.

    Example:
        >>> summed([{"n": 2, "usd": None, "by": {"a": 1}}, {"n": 3, "usd": 0.5, "by": {"b": 4}}])
        {'n': 5, 'usd': None, 'by': {'a': 1, 'b': 4}}
    """
    total: dict[str, Any] = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        values = [part[name] for part in parts if name in part]
        if all(isinstance(value, Mapping) for value in values):
            total[name] = summed(values)
        elif all(isinstance(value, int | float) for value in values):
            total[name] = sum(values)
        else:
            total[name] = None
    return total
