"""What the floors are taken to explain: they write no text, but what they would score is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rarft.harness.metrics.categories import best_constant_set
from rarft.harness.metrics.explanations import MEASURE_OF
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Judgement, Measure, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorExplanation:
    """The judgements of a floor, the same for every query.

    `figures` are stored beside the floor's own.
    """

    judged: tuple[Measure, ...] = ()
    judgements: Mapping[Measure, Judgement] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def explanation_of(floor: str, queries: Sequence[Query]) -> FloorExplanation:
    """Return what a floor is taken to say to each of the queries; most floors say nothing.

    Example:
        >>> query = Query(id="1", task="t", video="a.mp4", text="a man cooks", relevant=False,
        ...               record="1", categories=("Attribute/Counting",))
        >>> explanation_of("always_refuse", [query]).figures
        {'constant_categories': ['Attribute/Counting']}
    """
    return _EXPLANATIONS.get(floor, _nothing)(queries)


def _nothing(_queries: Sequence[Query]) -> FloorExplanation:
    return FloorExplanation()


def _false_groundings(_queries: Sequence[Query]) -> FloorExplanation:
    """Let every measure apply: a false grounding scores 0 unseen."""
    return FloorExplanation(judged=tuple(MEASURE_OF.values()))


def _best_constant_set(queries: Sequence[Query]) -> FloorExplanation:
    """Let every refusal name the one set of categories that agrees best with these queries'."""
    gold = [query.categories for query in queries if not query.relevant]
    known = [categories for categories in gold if categories and set(categories) <= set(CATEGORIES)]
    if not known:
        return FloorExplanation()
    named, _ = best_constant_set(known)
    judgement = Judgement(measure="categories", judge="constant", version="1", value=named)
    return FloorExplanation(
        judged=("categories",),
        judgements={"categories": judgement},
        figures={"constant_categories": list(named)},
    )


_EXPLANATIONS: Final[dict[str, Callable[[Sequence[Query]], FloorExplanation]]] = {
    "always_ground": _false_groundings,
    "always_refuse": _best_constant_set,
}
