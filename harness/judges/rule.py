"""The rule judge: what a reply says, read by the parser and by no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rarft.harness.parsing import Form, parse_reply, parse_structured
from rarft.harness.types import Prediction, Reply, Span

NAME = "rule"
VERSION = "2"


def judge_reply(
    reply: Reply, *, form: Form, duration_s: float | None, clip: Span | None = None
) -> Prediction:
    """Return what a reply says, by the card's declared output form.

    A model that was shown a clip of a file tells times from the clip's start; they are moved to
    the file's.

    Example:
        >>> judge_reply(Reply(text="2.0 - 5.5 seconds"), form="prose", duration_s=None).spans
        (Span(start_s=2.0, end_s=5.5),)
    """
    if reply.text is None:
        return parse_structured(reply)
    shown_s = clip.duration_s if clip else duration_s
    prediction = parse_reply(
        reply.text, form=form, duration_s=shown_s, frame_times_s=frame_times_s(reply)
    )
    if clip is None or reply.n_frames is None:
        return prediction
    moved = (Span(s.start_s + clip.start_s, s.end_s + clip.start_s) for s in prediction.spans)
    return replace(prediction, spans=tuple(moved))


def frame_times_s(reply: Reply) -> Sequence[float] | None:
    """Return the time of each frame the model saw, for replies that count frames."""
    if not reply.n_frames or not reply.effective_fps:
        return None
    return [index / reply.effective_fps for index in range(reply.n_frames)]
