"""What a loader met in an annotation file: how much of it, and every oddity it had to handle.

Nothing is repaired without being counted here. A count is of records or of queries, as its
meaning in QUIRKS says; quirks that did not occur are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

QUIRKS: Final[dict[str, str]] = {
    "absent_duration": "records that do not state the duration of their video",
    "path_with_folders": "records whose video is a path of another machine; its base name is kept",
    "shared_base_name": "records whose video has the base name of another path",
    "without_query": "records that hold no query at all",
    "query_text_differs": "records whose query_text is not their first query",
    "half_clip": "records with only one of video_start and video_end; both are ignored",
    "only_irrelevant": "records that hold no relevant query",
    "shared_timestamp": "records with several relevant queries and one timestamp, given to each",
    "span_past_end": "records whose reference span ends after the stated duration; it is kept",
    "zero_length_span": "records whose reference span has no length",
    "several_relevant": "irrelevant queries beside several relevant ones; the first is theirs",
    "without_relevant": "irrelevant queries whose record has no relevant one",
    "absent_difficulty": "queries without a difficulty; they have no level",
    "unexpected_difficulty": "queries whose difficulty names no level of their relevance",
    "overridden_difficulty": "irrelevant queries whose level is the task's, not the file's",
    "absent_categories": "irrelevant queries without a mismatch category",
    "category_outside_taxonomy": "queries with a category that is none of the 11; it is left out",
    "empty_answer": "queries with an empty reference answer or refusal",
    "refusal_without_tag": "irrelevant queries whose reference refusal has no <answer> tag",
    "outer_space": "queries with white space around their text; it is kept",
    "duplicate_query": "queries that repeat the video, text and relevance of an earlier one",
}
"""Every quirk that is counted, with what the count is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """Counts of one annotation file as one task reads it.

    `n_records` counts the file's records; videos and queries are those the task keeps. `counts`
    maps a name in QUIRKS to how often it occurred; `names` maps a quirk to the values that
    raised it, where they are names.

    Example:
        >>> report = LoadReport(annotation="a.json", sha256="", n_records=1, n_videos=1,
        ...                     n_relevant=1, n_irrelevant=0, counts={"absent_duration": 1})
        >>> report.to_json()["meanings"]["absent_duration"]
        'records that do not state the duration of their video'
    """

    annotation: str
    sha256: str
    n_records: int
    n_videos: int
    n_relevant: int
    n_irrelevant: int
    counts: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-able values, with the meaning of each count."""
        return {
            "schema_version": 1,
            "annotation": self.annotation,
            "sha256": self.sha256,
            "n_records": self.n_records,
            "n_videos": self.n_videos,
            "n_relevant": self.n_relevant,
            "n_irrelevant": self.n_irrelevant,
            "quirks": dict(self.counts),
            "names": {quirk: dict(values) for quirk, values in self.names.items()},
            "meanings": {quirk: QUIRKS[quirk] for quirk in self.counts},
        }
