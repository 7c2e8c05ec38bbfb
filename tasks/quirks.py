"""Count what is odd in the records a task reads; the names and meanings are in load_report."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from rarft.harness.taxonomy import CATEGORIES, LEVEL_OF_DIFFICULTY
from rarft.tasks.records import OfficialQuery, OfficialRecord, base_name

Counts = dict[str, int]


def count_quirks(
    records: Sequence[OfficialRecord], *, keep_irrelevant: bool = True, overridden: bool = False
) -> tuple[Counts, dict[str, Counts]]:
    """Count the quirks of records and of their kept queries.

    Args:
        records: the records of one file.
        keep_irrelevant: whether irrelevant queries are read, and so counted.
        overridden: whether the task states the level of irrelevant queries itself.

    Returns:
        How often each quirk occurs, without those that do not, and for quirks raised by a name,
        how often each name raised it.
    """
    counts: Counter[str] = Counter()
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    path_of: dict[str, str] = {}
    seen: set[tuple[str, str, bool]] = set()
    for record in records:
        video = base_name(record.video)
        counts.update(_of_record(record))
        counts["shared_base_name"] += path_of.setdefault(video, record.video) != record.video
        n_relevant = sum(query.relevant for query in record.queries)
        for query in record.queries:
            if not (query.relevant or keep_irrelevant):
                continue
            counts.update(_of_query(query, n_relevant=n_relevant, overridden=overridden))
            counts["duplicate_query"] += (key := (video, query.text, query.relevant)) in seen
            seen.add(key)
            for quirk, name in _names_of(query, overridden=overridden):
                names[quirk][name] += 1
    return +counts, {quirk: dict(values) for quirk, values in names.items()}


def _of_record(record: OfficialRecord) -> list[str]:
    span, duration_s = record.span, record.duration_s
    n_relevant = sum(query.relevant for query in record.queries)
    first = [query.text for query in record.queries[:1]]
    is_odd = {
        "absent_duration": duration_s is None,
        "path_with_folders": base_name(record.video) != record.video,
        "without_query": not record.queries,
        "query_text_differs": bool(first) and record.query_text not in (None, *first),
        "half_clip": record.half_clip,
        "only_irrelevant": bool(record.queries) and n_relevant == 0,
        "shared_timestamp": n_relevant > 1,
        "span_past_end": span is not None and duration_s is not None and span.end_s > duration_s,
        "zero_length_span": span is not None and span.duration_s == 0,
    }
    return [quirk for quirk, odd in is_odd.items() if odd]


def _of_query(query: OfficialQuery, *, n_relevant: int, overridden: bool) -> list[str]:
    irrelevant, answer = not query.relevant, query.answer
    is_odd = {
        "several_relevant": irrelevant and n_relevant > 1,
        "without_relevant": irrelevant and n_relevant == 0,
        "absent_difficulty": query.difficulty is None and not (irrelevant and overridden),
        "unexpected_difficulty": _unexpected(query) and not (irrelevant and overridden),
        "overridden_difficulty": irrelevant and overridden and query.difficulty is not None,
        "absent_categories": irrelevant and not query.categories,
        "category_outside_taxonomy": any(name not in CATEGORIES for name in query.categories),
        "empty_answer": not answer,
        "refusal_without_tag": irrelevant and bool(answer) and "<answer>" not in answer.lower(),
        "outer_space": query.text != query.text.strip(),
    }
    return [quirk for quirk, odd in is_odd.items() if odd]


def _unexpected(query: OfficialQuery) -> bool:
    difficulty = query.difficulty
    if difficulty is None:
        return False
    known = isinstance(difficulty, str) and difficulty in LEVEL_OF_DIFFICULTY
    return not known or (difficulty == "original") != query.relevant


def _names_of(query: OfficialQuery, *, overridden: bool) -> list[tuple[str, str]]:
    named = [
        ("category_outside_taxonomy", name) for name in query.categories if name not in CATEGORIES
    ]
    if _unexpected(query) and not (overridden and not query.relevant):
        named.append(("unexpected_difficulty", str(query.difficulty)))
    return named
