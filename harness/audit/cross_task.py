"""The blind classifier of one task, asked about another: do tasks share what gives them away?

Queries about a video of the asked task are left out of the training, whatever its container.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.audit.blind import FloatArray, blind_probabilities_from, has_both_classes
from rarft.harness.types import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossGuesses:
    """P(relevant) of the asked queries, and what was trained on; or why there is none.

    Shape: probabilities (n_asked,).
    """

    n_trained: int
    n_left_out: int
    n_shared_videos: int
    probabilities: FloatArray | None = None
    not_applicable: str = ""


def cross_guesses(train: Sequence[Query], asked: Sequence[Query]) -> CrossGuesses:
    """Train on queries about videos that the asked queries are not about, and ask.

    Example:
        >>> texts = ["a man runs", "a man sits", "no dog", "no cat"]
        >>> train = [Query(id=t, task="t", video=f"{i}.mp4", text=t, record=t, relevant=i < 2)
        ...          for i, t in enumerate(texts)]
        >>> asked = [Query(id="1", task="u", video="0.avi", text="no", record="", relevant=True)]
        >>> cross_guesses(train, asked).n_left_out
        1
    """
    videos = {video_name(query.video) for query in asked}
    kept = [query for query in train if video_name(query.video) not in videos]
    shared = {video_name(query.video) for query in train} & videos
    result = CrossGuesses(
        n_trained=len(kept), n_left_out=len(train) - len(kept), n_shared_videos=len(shared)
    )
    if not has_both_classes(kept):
        reason = "the training task has one class only"
        if has_both_classes(train):
            reason = "nothing of both classes is left without the videos that the tasks share"
        return _without(result, reason)
    if not has_both_classes(asked):
        return _without(result, "the task has one class only")
    return CrossGuesses(
        n_trained=result.n_trained,
        n_left_out=result.n_left_out,
        n_shared_videos=result.n_shared_videos,
        probabilities=blind_probabilities_from(kept, asked),
    )


def video_name(video: str) -> str:
    """Return the name of a video without the ending of its container.

    Example:
        >>> video_name("NUsG9_210.0_360.0.mp4")
        'NUsG9_210.0_360.0'
    """
    stem, dot, _ = video.rpartition(".")
    return stem if dot else video


def _without(guesses: CrossGuesses, reason: str) -> CrossGuesses:
    return CrossGuesses(
        n_trained=guesses.n_trained,
        n_left_out=guesses.n_left_out,
        n_shared_videos=guesses.n_shared_videos,
        not_applicable=reason,
    )
