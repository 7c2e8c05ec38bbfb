"""The rows that are annotated: of a build, of a file, or one for each video that has none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from rarft.dataset_builder.row_files import read_rows
from rarft.dataset_builder.types import TASK, Candidate, Origin, Row
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.types import Query
from rarft.harness.video.locate import EXTENSIONS
from rarft.tasks.official import read_queries

DATABASE: Final = "annotations.sqlite"
OWN_SOURCE: Final = "annotation"
_ROW_FILES: Final = ("accepted.jsonl", "rows.jsonl")
_CANDIDATES: Final = "candidates.jsonl"
_CANDIDATE_FIELDS: Final = tuple(field.name for field in fields(Candidate))


def rows_file(given: Path) -> Path:
    """Return the file of rows that a folder or a file names; of a build, the accepted ones.

    Raises:
        NotFoundError: there is none.
    """
    if given.is_file():
        return given
    for name in _ROW_FILES:
        if (given / name).is_file():
            return given / name
    raise NotFoundError(
        f"got {given}, expected a file of rows or a folder with {' or '.join(_ROW_FILES)}; make "
        "one with rarft-data normalise or rarft-data build"
    )


def database_of(given: Path) -> Path:
    """Return where the annotations of a folder or a file are kept, or the database itself.

    Example:
        >>> database_of(Path("rows.jsonl")).name
        'rows.annotations.sqlite'
    """
    if given.suffix == ".sqlite":
        return given
    if given.is_dir():
        return given / DATABASE
    return given.with_name(f"{given.stem}.{DATABASE}")


def rows_to_annotate(file: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL of rows, of `candidates.jsonl`, or of an official JSON file.

    Raises:
        UserError: the file, or a line of it, cannot be read.
    """
    if file.suffix == ".json":
        yield from _official_rows(file)
    elif file.name == _CANDIDATES:
        yield from _candidate_rows(file)
    else:
        yield from read_rows(file)


def rows_of_videos(roots: Sequence[Path], *, known: Iterable[str]) -> Iterator[Row]:
    """Yield a row without a query for every video under the roots that no known row is about."""
    taken = {Path(name).stem for name in known}
    names = sorted(
        path.name
        for root in roots
        for path in root.rglob("*")
        if path.suffix.lower() in EXTENSIONS and path.is_file()
    )
    for name in names:
        if Path(name).stem not in taken:
            taken.add(Path(name).stem)
            yield Row(query=_empty_query(name), origin=_own_origin())


def added_row(
    row: Row, *, item_id: str, relevant_query: str, text: str = "", relevant: bool = False
) -> Row:
    """Return a new row about the video of another, which an annotator is going to fill in."""
    query = row.query
    return Row(
        query=Query(
            id=item_id,
            task=TASK,
            video=query.video,
            text=text,
            relevant=relevant,
            record=query.record,
            clip=query.clip,
            duration_s=query.duration_s,
            relevant_query=relevant_query or None,
            provenance=query.provenance,
        ),
        origin=row.origin,
    )


def _empty_query(video: str) -> Query:
    return Query(id=video, task=TASK, video=video, text="", relevant=True, record=video)


def _own_origin() -> Origin:
    return Origin(source=OWN_SOURCE, split="", licence="", citation="", redistributable=False)


def _official_rows(file: Path) -> Iterator[Row]:
    queries, _ = read_queries(file, task=TASK)
    for query in queries:
        origin = Origin(
            source=file.stem,
            split="",
            licence="",
            citation="",
            redistributable=False,
            file=file.name,
            row=int(query.record),
        )
        yield Row(query=query, origin=origin)


def _candidate_rows(file: Path) -> Iterator[Row]:
    """Yield generated rows before anything has chosen among them."""
    made_from = {row.query.id: row for row in read_rows(rows_file(file.parent / _ROW_FILES[1]))}
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                written = json.loads(line)
                candidate = Candidate(**{name: written[name] for name in _CANDIDATE_FIELDS})
                yield _candidate_row(candidate, made_from[candidate.query_id])
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"got {file}:{number} that is no candidate of a row of {_ROW_FILES[1]} "
                    f"({error!r}), expected what rarft-data rewrite writes; make the file again"
                ) from error


def _candidate_row(candidate: Candidate, row: Row) -> Row:
    query = Query(
        id=candidate.id,
        task=TASK,
        video=row.query.video,
        text=candidate.text,
        relevant=False,
        record=row.query.record,
        clip=row.query.clip,
        duration_s=row.query.duration_s,
        level=candidate.level,
        categories=tuple(candidate.categories),
        refusal=candidate.refusal,
        relevant_query=row.query.text,
        provenance=row.query.provenance,
    )
    return Row(query=query, origin=row.origin)
