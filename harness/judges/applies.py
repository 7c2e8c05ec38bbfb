"""Which measures a reply has, and which of them are known without asking any judge."""

from __future__ import annotations

from rarft.harness.judges.case import Case
from rarft.harness.judges.judged_text import relevance_text
from rarft.harness.metrics.explanations import has_reference
from rarft.harness.types import Measure, Prediction

Value = Prediction | tuple[str, ...] | float


def applies(measure: Measure, case: Case) -> bool:
    """Return whether the measure can be taken of this reply.

    A model that speaks no text explains nothing. Only replies to irrelevant queries are measured
    beyond relevance, and only those that do not ground; the query must have what the measure
    compares with: categories, a reference refusal, or the relevant query it was made from.

    Example:
        >>> from rarft.harness.types import Query, Reply
        >>> query = Query(id="0", task="t", video="v.mp4", text="a dog", relevant=False,
        ...               record="0", refusal="The animal is a cat.")
        >>> case = Case(query=query, reply=Reply(text="No."), text="No.",
        ...             prediction=Prediction(kind="refused", explanation="No."))
        >>> applies("similarity", case), applies("categories", case)
        (True, False)
    """
    if case.reply.text is None:
        return False
    if measure == "relevance":
        return True
    return case.prediction.kind != "grounded" and has_reference(measure, case.query)


def without_call(measure: Measure, case: Case) -> Value | None:
    """Return the value of a measure that no judge has to be asked for, else None.

    An explanation without a word names no category, is like no reference and reasons nothing: (),
    0.0 and 0.0. A refusal without a corrected query corrects nothing: 0.0. What a reply says that
    is nothing but thinking is what the rule reads in it.

    Example:
        >>> from rarft.harness.types import Query, Reply
        >>> query = Query(id="0", task="t", video="v.mp4", text="a dog", relevant=False, record="0",
        ...               refusal="The animal is a cat.", relevant_query="a cat")
        >>> case = Case(query=query, reply=Reply(text="<answer></answer>"), text="",
        ...             prediction=Prediction(kind="unparsed", reason="empty <answer>"))
        >>> [without_call(measure, case) for measure in ("categories", "reasoning", "correction")]
        [(), 0.0, 0.0]
    """
    if measure == "relevance":
        return None if relevance_text(case.reply.text or "") else case.prediction
    if measure == "correction":
        return None if (case.prediction.correction or "").strip() else 0.0
    if case.text.strip():
        return None
    return () if measure == "categories" else 0.0
