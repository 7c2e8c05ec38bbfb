"""The entries of the sample browser, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rarft.harness.report.excerpt import Excerpt, excerpt_of
from rarft.harness.report.outcomes import OUTCOME_LABELS, OUTCOMES, Outcome, outcome_of
from rarft.harness.report.schema import Sample, SampleJudgement
from rarft.harness.report.selection import Entry
from rarft.harness.report.span_plots import timeline
from rarft.harness.taxonomy import CATEGORIES, GROUPS, LEVELS

_HEADLINE_CHARACTERS = 300
_JUDGED_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """One run's answer to the query of an entry."""

    run: int
    outcome: Outcome
    timeline: Markup | None
    iou: str
    spans: str
    reply: Excerpt
    explanation: Excerpt | None
    correction: Excerpt | None
    score: str
    judged: tuple[str, ...]
    flags: str
    reason: str


@dataclass(frozen=True, slots=True)
class BrowserEntry:
    """One query with its reference and every run's answer; `facets` are what filters read."""

    task: str
    query_id: str
    headline: str
    text: Excerpt
    video: str
    duration: str
    class_name: str
    level: str
    categories: tuple[str, ...]
    facets: str
    outcome_facets: str
    spans: str
    refusal: Excerpt | None
    relevant_query: Excerpt | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """The choices of each filter that occur among the entries."""

    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    levels: tuple[str, ...]
    categories: tuple[str, ...]
    outcomes: dict[Outcome, str]


def browser_entry(entry: Entry) -> BrowserEntry:
    """Prepare one entry: cut its texts and draw its timelines."""
    query = entry.query
    headline = excerpt_of(query.text, max_characters=_HEADLINE_CHARACTERS)
    groups = {category.split("/")[0] for category in query.categories}
    return BrowserEntry(
        task=entry.task,
        query_id=query.query_id,
        headline=headline.text + ("…" if len(query.text) > _HEADLINE_CHARACTERS else ""),
        text=excerpt_of(query.text),
        video=query.video,
        duration="unknown" if query.duration_s is None else f"{query.duration_s:g} s",
        class_name=_class_name(query),
        level=query.level or "",
        categories=query.categories,
        facets="|".join([*sorted(groups), *query.categories]),
        outcome_facets=" ".join(f"{run}:{one}" for run, one in entry.outcomes.items()),
        spans=_written_spans(query.spans),
        refusal=_optional(query.refusal),
        relevant_query=_optional(query.relevant_query),
        answers=tuple(_answer(run, sample) for run, sample in entry.by_run.items()),
    )


def filters_of(entries: Iterable[Entry]) -> Filters:
    """Collect the choices of the filters, each in its natural order."""
    kept = list(entries)
    queries = [entry.query for entry in kept]
    used = {category for query in queries for category in query.categories}
    levels = {query.level for query in queries}
    seen = {outcome for entry in kept for outcome in entry.outcomes.values()}
    known = [
        choice
        for group in GROUPS
        for choice in (group, *(one for one in CATEGORIES if one.startswith(f"{group}/")))
        if any(category.startswith(choice) for category in used)
    ]
    return Filters(
        tasks=tuple(dict.fromkeys(entry.task for entry in kept)),
        classes=tuple(dict.fromkeys(map(_class_name, queries))),
        levels=tuple(level for level in LEVELS if level in levels),
        categories=(*known, *sorted(used - set(known))),
        outcomes={one: OUTCOME_LABELS[one] for one in OUTCOMES if one in seen},
    )


def _answer(run: int, sample: Sample) -> Answer:
    prediction = sample.prediction
    return Answer(
        run=run,
        outcome=outcome_of(sample),
        timeline=timeline(sample, end_s=sample.duration_s),
        iou=_written_iou(sample),
        spans=_written_spans(prediction.spans) if prediction else "",
        reply=_reply(sample),
        explanation=_optional(prediction.explanation) if prediction else None,
        correction=_optional(prediction.correction) if prediction else None,
        score="" if sample.relevance_score is None else f"{sample.relevance_score:.3f}",
        judged=tuple(judged_lines(sample)),
        flags=", ".join(prediction.flags) if prediction else "",
        reason=excerpt_of(sample.failure or (prediction.reason if prediction else "") or " ").text,
    )


def judged_lines(sample: Sample) -> list[str]:
    """Say what each judge made of a reply, one line a measure.

    Example:
        >>> judgement = {"judge": "sbert", "version": "1", "value": 0.714}
        >>> judged_lines(Sample(query_id="1", video="a.mp4", text="a cat", relevant=False,
        ...                     judgements={"similarity": judgement}))
        ['similarity 0.71 (sbert)']
    """
    return [
        excerpt_of(
            f"{measure} {_written_value(sample, measure, one)} ({_judge_name(one)})",
            max_characters=_JUDGED_CHARACTERS,
        ).text
        for measure, one in sample.judgements.items()
    ]


def _written_value(sample: Sample, measure: str, one: SampleJudgement) -> str:
    if one.value is None:
        return f"unscored: {one.reason or 'no reason given'}"
    if isinstance(one.value, float):
        return f"{one.value:g} of 5" if measure == "reasoning" else f"{one.value:.2f}"
    rt_iou = sample.explanation.get("rt_iou")
    score = "" if rt_iou is None else f", RT-IoU {rt_iou:.2f}"
    return (", ".join(one.value) or "none named") + score


def _judge_name(one: SampleJudgement) -> str:
    """Return the judge with its model, where that is a name and no digest alone."""
    model = one.model.partition("@")[0]
    return f"{one.judge}, {model}" if model else one.judge


def _written_iou(sample: Sample) -> str:
    # A refused relevant query is stored with IoU 0, which says nothing about a span.
    is_grounded = sample.prediction is not None and sample.prediction.kind == "grounded"
    return f"{sample.iou:.2f}" if is_grounded and sample.iou is not None else ""


def _reply(sample: Sample) -> Excerpt:
    if sample.status in ("missing", "failed"):
        return Excerpt("", "There is no reply.")
    if not sample.reply and sample.prediction and sample.prediction.kind != "unparsed":
        return Excerpt("", "A structured answer without text.")
    return excerpt_of(sample.reply)


def _class_name(query: Sample) -> str:
    return "relevant" if query.relevant else "irrelevant"


def _optional(text: str | None) -> Excerpt | None:
    return excerpt_of(text) if text else None


def _written_spans(spans: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"{start:g}–{end:g} s" for start, end in spans)
