"""What the model is shown when it rewrites: the query, its time, the video in words, the plans.

Source: RA-RFT (CVPR 2026), Table 14. The description is the annotation's own where the user names
no other: all true queries of the video with their times, as the official training file has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.on_demand import Lines
from rarft.dataset_builder.places import Places
from rarft.dataset_builder.types import Planned, Row
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.taxonomy import Level
from rarft.harness.types import Query

PAPER_NAME: Final[dict[Level, str]] = {
    "strong": "strong",
    "moderate": "moderated",
    "weak": "weak",
}
"""The levels as the paper's prompt calls them."""
N_EARLIER: Final = 8
"""How many earlier candidates of a plan the model is shown, the newest."""
N_ENTRIES: Final = 64
"""How many entries of a video's description the model is shown, those nearest to the query."""

Descriptions = Mapping[str, Sequence[str]]


def rewrite_input(
    row: Row, plans: Sequence[Planned], store: DraftStore, descriptions: Descriptions
) -> dict[str, Any]:
    """Return the input of one question: all plans of a query that want a candidate."""
    query = row.query
    content: dict[str, Any] = {"related_query": query.text}
    if query.spans:
        times = ", ".join(f"{span.start_s:g}-{span.end_s:g}" for span in query.spans)
        content["related_query_timestamp"] = f"{times}second"
    content["plans"] = [
        {"difficulty": PAPER_NAME[one.level], "applied_categories": list(one.categories)}
        for one in plans
    ]
    description = descriptions.get(query.video)
    if description:
        content["video_context"] = list(description)[:N_ENTRIES]
    earlier = [note for one in plans for note in _earlier(one, store)]
    if earlier:
        content["earlier"] = earlier
    return content


def _earlier(planned: Planned, store: DraftStore) -> list[dict[str, str]]:
    """Tell what came of the earlier attempts; a further attempt is a question of its own."""
    key = planned.query_id, planned.level
    notes = []
    for candidate in store.candidates(key):
        findings = store.findings(candidate)
        outcome = "; ".join(f"{one.reason}: {one.detail}" for one in findings) or "kept"
        notes.append({"irrel_query": candidate.text, "outcome": outcome})
    for failure in store.failures(key):
        # The number keeps the question apart from the one that failed.
        outcome = f"attempt {failure.attempt + 1} could not be used: {failure.reason}"
        notes.append({"outcome": outcome})
    return [{"difficulty": PAPER_NAME[planned.level], **note} for note in notes[-N_EARLIER:]]


def video_descriptions(rows: Iterable[Row] | VideoQueries, named: Descriptions) -> Descriptions:
    """Return what is known of each video: the user's description, else all its true queries."""
    queries = rows if isinstance(rows, VideoQueries) else VideoQueries(rows)
    return _VideoDescriptions(queries, named)


class _VideoDescriptions(Mapping[str, Sequence[str]]):
    """The descriptions of videos, put together when they are asked for."""

    def __init__(self, queries: VideoQueries, named: Descriptions) -> None:
        self._queries = queries
        self._named = named

    def __getitem__(self, video: str) -> Sequence[str]:
        if video in self._named:
            return list(self._named[video])
        events = sorted(map(_event, self._queries.of_video(video)))
        if not events:
            raise KeyError(video)
        return list(dict.fromkeys(text for _, text in events))

    def __iter__(self) -> Iterator[str]:
        own = (video for video in self._queries.videos() if video not in self._named)
        return chain(own, self._named)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _event(query: Query) -> tuple[float, str]:
    """Return when a query is true, and its text with its times."""
    start_s = query.spans[0].start_s if query.spans else float("inf")
    times = " and ".join(f"{span.start_s:g} to {span.end_s:g}" for span in query.spans)
    return start_s, f"{times} seconds: {query.text}" if times else query.text


def read_descriptions(path: Path) -> Descriptions:
    """Read what videos show: a JSON object, or JSON lines of {"video": ..., "description": ...}.

    A description is a text or a list of texts. Lines stay in their file, an object is in memory.

    Raises:
        NotFoundError: there is no such file.
        UserError: the file holds something else.
    """
    if not path.is_file():
        raise NotFoundError(f"got descriptions {path}, expected a JSON or JSONL file")
    try:
        if path.suffix == ".jsonl":
            return _DescribedLines(path)
        found = dict(json.loads(path.read_text(encoding="utf-8")))
        return {str(video): _texts(value) for video, value in found.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: got descriptions that cannot be read ({error!r}), expected an object "
            "{video: text or texts}, or lines with video and description"
        ) from error


class _DescribedLines(Mapping[str, Sequence[str]]):
    """The descriptions of a file of lines, read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        self._places = Places()
        with path.open("rb") as lines:
            self._places.put(_placed_videos(lines))

    def __getitem__(self, video: str) -> Sequence[str]:
        places = self._places.of(video)
        if not places:
            raise KeyError(video)
        return _texts(json.loads(self._lines.line(places[-1]))["description"])

    def __contains__(self, video: object) -> bool:
        return isinstance(video, str) and video in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _placed_videos(lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    place = 0
    for line in lines:
        if line.strip():
            told = json.loads(line)
            _texts(told["description"])
            yield str(told["video"]), place
        place += len(line)


def _texts(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"a description is {value!r}")
    return texts
