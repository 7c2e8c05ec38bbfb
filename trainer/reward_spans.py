"""The refuse-IoU rewards: which claim an answer makes, and how near its span is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from rarft.harness.metrics.overlap import tiou
from rarft.harness.types import Span
from rarft.trainer.reward_columns import Reference
from rarft.trainer.reward_texts import ReadCompletion

Claim = Literal["segment", "refusal", "neither"]
Closeness = Callable[[Span, Span, float | None], float | None]
"""From the predicted span, a reference span and the video's length in seconds; None: unknown."""


def span_rewards(
    said: Sequence[ReadCompletion],
    references: Sequence[Reference],
    *,
    claim: Callable[[ReadCompletion], Claim],
    closeness: Closeness,
) -> list[float | None]:
    """Return how near each segment is to that of a relevant query, and 1 for a right refusal.

    As in the harness, the first of several predicted spans counts, and the nearest reference. A
    relevant query without one has None.
    """
    return [
        _of_relevant(one, reference, claim=claim(one), closeness=closeness)
        if reference.relevant
        else float(claim(one) == "refusal")
        for one, reference in zip(said, references, strict=True)
    ]


def paper_claim(said: ReadCompletion) -> Claim:
    """Return what the paper takes an answer for: any span in it is a prediction (Eq. 5).

    Example:
        >>> paper_claim(ReadCompletion(answer="No dog runs.", kind="refused"))
        'refusal'
        >>> paper_claim(ReadCompletion())
        'neither'
    """
    if said.answer is None:
        return "neither"
    return "segment" if said.spans else "refusal"


def semantic_claim(said: ReadCompletion) -> Claim:
    """Return what the harness takes an answer for: a refusal may name times, a word is nothing.

    Example:
        >>> span = Span(3.0, 5.0)
        >>> semantic_claim(ReadCompletion(answer="No dog in 3 s to 5 s.", kind="refused",
        ...                               spans=(span,)))
        'refusal'
        >>> semantic_claim(ReadCompletion(answer="hello", kind="unparsed"))
        'neither'
    """
    if said.answer is None or said.kind == "unparsed":
        return "neither"
    return "segment" if said.kind == "grounded" else "refusal"


def iou_closeness(predicted: Span, reference: Span, duration_s: float | None) -> float:
    """Return the tIoU."""
    return tiou(predicted, reference)


def scaled_closeness(predicted: Span, reference: Span, duration_s: float | None) -> float | None:
    """Return the tIoU lessened for the distance of both ends, as the authors' code does.

    tIoU · (1 - |start - start'| / duration) · (1 - |end - end'| / duration). A factor below 0,
    which only a span far outside the video has, counts as 0.

    Example:
        >>> scaled_closeness(Span(2.0, 6.0), Span(0.0, 4.0), 10.0)  # 1/3 · 0.8 · 0.8
        0.21333333333333335
    """
    if not duration_s or duration_s < 0.0:
        return None
    start = 1.0 - abs(predicted.start_s - reference.start_s) / duration_s
    end = 1.0 - abs(predicted.end_s - reference.end_s) / duration_s
    return tiou(predicted, reference) * max(0.0, start) * max(0.0, end)


def _of_relevant(
    said: ReadCompletion, reference: Reference, *, claim: Claim, closeness: Closeness
) -> float | None:
    if not reference.spans:
        return None
    # A row whose reference is incomplete is that for all of its completions alike.
    found = [
        closeness(said.spans[0] if claim == "segment" else span, span, reference.duration_s)
        for span in reference.spans
    ]
    known = [one for one in found if one is not None]
    if not known:
        return None
    return max(known) if claim == "segment" else 0.0
