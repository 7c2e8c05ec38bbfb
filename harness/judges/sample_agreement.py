"""How far several replies to one query agree: a relevance score, and the span they agree on."""

from __future__ import annotations

from collections.abc import Sequence

from rarft.harness.metrics.overlap import tiou
from rarft.harness.types import Prediction, Span


def agree(predictions: Sequence[Prediction]) -> tuple[float | None, tuple[Span, ...]]:
    """Return the share of the samples that ground, and the span they agree on most.

    An unparsed sample counts as one that does not ground, and one that grounds without naming a
    span as one that does. The span is the medoid of the grounded samples' first spans: the one
    whose mean tIoU with all of them is highest, the earliest sample's where several tie. It is
    empty where no sample names one, and the share is None where there is no sample.

    Example:
        >>> near, far = Span(2.0, 6.0), Span(20.0, 30.0)
        >>> samples = [Prediction(kind="grounded", spans=(s,)) for s in (far, near, Span(2.0, 5.0))]
        >>> agree([*samples, Prediction(kind="refused")])
        (0.75, (Span(start_s=2.0, end_s=6.0),))
    """
    if not predictions:
        return None, ()
    grounded = [one for one in predictions if one.kind == "grounded"]
    spans = [one.spans[0] for one in grounded if one.spans]
    share = len(grounded) / len(predictions)
    if not spans:
        return share, ()
    return share, (max(spans, key=lambda span: sum(tiou(span, other) for other in spans)),)
