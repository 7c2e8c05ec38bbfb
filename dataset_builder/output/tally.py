"""What a set of rows holds, counted while its rows pass by once."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rarft.dataset_builder.output.row_index import digest_of
from rarft.dataset_builder.types import Row
from rarft.harness.types import Query

NO_LEVEL: Final = "no level"
N_BINS: Final = 20
LIMITS: Final[Mapping[str, str]] = {
    "several_spans": "relevant queries with several spans; the official JSON keeps the first",
    "without_span": "relevant queries without a span; no overlap can be computed for them",
    "without_duration": "queries whose video has no stated duration",
    "span_past_end": "relevant queries whose span ends after the stated duration; it is kept",
    "without_refusal": "irrelevant queries without a reference refusal",
    "without_categories": "irrelevant queries without a mismatch category",
    "without_relevant": "irrelevant queries without their relevant one",
    "without_irrelevant": "relevant queries without an irrelevant one",
    "shared_videos": "videos with queries in more than one split",
}
"""What a user of the set should know of, by the name under which it is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """How many rows of one source and licence there are."""

    source: str
    split: str
    licence: str
    redistributable: bool
    citation: str
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of rows; histograms map a value to how often it occurs.

    `splits` gives relevant, irrelevant and videos of each split. `edited_words` gives for each
    level how many words differ from the relevant query. `span_shares` counts the length of spans
    over that of their video in `N_BINS` bins.
    """

    n_relevant: int
    n_irrelevant: int
    n_videos: int
    splits: Mapping[str, tuple[int, int, int]]
    levels: Mapping[str, int]
    categories: Mapping[str, int]
    category_levels: Mapping[tuple[str, str], int]
    sources: tuple[SourceCount, ...]
    words: Mapping[bool, Mapping[int, int]]
    edited_words: Mapping[str, Mapping[int, int]]
    span_shares: tuple[int, ...]
    queries_a_video: Mapping[int, int]
    limits: Mapping[str, int]

    @property
    def n_rows(self) -> int:
        """Return how many queries there are."""
        return self.n_relevant + self.n_irrelevant


class Counting:
    """Counts the rows it is given; memory grows with the videos and records, not with texts."""

    def __init__(self) -> None:
        self._relevant: Counter[str] = Counter()
        self._irrelevant: Counter[str] = Counter()
        self._videos: defaultdict[str, set[int]] = defaultdict(set)
        self._of_video: Counter[int] = Counter()
        self._levels: Counter[str] = Counter()
        self._categories: Counter[str] = Counter()
        self._category_levels: Counter[tuple[str, str]] = Counter()
        self._sources: Counter[tuple[str, str, str, bool, str]] = Counter()
        self._words: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
        self._edited: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._shares = [0] * N_BINS
        self._limits: Counter[str] = Counter()
        self._records: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}

    def add(self, row: Row) -> None:
        """Count one row."""
        query, origin = row.query, row.origin
        video = digest_of(query.video)
        (self._relevant if query.relevant else self._irrelevant)[origin.split] += 1
        self._videos[origin.split].add(video)
        self._of_video[video] += 1
        key = (origin.source, origin.split, origin.licence, origin.redistributable, origin.citation)
        self._sources[key] += 1
        self._words[query.relevant][len(query.text.split())] += 1
        self._records[query.relevant][digest_of(query.record)] += 1
        self._limits.update(_limits_of(query))
        if query.relevant:
            self._add_spans(query)
        else:
            self._add_level(query)

    def _add_spans(self, query: Query) -> None:
        if query.duration_s:
            for span in query.spans:
                share = min(span.duration_s / query.duration_s, 1.0)
                self._shares[min(int(share * N_BINS), N_BINS - 1)] += 1

    def _add_level(self, query: Query) -> None:
        level = query.level or NO_LEVEL
        self._levels[level] += 1
        for category in query.categories:
            self._categories[category] += 1
            self._category_levels[category, level] += 1
        if query.relevant_query and query.level != "shuffled":
            self._edited[level][edited_words(query.relevant_query, query.text)] += 1

    def tally(self) -> Tally:
        """Return what was counted so far."""
        limits = self._limits + Counter(
            without_relevant=self._alone(relevant=False),
            without_irrelevant=self._alone(relevant=True),
            shared_videos=sum(map(len, self._videos.values())) - len(self._of_video),
        )
        return Tally(
            n_relevant=self._relevant.total(),
            n_irrelevant=self._irrelevant.total(),
            n_videos=len(self._of_video),
            splits={
                name: (self._relevant[name], self._irrelevant[name], len(videos))
                for name, videos in self._videos.items()
            },
            levels=dict(self._levels),
            categories=dict(self._categories),
            category_levels=dict(self._category_levels),
            sources=tuple(
                SourceCount(
                    source=source,
                    split=split,
                    licence=licence,
                    redistributable=redistributable,
                    citation=citation,
                    n_rows=n_rows,
                )
                for (source, split, licence, redistributable, citation), n_rows in sorted(
                    self._sources.items()
                )
            ),
            words={relevant: dict(counts) for relevant, counts in self._words.items()},
            edited_words={level: dict(counts) for level, counts in self._edited.items()},
            span_shares=tuple(self._shares),
            queries_a_video=dict(Counter(self._of_video.values())),
            limits={name: limits[name] for name in LIMITS if limits[name]},
        )

    def _alone(self, *, relevant: bool) -> int:
        """Return how many queries of one class are in a record without the other."""
        others = self._records[not relevant]
        return sum(n for record, n in self._records[relevant].items() if record not in others)


def edited_words(before: str, after: str) -> int:
    """Return how many words were put in, taken out or replaced.

    Example:
        >>> edited_words("a person opens the door", "a person closes the front door")
        2
    """
    matcher = difflib.SequenceMatcher(
        a=before.casefold().split(), b=after.casefold().split(), autojunk=False
    )
    return sum(
        max(end_a - start_a, end_b - start_b)
        for kind, start_a, end_a, start_b, end_b in matcher.get_opcodes()
        if kind != "equal"
    )


def ordered(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Return counts in the order of names, then what has another name.

    Example:
        >>> ordered({"weak": 2, "odd": 1, "strong": 3}, ["strong", "moderate", "weak"])
        {'strong': 3, 'weak': 2, 'odd': 1}
    """
    known = {name: counts[name] for name in names if name in counts}
    return known | {name: counts[name] for name in sorted(counts) if name not in known}


def _limits_of(query: Query) -> list[str]:
    duration_s = query.duration_s
    is_so: dict[str, Any] = {
        "several_spans": query.relevant and len(query.spans) > 1,
        "without_span": query.relevant and not query.spans,
        "without_duration": duration_s is None,
        "span_past_end": duration_s is not None
        and any(span.end_s > duration_s for span in query.spans),
        "without_refusal": not query.relevant and not query.refusal,
        "without_categories": not query.relevant
        and not query.categories
        and query.level != "shuffled",
    }
    return [name for name, holds in is_so.items() if holds]
