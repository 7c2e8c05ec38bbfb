"""The figures as lm-eval computes them: `process_results` per row, aggregations per task.

lm-eval sees one row at a time, so a key that does not apply to a row is absent from it. What only
the whole task can tell (no irrelevant query, no pair) is NaN from the aggregation. The keys
`ra_iou@*`, `ra_miou` and `miou_*` are floats for lm-eval's own `mean`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rarft.harness.metrics.outcomes import counted, iou_of_relevant, ra_iou_of
from rarft.harness.metrics.relevance import f1_of_irrelevant, f1_of_relevant, mean_f1
from rarft.harness.metrics.sums import PAIR_THRESHOLD, THRESHOLDS, FloatArray, Sums
from rarft.harness.parsing import parse_reply
from rarft.harness.replies import ScoredText
from rarft.harness.types import Kind, Prediction, spans_from_pairs

Told = tuple[bool, Kind]
"""One row of an F1 score: whether the query is relevant, and what its reply counts as."""
PairHalf = tuple[str, bool, bool | None]
"""One row of pair accuracy: record, whether relevant, whether right (None: cannot be told)."""


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
        return {"pair_accuracy": (record, relevant, None)}
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
        "pair_accuracy": (record, relevant, _half_is_right(relevant, counts_as, iou)),
    }
    ra_iou = ra_iou_of(relevant=relevant, counts_as=counts_as, iou=iou)
    if ra_iou is not None:
        scores |= _grounding_scores(ra_iou, relevant=relevant, counts_as=counts_as)
    return scores


def _prediction(doc: Mapping[str, Any], answer: str) -> Prediction | None:
    """Return what the reply says, None where it is missing or failed."""
    if not isinstance(answer, ScoredText):
        return parse_reply(answer, duration_s=doc.get("duration_s"))
    return answer.prediction if answer.status == "scored" else None


def _grounding_scores(ra_iou: float, *, relevant: bool, counts_as: Kind) -> dict[str, float]:
    scores = {f"ra_iou@{threshold}": float(ra_iou >= threshold) for threshold in THRESHOLDS}
    scores["ra_miou"] = ra_iou
    if relevant:
        scores["miou_relevant"] = ra_iou
        if counts_as == "grounded":
            scores["miou_grounded"] = ra_iou
    return scores


def _half_is_right(relevant: bool, counts_as: Kind, iou: float | None) -> bool | None:
    if not relevant:
        return counts_as == "refused"
    return None if iou is None else counts_as == "grounded" and iou >= PAIR_THRESHOLD


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
        >>> pair_accuracy([("1", True, True), ("1", False, True), ("2", True, True)])
        1.0
    """
    halves: dict[str, tuple[list[bool | None], list[bool | None]]] = {}
    for record, relevant, right in items:
        halves.setdefault(record, ([], []))[relevant].append(right)
    pairs = [
        i[0] and r[0] for i, r in halves.values() if len(i) == len(r) == 1 and None not in i + r
    ]
    return sum(map(bool, pairs)) / len(pairs) if pairs else float("nan")


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
