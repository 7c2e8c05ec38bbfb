"""What `rarft-eval audit` prints: one row a task, then its findings, one sentence each.

Cells are plain text, whatever an annotation holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from rarft.harness.report.columns import NOT_APPLICABLE, percent

COLUMNS: Final = ("task", "queries", "AUC", "95%", "leakage", "F1 avg.", "from others")
RUN_COLUMNS: Final = ("task", "run", "video", "F1 avg.", "blind wrong", "rel.", "irre.")


def audit_table(record: Mapping[str, Any]) -> Table:
    """Return the blind classifier's figures on each task of audit.json.

    The last column is the task whose classifier has the AUC that is furthest from 0.5 here.
    """
    table = _table(COLUMNS)
    for name, task in record["tasks"].items():
        cells = (
            name,
            f"{task['n_queries']:,}",
            _fraction(task["blind_auc"]),
            _bounds(task),
            _fraction(task["leakage"]),
            percent(task["blind_f1_avg"]),
            _strongest(task["cross"]),
        )
        table.add_row(*map(Text, cells))
    return table


def runs_table(record: Mapping[str, Any]) -> Table | None:
    """Return each run's F1, on all queries and where the blind classifier is wrong."""
    table = _table(RUN_COLUMNS)
    for name, task in record["tasks"].items():
        for run in task["runs"]:
            cells = (
                name,
                run["run"],
                run["video_input"],
                percent(run["f1_avg"]),
                percent(run.get("f1_avg_blind_wrong")),
                str(run.get("n_relevant_blind_wrong", NOT_APPLICABLE)),
                str(run.get("n_irrelevant_blind_wrong", NOT_APPLICABLE)),
            )
            table.add_row(*map(Text, cells))
    return table if table.row_count else None


def finding_lines(record: Mapping[str, Any]) -> Iterable[str]:
    """Return every finding as one line; a task without any says so."""
    for name, task in record["tasks"].items():
        if task["not_applicable"]:
            yield f"{name}: {task['not_applicable']}"
        for artefact in task["artefacts"]:
            yield f"{name}: {artefact['sentence']}"
        if not task["artefacts"]:
            yield f"{name}: no finding"


def _table(names: Iterable[str]) -> Table:
    table = Table(box=None)
    for name in names:
        is_text = name in ("task", "run", "video", "from others")
        table.add_column(
            Text(name),
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=name == "task",
        )
    return table


def _fraction(value: float | None) -> str:
    return NOT_APPLICABLE if value is None else f"{value:.2f}"


def _bounds(task: Mapping[str, Any]) -> str:
    low, high = task.get("blind_auc_ci_low"), task.get("blind_auc_ci_high")
    return "" if low is None or high is None else f"{low:.2f}–{high:.2f}"


def _strongest(cross: Mapping[str, Mapping[str, Any]]) -> str:
    applicable = {name: one for name, one in cross.items() if one["leakage"] is not None}
    if not applicable:
        return NOT_APPLICABLE
    name = max(applicable, key=lambda name: applicable[name]["leakage"])
    return f"{applicable[name]['auc']:.2f} {name}"
