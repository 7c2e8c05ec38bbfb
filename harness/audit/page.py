"""The audit page: one HTML file without a script, in the look of the report page.

Queries, refusals and names are untrusted; the template escapes them, and the page's content
security policy allows no script and no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from rarft.harness.atomic_file import write_atomic
from rarft.harness.audit.benchmark import ALL_OTHERS, TaskAudit
from rarft.harness.audit.plots import (
    IRRELEVANT,
    RELEVANT,
    count_bars,
    guess_histogram,
    roc_curve,
)
from rarft.harness.audit.stored_runs import RUN_FIGURES
from rarft.harness.report.columns import NOT_APPLICABLE, percent
from rarft.harness.report.excerpt import excerpt_of
from rarft.harness.report.html_page import page_environment, page_style
from rarft.harness.types import Query

OWN_TEMPLATES: Final = Path(__file__).parent / "templates"
_EXAMPLE_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class Example:
    """A query that shows a finding, with its texts cut to be shown."""

    query_id: str
    video: str
    class_name: str
    text: str
    refusal: str
    relevant_query: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An artefact with its examples."""

    code: str
    sentence: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class AuditSection:
    """Everything the page shows of one task; `record` is its part of audit.json."""

    name: str
    anchor: str
    record: Mapping[str, Any]
    findings: tuple[Finding, ...]
    histogram: Markup | None
    roc: Markup | None
    categories: Markup | None
    levels: Markup | None
    spans: dict[str, int]


def write_audit_page(audits: Sequence[TaskAudit], record: Mapping[str, Any], path: Path) -> None:
    """Write the page of an audit; the same audit gives the same bytes.

    Raises:
        UserError: the file cannot be written.
    """
    environment = page_environment(OWN_TEMPLATES)
    environment.filters |= {"percent": percent, "fraction": _fraction}
    sections = [
        _section(audit, record["tasks"][audit.task.name], anchor=f"task-{number}")
        for number, audit in enumerate(audits, start=1)
    ]
    page = environment.get_template("audit.html.j2").render(
        style=page_style(),
        own_style=Markup((OWN_TEMPLATES / "audit.css.j2").read_text(encoding="utf-8")),
        sections=sections,
        trained_on=_trained_on(sections),
        config=record["config"],
        versions=record["versions"],
        na=NOT_APPLICABLE,
        tones={"relevant": RELEVANT, "irrelevant": IRRELEVANT},
        run_figures=RUN_FIGURES,
        all_others=ALL_OTHERS,
    )
    write_atomic(path, page.encode("utf-8", errors="replace"))


def _section(audit: TaskAudit, record: Mapping[str, Any], *, anchor: str) -> AuditSection:
    name, guesses = audit.task.name, record["guessability"]
    by_id = {query.id: query for query in audit.task.queries}
    counts, levels = record["categories"]["counts"], record["levels"]
    best = record["categories"]["best_constant_set"] or ()
    return AuditSection(
        name=name,
        anchor=anchor,
        record=record,
        findings=tuple(
            Finding(
                artefact["code"],
                artefact["sentence"],
                tuple(_example(by_id[one]) for one in artefact["examples"]),
            )
            for artefact in record["artefacts"]
        ),
        histogram=guesses and guess_histogram(guesses["histogram"], task=name),
        roc=guesses and roc_curve(guesses["roc"], task=name, auc=record["blind_auc"]),
        categories=count_bars(counts, marked=best, label=f"Categories of {name}")
        if counts
        else None,
        levels=count_bars(levels, marked=(), label=f"Levels of {name}") if levels else None,
        spans={key: len(ids) for key, ids in record["spans"].items() if isinstance(ids, list)},
    )


def _example(query: Query) -> Example:
    return Example(
        query_id=query.id,
        video=query.video,
        class_name="relevant" if query.relevant else "irrelevant",
        text=excerpt_of(query.text, max_characters=_EXAMPLE_CHARACTERS).text,
        refusal=_cut(query.refusal),
        relevant_query=_cut(query.relevant_query),
    )


def _cut(text: str | None) -> str:
    return excerpt_of(text, max_characters=_EXAMPLE_CHARACTERS).text if text else ""


def _trained_on(sections: Sequence[AuditSection]) -> list[str]:
    """Return the rows of the matrix: what a classifier was trained on."""
    names = [section.name for section in sections]
    has_others = any(ALL_OTHERS in section.record["cross"] for section in sections)
    return [*names, ALL_OTHERS] if has_others else names


def _fraction(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else f"{value:.2f}"
