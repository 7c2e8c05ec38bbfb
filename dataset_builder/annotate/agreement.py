"""How far annotators agree, two at a time, on the rows both decided.

Accepting or rejecting is compared on all of these rows; the rest on those both accepted, since
nobody mends the fields of a row that is rejected. Spans are compared where both say that the query
is in the video, categories where both say that it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

from rarft.dataset_builder.annotate.annotation import Annotation
from rarft.dataset_builder.annotate.store import Saved
from rarft.dataset_builder.types import Row
from rarft.harness.statistics import (
    Estimate,
    category_agreement,
    label_agreement,
    score_agreement,
)
from rarft.harness.types import Span

N_RESAMPLES: Final = 1000
SCHEMA_VERSION: Final = 1
MEASURES: Final = {
    "decision_kappa": "accepted or rejected, Cohen's kappa",
    "decision_equal": "accepted or rejected, share equal",
    "relevance_kappa": "in the video or not, Cohen's kappa",
    "relevance_equal": "in the video or not, share equal",
    "span_tiou": "spans, mean tIoU",
    "category_jaccard": "categories, mean Jaccard",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two annotators on the rows both decided.

    `n_rows` counts what each group of measures rests on; `differ` names the rows on which the two
    decide differently, or accept with another relevance.
    """

    a: str
    b: str
    n_rows: Mapping[str, int]
    estimates: Mapping[str, Estimate]
    differ: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the pair as a JSON object."""
        estimates = {name: asdict(one) for name, one in self.estimates.items()}
        return {
            "a": self.a,
            "b": self.b,
            "n_rows": dict(self.n_rows),
            "estimates": estimates,
            "differ": list(self.differ),
        }


@dataclass(frozen=True, slots=True)
class _Both:
    """One row that both decided."""

    row: Row
    a: Annotation
    b: Annotation

    @property
    def is_accepted(self) -> bool:
        return self.a.decision == self.b.decision == "accepted"

    @property
    def differs(self) -> bool:
        by_relevance = self.is_accepted and self.a.relevant != self.b.relevant
        return self.a.decision != self.b.decision or by_relevance


def agreement_of(
    annotated: Iterable[tuple[Row, Sequence[Saved]]], *, n_resamples: int = N_RESAMPLES
) -> list[PairAgreement]:
    """Return the agreement of every two annotators who decided a row in common, by name."""
    shared: dict[tuple[str, str], list[_Both]] = {}
    for row, saved in annotated:
        decided = {one.annotator: one.annotation for one in saved if _is_decided(one)}
        for a, b in combinations(sorted(decided), 2):
            shared.setdefault((a, b), []).append(_Both(row, decided[a], decided[b]))
    return [_pair(a, b, shared[a, b], n_resamples) for a, b in sorted(shared)]


def agreement_record(
    pairs: Sequence[PairAgreement], n_decided: Mapping[str, int]
) -> dict[str, Any]:
    """Return the report as a JSON object; `n_decided` counts each annotator's decisions."""
    return {
        "schema_version": SCHEMA_VERSION,
        "annotators": dict(n_decided),
        "pairs": [pair.to_json() for pair in pairs],
    }


def decisions_of(annotated: Iterable[tuple[Row, Sequence[Saved]]]) -> dict[str, int]:
    """Return how many rows each annotator decided, by name."""
    n_decided: dict[str, int] = {}
    for _, saved in annotated:
        for one in saved:
            n_decided[one.annotator] = n_decided.get(one.annotator, 0) + _is_decided(one)
    return dict(sorted(n_decided.items()))


def span_sets_tiou(a: Sequence[Span], b: Sequence[Span]) -> float:
    """Return the time that both sets of spans cover over the time that either covers.

    For one span each this is their tIoU. Sets that share no time have 0.0.

    Example:
        >>> span_sets_tiou([Span(0.0, 4.0)], [Span(2.0, 6.0)])
        0.3333333333333333
        >>> span_sets_tiou([Span(0.0, 2.0), Span(1.0, 4.0)], [Span(0.0, 4.0)])
        1.0
    """
    first, second = _merged(a), _merged(b)
    shared_s = sum(
        max(0.0, min(x.end_s, y.end_s) - max(x.start_s, y.start_s)) for x in first for y in second
    )
    if shared_s == 0.0:
        return 0.0
    return shared_s / (_covered_s(first) + _covered_s(second) - shared_s)


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start_s <= merged[-1].end_s:
            merged[-1] = Span(merged[-1].start_s, max(span.end_s, merged[-1].end_s))
        else:
            merged.append(span)
    return merged


def _covered_s(spans: Sequence[Span]) -> float:
    return sum(span.duration_s for span in spans)


def _is_decided(saved: Saved) -> bool:
    return saved.annotation.decision != "open"


def _pair(a: str, b: str, both: Sequence[_Both], n_resamples: int) -> PairAgreement:
    accepted = [one for one in both if one.is_accepted]
    relevant = [one for one in accepted if one.a.relevant and one.b.relevant]
    irrelevant = [one for one in accepted if one.a.relevant is one.b.relevant is False]
    decisions = label_agreement(
        [one.a.decision for one in both],
        [one.b.decision for one in both],
        videos=_videos(both),
        n_resamples=n_resamples,
    )
    relevances = label_agreement(
        [str(one.a.relevant) for one in accepted],
        [str(one.b.relevant) for one in accepted],
        videos=_videos(accepted),
        n_resamples=n_resamples,
    )
    tious = [span_sets_tiou(one.a.spans, one.b.spans) for one in relevant]
    # The bias over zeros is the mean, with the interval that resamples videos.
    spans = score_agreement(
        tious, [0.0] * len(tious), videos=_videos(relevant), n_resamples=n_resamples
    )
    categories = category_agreement(
        [one.a.categories for one in irrelevant],
        [one.b.categories for one in irrelevant],
        videos=_videos(irrelevant),
        n_resamples=n_resamples,
    )
    return PairAgreement(
        a=a,
        b=b,
        n_rows={
            "decided": len(both),
            "accepted": len(accepted),
            "relevant": len(relevant),
            "irrelevant": len(irrelevant),
        },
        estimates={
            "decision_kappa": decisions["kappa"],
            "decision_equal": decisions["share_equal"],
            "relevance_kappa": relevances["kappa"],
            "relevance_equal": relevances["share_equal"],
            "span_tiou": spans["bias"],
            "category_jaccard": categories["mean_jaccard"],
        },
        differ=tuple(one.row.query.id for one in both if one.differs),
    )


def _videos(both: Sequence[_Both]) -> list[str]:
    return [one.row.query.video for one in both]
