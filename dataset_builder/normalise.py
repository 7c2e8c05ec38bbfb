"""From any source to rows of one form: named, checked, mended where it is certain how.

White space is collapsed, and a span whose end comes first is turned round. A span that ends past
the end of its video stays as it is and is flagged. What cannot be used is rejected with its reason,
and counted. One row is in memory at a time, and a digest of the id of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.row_checks import RowChecks, checked_row
from rarft.dataset_builder.sources import SOURCES
from rarft.dataset_builder.sources.columns import COLUMNS
from rarft.dataset_builder.sources.durations import read_durations
from rarft.dataset_builder.sources.fields import RowError
from rarft.dataset_builder.sources.items import Location, file_name
from rarft.dataset_builder.sources.row_query import flags_of, row_of
from rarft.dataset_builder.sources.source import Source, check_options
from rarft.dataset_builder.types import Rejected, Row
from rarft.harness.errors import AnnotationError, NotFoundError, UserError
from rarft.harness.types import Query

ORIGIN_OPTIONS: Final[tuple[str, ...]] = ("name", "licence", "citation", "redistributable")
"""What the user says of data that no source knows."""
EVERY_OPTIONS: Final = ("durations", "videos")
"""Options of every source: a file of durations, and a folder the videos must be in."""


def normalise(
    source_name: str,
    path: Location,
    *,
    split: str,
    options: Mapping[str, Any] | None = None,
    counts: Counter[str] | None = None,
) -> Iterator[Row | Rejected]:
    """Yield the rows of a source, and those that were rejected, in the order of the file.

    Args:
        source_name: A key of `SOURCES`.
        path: A local path, or `hub:OWNER/NAME`, with `@REVISION` and `/FILE` after it.
        split: The split that the rows carry, and that a data set of the Hub is asked for.
        options: Those of the source's reader, `durations` and `videos`; for the source `columns`
            also `name`, `licence`, `citation` and `redistributable`.
        counts: Where rows, rejected rows and flags are counted.

    Raises:
        NotFoundError: there is no such source or file.
        UserError: an option is unknown or missing, the file cannot be read, or no row can be used.
    """
    source = find_source(source_name)
    kept = dict(options or {})
    given = {name: kept.pop(name) for name in EVERY_OPTIONS if name in kept}
    origin_options = ORIGIN_OPTIONS if source is COLUMNS else ()
    said = {name: kept.pop(name) for name in origin_options if name in kept}
    check_options(source, kept)
    described = _described(source, said)
    checks = RowChecks(
        source=described,
        split=split,
        file=file_name(path),
        durations=read_durations(given["durations"]) if given.get("durations") else {},
        videos=_folder(given["videos"]) if given.get("videos") else None,
        seen=set(),
    )
    found = described.read(path, split=split, **kept)
    return _checked(found, checks, path=path, counts=Counter() if counts is None else counts)


def find_source(name: str) -> Source:
    """Return a source by its name.

    Raises:
        NotFoundError: there is none of that name.

    Example:
        >>> find_source("charades_sta").title
        'Charades-STA'
    """
    if name not in SOURCES:
        near = get_close_matches(name, SOURCES, n=1, cutoff=0.5)
        raise NotFoundError(
            f"got the source {name}, expected one of {', '.join(SOURCES)}; "
            + (f"did you mean {near[0]}?" if near else "see `rarft-data sources`")
        )
    return SOURCES[name]


def _described(source: Source, said: Mapping[str, Any]) -> Source:
    """Return the source `columns` as the user describes it."""
    if not said:
        return source
    if not isinstance(said.get("redistributable", False), bool):
        raise UserError(
            f"got redistributable={said['redistributable']}, expected true or false; say whether "
            "the licence lets the annotations be handed on"
        )
    return replace(source, **{name: value for name, value in said.items() if value is not None})


def _folder(named: Any) -> Path:
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise NotFoundError(f"got videos={named}, which is no folder, expected one; mend the path")
    return folder


def _checked(
    found: Iterator[Query | Rejected],
    checks: RowChecks,
    *,
    path: Location,
    counts: Counter[str],
) -> Iterator[Row | Rejected]:
    n_rows, first = 0, ""
    for one in found:
        result = _result(one, checks)
        if isinstance(result, Row):
            n_rows += 1
            counts["rows"] += 1
            counts.update(flags_of(result.query.provenance))
        else:
            counts["rejected"] += 1
            first = first or f"the first is row {result.row}, {result.reason}"
        yield result
    if not n_rows:
        raise AnnotationError(
            f"{path}: got no row that can be used ({first or 'it holds none'}), expected "
            f"{checks.source.title}; check that it is the file the source reads"
        )


def _result(one: Query | Rejected, checks: RowChecks) -> Row | Rejected:
    name = checks.source.name
    if isinstance(one, Rejected):
        return replace(one, source=name)
    try:
        return checked_row(one, checks)
    except RowError as error:
        row = row_of(one.provenance)
        return Rejected(source=name, file=checks.file, row=row, reason=f"{one.id}: {error}")
