"""How much two spans overlap."""

from rarft.harness.types import Span


def tiou(a: Span, b: Span) -> float:
    """Return the temporal intersection over union of two spans, from 0 to 1.

    Spans that only touch, and zero-length spans, share no time: their tIoU is 0.0, even when both
    are the same point.

    Example:
        >>> tiou(Span(0.0, 4.0), Span(2.0, 6.0))
        0.3333333333333333
        >>> tiou(Span(0.0, 2.0), Span(2.0, 6.0))
        0.0
    """
    intersection_s = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    if intersection_s <= 0.0:
        return 0.0
    # The order of the official evaluation: another one rounds spans at a threshold differently.
    union_s = (a.end_s - a.start_s) + (b.end_s - b.start_s) - intersection_s
    return intersection_s / union_s
