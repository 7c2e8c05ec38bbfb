"""A split in the official schema, one record for each relevant query, written record by record.

The schema has one timestamp a record and no name for a shuffled query: further spans of a query and
that level are left out. `rarft.tasks.official` reads the file back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.output.row_index import RowIndex, rows_at
from rarft.harness.taxonomy import LEVEL_OF_DIFFICULTY, Level
from rarft.harness.types import Query

_DIFFICULTY_OF: Final[dict[Level, str]] = {
    level: difficulty for difficulty, level in LEVEL_OF_DIFFICULTY.items()
}


def write_official(index: RowIndex, path: Path, *, split: str) -> int:
    """Write the records of a split as a JSON list and return how many there are."""
    n_records = 0
    with path.open("w", encoding="utf-8") as out:
        out.write("[")
        for offsets in index.by_record(split):
            queries = [row.query for row in rows_at(index.path, offsets)]
            for record in official_records(queries):
                out.write(",\n" if n_records else "\n")
                out.write(json.dumps(record, ensure_ascii=False))
                n_records += 1
        out.write("\n]\n")
    return n_records


def official_records(queries: Sequence[Query]) -> Iterator[dict[str, Any]]:
    """Yield the official records of the queries of one record.

    Irrelevant queries go with the relevant one they were made from, else with the first.
    """
    relevant = [query for query in queries if query.relevant]
    made: list[list[Query]] = [[] for _ in relevant] or [[]]
    for query in queries:
        if not query.relevant:
            texts = [one.text for one in relevant]
            is_known = query.relevant_query in texts
            made[texts.index(str(query.relevant_query)) if is_known else 0].append(query)
    if not relevant:
        yield _record(None, made[0])
    for one, irrelevant in zip(relevant, made, strict=False):
        yield _record(one, irrelevant)


def _record(relevant: Query | None, irrelevant: Sequence[Query]) -> dict[str, Any]:
    about = relevant or irrelevant[0]
    span = about.spans[0] if about.spans else None
    asked = [relevant, *irrelevant] if relevant else list(irrelevant)
    return {
        "video": about.video,
        "query_text": asked[0].text,
        "timestamp": [span.start_s, span.end_s] if span else [],
        "duration": about.duration_s,
        "difficulty": None,
        "video_start": about.clip.start_s if about.clip else None,
        "video_end": about.clip.end_s if about.clip else None,
        "GRPO": [_entry(query) for query in asked],
    }


def _entry(query: Query) -> dict[str, Any]:
    difficulty = _DIFFICULTY_OF.get(query.level) if query.level else None
    entry = {"q": query.text, "a": _answer(query), "r": query.relevant, "difficulty": difficulty}
    if query.relevant:
        return entry | {"difficulty": _DIFFICULTY_OF["original"]}
    return entry | {"c": list(query.categories), "q_origin": query.relevant_query}


def _answer(query: Query) -> str:
    """Return the reference reply in its tags, empty where there is none."""
    if query.relevant:
        spans = query.spans[:1]
        return "".join(f"<answer>{span.start_s} to {span.end_s}</answer>" for span in spans)
    if not query.refusal:
        return ""
    correction = query.relevant_query
    return f"<answer>{query.refusal}</answer>" + (
        f"<correction>{correction}</correction>" if correction else ""
    )
