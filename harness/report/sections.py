"""The part of the page that belongs to one task: its tables and plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from rarft.harness.metrics import QueryOutcome
from rarft.harness.replies import Policy
from rarft.harness.report.blocks import Block
from rarft.harness.report.cells import CellRow, result_rows, slice_rows
from rarft.harness.report.columns import count_of
from rarft.harness.report.outcomes import Outcome
from rarft.harness.report.plots import category_plot, level_plot
from rarft.harness.report.rows import Row, footnotes, task_rows
from rarft.harness.report.runs import RunView
from rarft.harness.report.sample_outcomes import outcome_from_sample
from rarft.harness.report.schema import Sample
from rarft.harness.report.slices import CATEGORY_SLICES, LEVEL_SLICES, present_slices
from rarft.harness.report.span_plots import outcome_bar, outcome_shares, span_scatter
from rarft.harness.report.threshold_plots import (
    ThresholdPlot,
    reliability_plot,
    risk_coverage_plot,
)


@dataclass(frozen=True, slots=True)
class SlicePlot:
    """A plot over slices with the same figures as a table."""

    image: Markup
    systems: tuple[str, ...]
    rows: tuple[CellRow, ...]


@dataclass(frozen=True, slots=True)
class OutcomeBar:
    """The outcomes of one class of queries in one run."""

    label: str
    run: int
    n_queries: int
    shares: dict[Outcome, int]
    image: Markup


@dataclass(frozen=True, slots=True)
class TaskSection:
    """Everything the page shows of one task; `tables` holds the rows of each block."""

    name: str
    anchor: str
    n_queries: int | None
    n_scored: int | None
    tables: tuple[tuple[CellRow, ...], ...]
    notes: tuple[str, ...]
    levels: SlicePlot | None
    categories: SlicePlot | None
    outcomes: tuple[OutcomeBar, ...]
    scatters: tuple[tuple[str, Markup], ...]
    risk_coverage: ThresholdPlot | None
    reliability: ThresholdPlot | None
    load_report: dict[str, Any]
    provenance: dict[str, Any]


def task_section(
    runs: Sequence[RunView],
    task: str,
    *,
    labels: Sequence[str],
    blocks: Sequence[Block],
    anchor: str,
) -> TaskSection:
    """Build the section of one task; `labels` names the runs."""
    results = [run.results for run in runs]
    rows = task_rows(results, task, labels=labels)
    first = next(one for one in results if task in one.results)
    ranked = _with_scores(runs, task)
    samples = next((run.samples[task] for run in runs if run.samples.get(task)), ())
    return TaskSection(
        name=task,
        anchor=anchor,
        n_queries=count_of(first.results[task], "n_queries"),
        n_scored=count_of(first.results[task], "n_scored"),
        tables=tuple(tuple(result_rows(rows, block)) for block in blocks),
        notes=tuple(footnotes(rows)),
        levels=_levels(rows, task, samples),
        categories=_categories(rows, task, samples),
        outcomes=tuple(_outcome_bars(runs, task, labels)),
        scatters=tuple(_scatters(runs, task, labels)),
        risk_coverage=risk_coverage_plot(ranked, rows, task=task),
        reliability=reliability_plot(ranked, rows, task=task),
        load_report=first.load_reports.get(task) or {},
        provenance=first.provenance.get("tasks", {}).get(task, {}),
    )


def _with_scores(runs: Sequence[RunView], task: str) -> dict[int, list[QueryOutcome]]:
    """Return the outcomes of the runs whose queries have relevance scores, by position."""
    found = {}
    for index, run in enumerate(runs):
        samples = run.samples.get(task, ())
        if any(one.relevance_score is not None for one in samples):
            policy: Policy = "strict" if run.results.config.get("policy") == "strict" else "paper"
            found[index] = [
                outcome_from_sample(one.model_dump(mode="json"), policy) for one in samples
            ]
    return found


def _levels(rows: Sequence[Row], task: str, samples: Iterable[Sample]) -> SlicePlot | None:
    present = present_slices(rows, LEVEL_SLICES)
    if not present:
        return None
    counts = Counter(sample.level for sample in samples)
    n_queries = {key: counts[label] for key, label in present.items() if counts[label]}
    return SlicePlot(
        level_plot(rows, present, task=task),
        tuple(row.name for row in rows),
        tuple(slice_rows(rows, present, n_queries=n_queries)),
    )


def _categories(rows: Sequence[Row], task: str, samples: Iterable[Sample]) -> SlicePlot | None:
    present = present_slices(rows, CATEGORY_SLICES)
    if not present:
        return None
    counts = Counter(f"f1_irrelevant/{one}" for sample in samples for one in sample.categories)
    return SlicePlot(
        category_plot(rows, present, task=task),
        tuple(row.name for row in rows),
        tuple(slice_rows(rows, present, n_queries=counts)),
    )


def _outcome_bars(
    runs: Sequence[RunView], task: str, labels: Sequence[str]
) -> Iterable[OutcomeBar]:
    for name, relevant in (("relevant", True), ("irrelevant", False)):
        for index, run in enumerate(runs):
            own = [one for one in run.samples.get(task, ()) if one.relevant is relevant]
            if own:
                shares = outcome_shares(own)
                label = f"{labels[index]}, {name} queries"
                image = outcome_bar(shares, label=label)
                yield OutcomeBar(label, index, len(own), shares, image)


def _scatters(
    runs: Sequence[RunView], task: str, labels: Sequence[str]
) -> Iterable[tuple[str, Markup]]:
    for index, run in enumerate(runs):
        image = span_scatter(run.samples.get(task, ()), label=f"{labels[index]} on {task}")
        if image is not None:
            yield labels[index], image
