"""Turn official annotation files into queries: the loader every grounding task YAML names.

Every query of a record gets the record's one timestamp, as in the official evaluation, even
where that is known to be wrong; the load report counts such records.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from rarft.harness.docs import Docs, docs_from_queries
from rarft.harness.errors import AnnotationError
from rarft.harness.parsing import reference_refusal
from rarft.harness.taxonomy import CATEGORIES, LEVEL_OF_DIFFICULTY, LEVELS, Level
from rarft.harness.types import Query
from rarft.tasks.annotation_files import annotation_file, own_annotation
from rarft.tasks.load_report import LoadReport
from rarft.tasks.quirks import count_quirks
from rarft.tasks.records import OfficialQuery, OfficialRecord, base_name, read_records

Select = Literal["all", "relevant"]


def load(
    *,
    annotation: str | None = None,
    commit: str | None = None,
    blob: str | None = None,
    select: Select = "all",
    negatives: Level | None = None,
    root: str | None = None,
    config_source: str | None = None,
    **_: Any,
) -> dict[str, Docs]:
    """Load a task's rows; lm-eval calls this with the task's whole metadata.

    Args:
        annotation: the official file's name or, without `blob`, the path of one's own file.
        commit: the commit of the official repository a download is pinned to.
        blob: the git blob id the file must have; without it any file is taken.
        select: "relevant" leaves irrelevant queries out.
        negatives: the level of every irrelevant query, whatever its difficulty says.
        root: a folder a relative `annotation` may lie in.
        config_source: the task's YAML, whose folder a relative `annotation` may lie in.

    Raises:
        AnnotationError: the metadata or the file cannot be used.
        NotFoundError: there is no such file.
    """
    name = _checked_metadata(annotation, commit, blob, select, negatives)
    if blob is None:
        beside = Path(config_source).parent if config_source else None
        folders = (Path(root) if root else None, beside)
        path = own_annotation(name, folders=tuple(folder for folder in folders if folder))
    else:
        path = annotation_file(name, commit=commit, blob=blob)
    queries, report = read_queries(path, commit=commit, select=select, negatives=negatives)
    docs = docs_from_queries(queries)
    docs.load_report = report.to_json()
    docs.annotation_sha256 = report.sha256
    return {"test": docs}


def read_queries(
    path: Path,
    *,
    task: str = "",
    commit: str | None = None,
    select: Select = "all",
    negatives: Level | None = None,
) -> tuple[list[Query], LoadReport]:
    """Read an annotation file into queries, with a report of what was odd in it.

    Args:
        path: a JSON file in the official schema.
        task: the name the queries carry.
        commit: the commit that their provenance states.
        select: "relevant" leaves irrelevant queries out.
        negatives: the level of every irrelevant query, whatever its difficulty says.

    Raises:
        AnnotationError: the file, a record or a field cannot be read, or no query is left.
    """
    try:
        source = path.read_bytes()
    except OSError as problem:
        raise AnnotationError(
            f"{path}: got {problem.strerror}, expected a readable annotation file; "
            "mend the path in the task's metadata"
        ) from None
    records = read_records(source, path=path)
    pinned = f"{path.name}@{commit[:7]}" if commit else path.name
    width = max(5, len(str(len(records) - 1)))
    queries = [
        query
        for index, record in enumerate(records)
        for query in _queries_of(
            record,
            record_id=f"{index:0{width}}",
            provenance=f"{pinned}#{index}",
            task=task,
            select=select,
            negatives=negatives,
        )
    ]
    if not queries:
        raise AnnotationError(f"{path}: got no query of select={select}, expected at least one")
    return queries, _report(path, source, records, queries, select=select, negatives=negatives)


def _queries_of(
    record: OfficialRecord,
    *,
    record_id: str,
    provenance: str,
    task: str,
    select: Select,
    negatives: Level | None,
) -> list[Query]:
    """Return a record's queries; ids keep their position in the record, whatever is selected."""
    original = next((query.text for query in record.queries if query.relevant), None)
    spans = (record.span,) if record.span else ()
    return [
        Query(
            id=f"{record_id}-{position}",
            task=task,
            video=base_name(record.video),
            text=query.text,
            relevant=query.relevant,
            record=record_id,
            spans=spans if query.relevant else (),
            clip=record.clip,
            duration_s=record.duration_s,
            level=level_of(query, negatives=negatives),
            categories=tuple(name for name in query.categories if name in CATEGORIES),
            refusal=_refusal_of(query),
            relevant_query=None if query.relevant else original,
            provenance=provenance,
        )
        for position, query in enumerate(record.queries)
        if query.relevant or select == "all"
    ]


def _refusal_of(query: OfficialQuery) -> str:
    return reference_refusal(query.answer) if query.answer and not query.relevant else ""


def level_of(query: OfficialQuery, *, negatives: Level | None) -> Level | None:
    """Return the level of a query: `negatives` for an irrelevant one, else its difficulty's.

    A difficulty that names no level, or one of the other relevance, gives None.

    Example:
        >>> query = OfficialQuery(text="a", relevant=False, answer="", difficulty="easy",
        ...                       categories=())
        >>> level_of(query, negatives=None), level_of(query, negatives="shuffled")
        ('weak', 'shuffled')
    """
    if negatives is not None and not query.relevant:
        return negatives
    difficulty = query.difficulty
    level = LEVEL_OF_DIFFICULTY.get(difficulty) if isinstance(difficulty, str) else None
    return level if (level == "original") == query.relevant else None


def _report(
    path: Path,
    source: bytes,
    records: Sequence[OfficialRecord],
    queries: Sequence[Query],
    *,
    select: Select,
    negatives: Level | None,
) -> LoadReport:
    counts, names = count_quirks(
        records, keep_irrelevant=select == "all", overridden=negatives is not None
    )
    relevances = Counter(query.relevant for query in queries)
    return LoadReport(
        annotation=path.name,
        sha256=hashlib.sha256(source).hexdigest(),
        n_records=len(records),
        n_videos=len({query.video for query in queries}),
        n_relevant=relevances[True],
        n_irrelevant=relevances[False],
        counts=counts,
        names=names,
    )


def _checked_metadata(
    annotation: object, commit: object, blob: object, select: object, negatives: object
) -> str:
    """Check what the task's YAML says, before any file is looked for; return the file's name."""
    is_name = isinstance(annotation, str) and annotation != ""
    checks: Mapping[str, tuple[object, bool, str]] = {
        "annotation": (annotation, is_name, "a file name"),
        "commit": (commit, _is_git_id(commit), "40 hexadecimal digits, quoted"),
        "blob": (blob, _is_git_id(blob), "40 hexadecimal digits, quoted"),
        "select": (select, select in get_args(Select), f"one of {get_args(Select)}"),
        "negatives": (negatives, negatives in (None, *LEVELS), f"one of {LEVELS}"),
    }
    for key, (got, is_fine, expected) in checks.items():
        if not is_fine:
            raise AnnotationError(
                f"got {got!r} as `{key}` of the task's metadata, expected {expected}; "
                "mend the task's YAML"
            )
    return str(annotation)


def _is_git_id(value: object) -> bool:
    return value is None or (
        isinstance(value, str) and re.fullmatch("[0-9a-f]{40}", value) is not None
    )
