"""How well a reply says why it refuses: what the judges' values make of one irrelevant query.

Each figure has two averages. The official one is over all irrelevant queries, where a false
grounding counts 0; the other is over true refusals. RA-RFT (CVPR 2026), Section 4.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from rarft.harness.metrics.categories import jaccard
from rarft.harness.types import Judgement, Kind, Measure, Prediction, Query

ExplanationKey = Literal["rt_iou", "sbert", "llm_score", "correction_sim"]
EXPLANATION_KEYS: Final[tuple[ExplanationKey, ...]] = get_args(ExplanationKey)
MEASURE_OF: Final[dict[ExplanationKey, Measure]] = {
    "rt_iou": "categories",
    "sbert": "similarity",
    "llm_score": "reasoning",
    "correction_sim": "correction",
}
"""What a judge has to say for each figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationScores:
    """What one irrelevant query adds to each figure of explanations.

    None means not applicable, unless the figure's key is in `unscored`: then it applies, and no
    judge gave it a value. Fractions, `llm_score` from 0 to 5.
    """

    rt_iou: float | None = None
    sbert: float | None = None
    llm_score: float | None = None
    correction_sim: float | None = None
    unscored: tuple[ExplanationKey, ...] = ()

    @property
    def values(self) -> tuple[float | None, ...]:
        """Return the scores in the order of EXPLANATION_KEYS."""
        return self.rt_iou, self.sbert, self.llm_score, self.correction_sim


NOT_APPLICABLE: Final = ExplanationScores()


def explanation_scores(
    query: Query,
    prediction: Prediction,
    judgements: Mapping[Measure, Judgement],
    *,
    counts_as: Kind,
    judged: Collection[Measure],
    speaks: bool,
) -> ExplanationScores | None:
    """Score the explanation of one query; None where the query is relevant.

    Args:
        query: the query with its reference.
        prediction: what the reply says.
        judgements: what the judges say of the reply, by measure.
        counts_as: what the reply counts as. A false grounding scores 0 whether it was judged or
            not, and so does a reply that is wrong on both classes.
        judged: the measures for which the run has a judge; the others are not applicable.
        speaks: whether the reply has text; nothing is applicable to one that has none.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=False,
        ...               record="1", refusal="Nobody cooks.")
        >>> judgement = Judgement(measure="similarity", judge="sbert", version="1", value=0.75)
        >>> refusal = Prediction(kind="refused")
        >>> both = ("similarity", "reasoning")
        >>> explanation_scores(query, refusal, {"similarity": judgement}, counts_as="refused",
        ...                    judged=both, speaks=True)  # doctest: +NORMALIZE_WHITESPACE
        ExplanationScores(rt_iou=None, sbert=0.75, llm_score=None, correction_sim=None,
                          unscored=('llm_score',))
    """
    if query.relevant:
        return None
    if not speaks or not judged:
        return NOT_APPLICABLE
    scores: dict[ExplanationKey, float] = {}
    unscored: list[ExplanationKey] = []
    for key, measure in MEASURE_OF.items():
        if measure not in judged or not has_reference(measure, query):
            continue
        score = 0.0
        if counts_as == "refused":
            found = _judged_score(query, prediction, judgements.get(measure), measure)
            if found is None:
                unscored.append(key)
                continue
            score = found
        scores[key] = score
    return ExplanationScores(
        rt_iou=scores.get("rt_iou"),
        sbert=scores.get("sbert"),
        llm_score=scores.get("llm_score"),
        correction_sim=scores.get("correction_sim"),
        unscored=tuple(unscored),
    )


def has_reference(measure: Measure, query: Query) -> bool:
    """Return whether the query has what a measure compares with, whatever the reply says.

    Example:
        >>> query = Query(id="0", task="t", video="v.mp4", text="a dog", relevant=False,
        ...               record="0", refusal="The animal is a cat.")
        >>> has_reference("reasoning", query), has_reference("correction", query)
        (True, False)
    """
    if measure == "relevance":
        return True
    # A shuffled query was not made from the relevant query of its record.
    if measure == "correction" and query.level == "shuffled":
        return False
    compared = {
        "categories": query.categories,
        "similarity": query.refusal,
        "reasoning": query.refusal,
        "correction": query.relevant_query,
    }
    return not query.relevant and bool(compared[measure])


def _judged_score(
    query: Query, prediction: Prediction, judgement: Judgement | None, measure: Measure
) -> float | None:
    """Return what a judgement makes of a refusal, None where there is no value."""
    # A refusal that corrects nothing leaves nothing to judge.
    if measure == "correction" and judgement is None and prediction.correction is None:
        return 0.0
    value = judgement.value if judgement is not None else None
    if value is None:
        return None
    if isinstance(value, tuple):
        return jaccard(value, query.categories)
    if isinstance(value, Prediction):
        raise TypeError(f"got a prediction as judgement of {measure}, expected a score")
    return float(value)
