"""The figures as lm-eval computes them: `process_results` per row, aggregations per task.

lm-eval sees one row at a time, so a key that does not apply to a row is absent from it. What only
the whole task can tell (no irrelevant query, no pair, no known IoU) is NaN from the aggregation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np

from rarft.harness.metrics.grounding import iou_is_unknown
from rarft.harness.metrics.outcomes import counted, iou_of_relevant, ra_iou_of
from rarft.harness.metrics.query_table import FloatArray
from rarft.harness.metrics.relevance import f1_of_irrelevant, f1_of_relevant, mean_f1
from rarft.harness.metrics.sums import PAIR_THRESHOLD, THRESHOLDS, Sums
from rarft.harness.parsing import parse_reply
from rarft.harness.replies import ScoredText
from rarft.harness.types import Kind, Prediction, spans_from_pairs

Told = tuple[bool, Kind]
"""One row of an F1 score: whether the query is relevant, and what its reply counts as."""
PairHalf = tuple[str, bool, bool | None, bool | None]
"""One row of pair accuracy: its record; whether it is relevant; whether it is right, None where
that cannot be told; whether its IoU is known, None unless it is relevant and grounded."""


class IouValue(float):
    """A row's value of an IoU figure, NaN where unknown, with what its mean has to know of the row.

    Example:
        >>> IouValue(0.5, relevant=True, grounded=True) + 1
        1.5
    """

    __slots__ = ("grounded", "relevant")

    relevant: bool
    grounded: bool

    def __new__(cls, value: float, *, relevant: bool = False, grounded: bool = False) -> IouValue:
        """Attach to the value whether the query is relevant and whether it was grounded."""
        self = super().__new__(cls, value)
        self.relevant = relevant
        self.grounded = grounded
        return self


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
    """Score one row for lm-eval.

    Args:
        doc: a row as `Query.to_doc` writes it.
        results: the reply's text, alone in a list. A ScoredText brings its own prediction, status
            and scoring policy; any other text is parsed in the generic form under policy "paper".

    Example:
        >>> doc = {"id": "1", "relevant": False, "record": "1", "spans": []}
        >>> process_results(doc, ["The video shows no dog."])["ra_miou"]
        1.0
    """
    relevant, record = bool(doc["relevant"]), str(doc.get("record") or doc["id"])
    answer = results[0]
    policy = answer.policy if isinstance(answer, ScoredText) else "paper"
    prediction = _prediction(doc, answer)
    if prediction is None:
        return {"pair_accuracy": (record, relevant, None, None)}
    counts_as = counted(prediction.kind, policy=policy)
    iou = None
    if relevant:
        reference = spans_from_pairs(doc.get("spans") or ())
        iou = iou_of_relevant(reference, prediction, counts_as=counts_as)
    told = (relevant, counts_as)
    scores: dict[str, Any] = {
        "f1_relevant": told,
        "f1_irrelevant": told,
        "f1_avg": told,
        "pair_accuracy": (record, relevant, *_half(relevant, counts_as, iou)),
    }
    ra_iou = ra_iou_of(relevant=relevant, counts_as=counts_as, iou=iou)
    return scores | _grounding_scores(ra_iou, relevant=relevant, counts_as=counts_as)


def _prediction(doc: Mapping[str, Any], answer: str) -> Prediction | None:
    """Return what the reply says, None where it is missing or failed."""
    if not isinstance(answer, ScoredText):
        return parse_reply(answer, duration_s=doc.get("duration_s"))
    return answer.prediction if answer.status == "scored" else None


def _grounding_scores(ra_iou: float | None, *, relevant: bool, counts_as: Kind) -> dict[str, float]:
    grounded = counts_as == "grounded"
    value = nan if ra_iou is None else ra_iou
    mean_value = IouValue(value, relevant=relevant, grounded=grounded)
    scores: dict[str, float] = {"ra_miou": mean_value}
    for threshold in THRESHOLDS:
        reached = nan if ra_iou is None else float(ra_iou >= threshold)
        scores[f"ra_iou@{threshold}"] = IouValue(reached, relevant=relevant, grounded=grounded)
    if relevant:
        scores["miou_relevant"] = mean_value
        if grounded and ra_iou is not None:
            scores["miou_grounded"] = ra_iou
    return scores


def _half(relevant: bool, counts_as: Kind, iou: float | None) -> tuple[bool | None, bool | None]:
    """Return the last two entries of a PairHalf."""
    if not relevant:
        return counts_as == "refused", None
    if counts_as != "grounded":
        return None if iou is None else False, None
    return (None, False) if iou is None else (iou >= PAIR_THRESHOLD, True)


def known_mean(items: Sequence[float]) -> float:
    """Return the mean of the known values, NaN where they say nothing about the whole task.

    Example:
        >>> known_mean([IouValue(0.5, relevant=True, grounded=True),
        ...             IouValue(nan, relevant=True, grounded=True)])
        0.5
        >>> known_mean([IouValue(1.0), IouValue(nan, relevant=True, grounded=True)])
        nan
    """
    values = [item if isinstance(item, IouValue) else IouValue(item) for item in items]
    known = [value for value in values if not isnan(value)]
    localised = sum(value.relevant and value.grounded for value in known)
    sums = {
        "relevant": sum(value.relevant for value in values),
        "iou_known": sum(value.relevant for value in known),
        "iou_known_grounded": localised,
        "iou_unknown_grounded": sum(v.relevant and v.grounded for v in values) - localised,
    }
    arrays = {name: np.array(float(count)) for name, count in sums.items()}
    if not known or iou_is_unknown(arrays):
        return nan
    return float(sum(known) / len(known))


def f1_relevant(items: Iterable[Told]) -> float:
    """Return F1 of the relevant class, NaN where no query is relevant.

    Example:
        >>> f1_relevant([(True, "grounded"), (False, "grounded")])
        0.6666666666666666
    """
    return _of_told(f1_of_relevant, items)


def f1_irrelevant(items: Iterable[Told]) -> float:
    """Return F1 of the irrelevant class, NaN where no query is irrelevant.

    Example:
        >>> f1_irrelevant([(True, "refused"), (False, "refused")])
        0.6666666666666666
    """
    return _of_told(f1_of_irrelevant, items)


def f1_avg(items: Iterable[Told]) -> float:
    """Return the mean of both F1 scores, NaN where a class has no query.

    Example:
        >>> f1_avg([(True, "grounded"), (False, "grounded")])
        0.3333333333333333
    """
    return _of_told(mean_f1, items)


def pair_accuracy(items: Iterable[PairHalf]) -> float:
    """Return the share of pairs whose halves are both right, NaN where there is no pair.

    A pair is a record with exactly one relevant and one irrelevant query, both of which can be
    told right or wrong.

    Example:
        >>> pair_accuracy([("1", True, True, True), ("1", False, True, None)])
        1.0
    """
    halves: dict[str, tuple[list[bool | None], list[bool | None]]] = {}
    spans_known = set()
    for record, relevant, right, iou_is_known in items:
        halves.setdefault(record, ([], []))[relevant].append(right)
        spans_known.add(iou_is_known)
    pairs = [
        i[0] and r[0] for i, r in halves.values() if len(i) == len(r) == 1 and None not in i + r
    ]
    only_refusals_are_known = False in spans_known and True not in spans_known
    return sum(map(bool, pairs)) / len(pairs) if pairs and not only_refusals_are_known else nan


def _of_told(function: Callable[[Sums], FloatArray], items: Iterable[Told]) -> float:
    # lm-eval may hand back what it has written as JSON, where a tuple is a list.
    n = Counter((bool(relevant), kind) for relevant, kind in items)
    sums = {}
    for name, relevant in (("relevant", True), ("irrelevant", False)):
        sums[f"{name}_grounded"] = np.array(float(n[relevant, "grounded"]))
        sums[f"{name}_refused"] = np.array(float(n[relevant, "refused"]))
        sums[name] = sums[f"{name}_grounded"] + sums[f"{name}_refused"] + n[relevant, "unparsed"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(function(sums))
