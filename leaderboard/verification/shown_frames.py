"""Whether the frames that an entry says were shown can be those of its queries' videos.

They change how a reply is read in two ways: times of a clip are moved to those of its file where
frames were shown, and a reply that counts frames tells the times of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.harness.parsing import Form
from rarft.harness.types import Query
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.verified import Check

COUNTING: Final[Form] = "frames"
"""The form of replies that count frames."""
TOLERANCE_S: Final = 2.0
TOLERANCE: Final = 0.05
"""How far the length of a file may be from the one in the annotation, in seconds or as a share."""


def check_shown_frames(task: str, answered: Sequence[Answered], claims: Claims) -> list[Check]:
    """Compare the frames of all replies with each other and with the lengths of the videos.

    Raises:
        EntryRefused: some replies tell their frames and others do not, or those to queries of one
            video tell others.
    """
    is_counting = claims.form == COUNTING
    read = [
        one
        for one in answered
        if one.prediction is not None and one.speaks and (is_counting or one.query.clip)
    ]
    _check_all_or_none(task, read, claims)
    if not is_counting or not read or not _tells(read[0]):
        return []
    _check_same_video(task, read, claims)
    n_other = 0
    if claims.config.video_input != "other":
        n_other = sum(not _is_as_long(one) for one in read)
    checks = []
    if len(read) > n_other:
        detail = f"which frames {len(read) - n_other:,} replies count is as the entry says"
        checks.append(Check(name="frames", task=task, outcome="taken", detail=detail))
    if n_other:
        detail = f"{n_other:,} replies count frames of another length of time than their video's"
        checks.append(Check(name="frames", task=task, outcome="lacking", detail=detail))
    return checks


def _tells(one: Answered) -> tuple[bool, bool]:
    return bool(one.sample.n_frames), bool(one.sample.effective_fps)


def _check_all_or_none(task: str, read: Sequence[Answered], claims: Claims) -> None:
    # Who leaves the frames out of a wrong grounding makes it unreadable, which counts as a refusal.
    for one in read:
        if _tells(one) != _tells(read[0]):
            raise EntryRefused(
                "bad_sample",
                f"{claims.rows_of(task)}: got n_frames {one.sample.n_frames} and effective_fps "
                f"{one.sample.effective_fps} of query {shown(one.query.id)}, expected both of "
                "every reply or of none; make the entry again",
            )


def _check_same_video(task: str, read: Sequence[Answered], claims: Claims) -> None:
    frames: dict[object, tuple[int | None, float | None]] = {}
    for one in read:
        told = (one.sample.n_frames, one.sample.effective_fps)
        known = frames.setdefault((one.query.video, one.query.clip), told)
        if told != known:
            raise EntryRefused(
                "bad_sample",
                f"{claims.rows_of(task)}: got {told[0]} frames at {told[1]} fps of query "
                f"{shown(one.query.id)}, expected the {known[0]} at {known[1]} that another query "
                "of its video has; make the entry again",
            )


def _is_as_long(one: Answered) -> bool:
    n_frames, fps = one.sample.n_frames, one.sample.effective_fps
    length_s = _length_s(one.query)
    if not n_frames or not fps or length_s is None:
        return False
    return abs(n_frames / fps - length_s) <= max(TOLERANCE_S, TOLERANCE * length_s)


def _length_s(query: Query) -> float | None:
    return query.clip.duration_s if query.clip else query.duration_s
