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
    # Overlapping spans have no gap, so their union is their hull; equal spans give exactly 1.0.
    return intersection_s / (max(a.end_s, b.end_s) - min(a.start_s, b.start_s))
