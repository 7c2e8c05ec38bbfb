"""What an audit finds, each in one sentence with its counts: the part of the page to read first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rarft.harness.audit.guesses import GuessFigure, leakage
from rarft.harness.audit.imbalance import Imbalance
from rarft.harness.audit.labels import BorrowedNegatives, Duplicates, Group
from rarft.harness.audit.refusals import RefusalChecks
from rarft.harness.audit.spans import FAR_PAST_END_S, SpanChecks
from rarft.harness.audit.telling_ngrams import TellingNgram

BORROWED_SHARE: Final = 0.5
TELLING_AUC: Final = 0.6
CONSTANT_JACCARD: Final = 0.5
N_EXAMPLES: Final = 5
N_NAMED_NGRAMS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A finding: its code, one sentence, the counts in it, and ids of queries that show it."""

    code: str
    sentence: str
    counts: Mapping[str, float]
    examples: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "counts": dict(self.counts),
            "examples": list(self.examples),
        }


def borrowed_artefacts(
    borrowed: BorrowedNegatives, figures: Mapping[str, GuessFigure] | None
) -> Iterable[Artefact]:
    """Name a task whose irrelevant queries are mostly relevant queries of other videos."""
    if borrowed.share < BORROWED_SHARE:
        return
    sentence = (
        f"Irrelevant queries are other videos' relevant ones: {_of(borrowed.ids, borrowed)} are "
        f"relevant, in the same words, to another video, and {borrowed.n_balanced_texts:,} of "
        f"{borrowed.n_texts:,} texts are irrelevant exactly as often as relevant"
    )
    counts: dict[str, float] = {
        "borrowed": len(borrowed.ids),
        "irrelevant": borrowed.n_irrelevant,
        "balanced_texts": borrowed.n_balanced_texts,
        "texts": borrowed.n_texts,
    }
    auc = figures["auc"] if figures is not None else None
    if auc is not None and _tells_the_opposite(auc):
        counts["auc"] = round(auc.value, 6)
        sentence += (
            f"; a text seen with one label elsewhere has the other label here, so a classifier of "
            f"words falls to AUC {_written(auc)}, below chance, and that is leakage too "
            f"({leakage(auc.value):.2f}): the opposite of its guess is more often right"
        )
    yield Artefact(
        code="negatives_are_other_videos_positives",
        sentence=f"{sentence}.",
        counts=counts,
        examples=borrowed.ids[:N_EXAMPLES],
    )


def guess_artefacts(
    figures: Mapping[str, GuessFigure] | None,
    ngrams: tuple[Sequence[TellingNgram], Sequence[TellingNgram]],
    *,
    explained: bool,
) -> Iterable[Artefact]:
    """Name a task whose classes the words tell; `explained` leaves out what is named already."""
    if figures is None or leakage(figures["auc"].value) < TELLING_AUC:
        return
    auc, f1 = figures["auc"], figures["f1_avg"]
    counts = {"auc": round(auc.value, 6), "f1_avg": round(f1.value, 6)}
    if auc.value > 0.5 and (auc.low is None or auc.low > 0.5):
        told, against = (", ".join(f"“{n.ngram}”" for n in own[:N_NAMED_NGRAMS]) for own in ngrams)
        yield Artefact(
            code="words_tell_the_class",
            sentence=(
                f"The words alone tell relevant from irrelevant queries: AUC {_written(auc)} and "
                f"F1 {100 * f1.value:.1f} without a video; most telling are {told or 'none'} for "
                f"relevant and {against or 'none'} for irrelevant queries."
            ),
            counts=counts,
        )
    elif _tells_the_opposite(auc) and not explained:
        yield Artefact(
            code="words_tell_the_opposite",
            sentence=(
                f"The words tell the opposite of what they tell in other videos: AUC "
                f"{_written(auc)} is below chance, and that is leakage too "
                f"({leakage(auc.value):.2f}): the opposite of the guess is more often right."
            ),
            counts=counts,
        )


def label_artefacts(found: Duplicates, both: Sequence[Group]) -> Iterable[Artefact]:
    """Name queries that are asked twice, and those labelled both ways."""
    yield from _counted(
        "contradictory_labels",
        [one for group in both for one in group],
        f"{_queries(len(both), 'query is', 'queries are')} labelled relevant as well as "
        "irrelevant, in the same words about the same video: no answer is right on both.",
        {"groups": len(both)},
    )
    yield from _counted(
        "duplicate_queries",
        [one for group in found.exact for one in group],
        f"{_queries(found.n_exact, 'query repeats', 'queries repeat')} the video, text and label "
        "of an earlier one.",
        {"duplicates": found.n_exact, "groups": len(found.exact)},
    )
    yield from _counted(
        "near_duplicate_queries",
        [one for group in found.near for one in group],
        f"{_queries(found.n_near, 'query repeats', 'queries repeat')} the video, words and label "
        "of an earlier one, apart from case, punctuation and articles.",
        {"near_duplicates": found.n_near, "groups": len(found.near)},
    )


def refusal_artefacts(found: RefusalChecks) -> Iterable[Artefact]:
    """Name reference refusals that give words away, tell a model what to do, or are empty."""
    n = found.n_refusals
    for code, ids, fault in (
        (
            "refusal_ends_in_edits_and_query",
            found.ends_in_edits_and_query,
            "end in the edited words and the original relevant query, left over from the prompt "
            "that made them",
        ),
        (
            "refusal_contains_relevant_query",
            found.contains_relevant_query,
            "contain the original relevant query word for word",
        ),
        (
            "refusal_contains_instructions",
            found.contains_instructions,
            "contain tags or instructions to a model",
        ),
    ):
        sentence = f"{len(ids):,} of {n:,} reference refusals {fault}."
        yield from _counted(code, ids, sentence, {"found": len(ids), "refusals": n})
    yield from _counted(
        "empty_refusals",
        found.empty,
        f"{_queries(len(found.empty), 'irrelevant query has', 'irrelevant queries have')} no "
        f"reference refusal, where {n:,} have one.",
        {"empty": len(found.empty), "refusals": n},
    )


def span_artefacts(found: SpanChecks) -> Iterable[Artefact]:
    """Name reference spans that no model can be right about, or that queries share."""
    spans, timed, far = found.n_with_span, found.n_with_duration, len(found.far_past_end)
    for code, ids, n, fault in (
        (
            "span_past_end",
            found.past_end,
            timed,
            f"end after the stated duration, {far:,} of them by more than {FAR_PAST_END_S:g} s",
        ),
        ("zero_length_span", found.zero_length, spans, "have no length, so that no IoU is above 0"),
        (
            "shared_timestamp",
            found.shared_timestamp,
            spans,
            "are also the span of another relevant query of their record",
        ),
        ("whole_video_span", found.whole_video, timed, "cover at least 95% of the video"),
    ):
        known = "reference spans" if n == spans else "reference spans with a duration of the video"
        sentence = f"{len(ids):,} of {n:,} {known} {fault}."
        yield from _counted(code, ids, sentence, {"found": len(ids), "spans": n})
    yield from _counted(
        "absent_span",
        found.without_span,
        f"{_queries(len(found.without_span), 'relevant query has', 'relevant queries have')} no "
        "reference span.",
        {"found": len(found.without_span)},
    )


def category_artefacts(found: Imbalance) -> Iterable[Artefact]:
    """Name a task on which a constant set of categories scores high."""
    best, mean = found.best_constant_set, found.best_constant_jaccard
    if best is None or mean is None or mean < CONSTANT_JACCARD:
        return
    yield Artefact(
        code="constant_categories",
        sentence=(
            f"Always answering {{{', '.join(best)}}} has a mean Jaccard index of {mean:.3f} with "
            f"the categories of {found.n_with_categories:,} irrelevant queries, without a video."
        ),
        counts={"jaccard": round(mean, 6), "queries": found.n_with_categories},
    )


def _counted(
    code: str, ids: Sequence[str], sentence: str, counts: Mapping[str, float]
) -> Iterable[Artefact]:
    if ids:
        yield Artefact(
            code=code, sentence=sentence, counts=counts, examples=tuple(ids[:N_EXAMPLES])
        )


def _tells_the_opposite(auc: GuessFigure) -> bool:
    is_below = auc.high is None or auc.high < 0.5
    return auc.value < 0.5 and is_below and leakage(auc.value) >= TELLING_AUC


def _of(ids: Sequence[str], borrowed: BorrowedNegatives) -> str:
    share = 100 * len(ids) / borrowed.n_irrelevant
    return f"{len(ids):,} of {borrowed.n_irrelevant:,} ({share:.0f}%)"


def _queries(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _written(figure: GuessFigure) -> str:
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} (95% interval {figure.low:.2f} to {figure.high:.2f})"
