"""The report page: one HTML file that needs no network, no server and no script to be read.

Replies, queries and annotations are untrusted. The template escapes them, and the page's content
security policy allows no script but the page's own, named by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.report.blocks import Block, blocks
from rarft.harness.report.browser import browser_entry, filters_of
from rarft.harness.report.columns import FLAG, NOT_APPLICABLE, UNSCORED
from rarft.harness.report.html_page import TEMPLATES, page_environment, page_style
from rarft.harness.report.judges import judge_notes, judges_of
from rarft.harness.report.outcomes import OUTCOME_LABELS
from rarft.harness.report.plots import FLOOR_CLASSES
from rarft.harness.report.rows import task_names
from rarft.harness.report.runs import RunView
from rarft.harness.report.sections import task_section
from rarft.harness.report.selection import Entry, entries_of, most_telling

MAX_SAMPLES: Final = 300


def write_page(runs: Sequence[RunView], path: Path, *, max_samples: int = MAX_SAMPLES) -> None:
    """Write the report of one or several runs as a self-contained HTML file.

    The same runs give the same bytes. `max_samples` limits the sample browser, per task.

    Raises:
        UserError: there is no run, or the file cannot be written.
    """
    if not runs:
        raise UserError("got no run to report, expected one output directory or more; name them")
    content = _render(runs, max_samples=max_samples).encode("utf-8", errors="replace")
    write_atomic(path, content)


def run_labels(runs: Sequence[RunView]) -> list[str]:
    """Name each run by its model and status, and by its directory where models repeat."""
    counts = Counter(run.results.model.label for run in runs)
    return [
        label if counts[label] == 1 else f"{label}, {run.name}"
        for run in runs
        for label in [run.results.model.label]
    ]


def _render(runs: Sequence[RunView], *, max_samples: int) -> str:
    tasks = task_names([run.results for run in runs])
    labels = run_labels(runs)
    entries: list[Entry] = []
    n_samples = 0
    for task in tasks:
        all_entries = entries_of(runs, task)
        n_samples += len(all_entries)
        entries += most_telling(all_entries, limit=max_samples)
    script = (TEMPLATES / "browse.js.j2").read_text(encoding="utf-8")
    results = [run.results for run in runs]
    shown = blocks(results)
    template = page_environment().get_template("page.html.j2")
    return template.render(
        **_constants(),
        tables=[_head(block) for block in shown],
        judge_notes=judge_notes(results, labels=labels),
        judges=[judges_of(one) for one in results],
        style=page_style(),
        script=Markup(script),
        script_digest=_digest(script),
        runs=runs,
        labels=labels,
        facts=[_facts(run) for run in runs],
        records=[_record(run) for run in runs],
        sections=[
            task_section(runs, task, labels=labels, blocks=shown, anchor=f"task-{number}")
            for number, task in enumerate(tasks, start=1)
        ],
        entries=[browser_entry(entry) for entry in entries],
        filters=filters_of(entries),
        n_samples=n_samples,
        max_samples=max_samples,
    )


def _constants() -> dict[str, Any]:
    return {
        "flag": FLAG,
        "unscored": UNSCORED,
        "na": NOT_APPLICABLE,
        "floor_classes": FLOOR_CLASSES,
        "outcome_labels": OUTCOME_LABELS,
    }


def _head(block: Block) -> dict[str, Any]:
    """Return what stands above the rows of a table."""
    columns = block.columns
    return {
        "title": block.title,
        "note": block.note,
        "has_judges": any(column.measure for column in columns),
        "columns": columns,
        "groups": list(Counter(column.group for column in columns).items()),
        "starts": {
            column.key
            for before, column in zip((None, *columns), columns, strict=False)
            if before is None or before.group != column.group
        },
    }


def _facts(run: RunView) -> dict[str, str]:
    model, config = run.results.model, run.results.config
    engine = run.results.provenance.get("engine")
    candidates = {
        "family": model.family,
        "backend": model.backend,
        "the card's backend": _unless(model.card_backend, model.backend),
        "checkpoint": model.checkpoint,
        "revision": model.revision,
        "licence": model.licence,
        "queries": f"{run.results.asked} of each task" if run.results.asked else "all",
        "policy": config.get("policy"),
        "seed": config.get("seed"),
        "video input": _unless(config.get("video_input"), "shown"),
        "repeats": _unless(config.get("repeats"), 1),
        "engine": _inline(engine) if isinstance(engine, Mapping) else engine,
    }
    return {key: str(value) for key, value in candidates.items() if value not in (None, "")}


def _unless(value: Any, default: Any) -> Any:
    """Return a flag that is not at its default, which needs no words."""
    return None if value == default else value


def _inline(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(versions.items()))


def _record(run: RunView) -> str:
    record = {"config": run.results.config, "provenance": run.results.provenance}
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False, default=str)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
