"""One row in full: where it comes from, every figure, and what a verifier found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.metrics import QueryOutcome, risk_coverage
from rarft.harness.report.schema import Results
from rarft.leaderboard.paper import PaperSource
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.site_data.chunks import n_chunks_of
from rarft.leaderboard.site_data.data_file import SCHEMA_VERSION
from rarft.leaderboard.site_data.measured_board import MeasuredBoard
from rarft.leaderboard.site_data.paper_figures import PaperBoardRow
from rarft.leaderboard.site_data.row_texts import prompt_origin, row_notes, video_input
from rarft.leaderboard.site_data.run_figures import run_cost
from rarft.leaderboard.site_data.shown_figure import ShownFigure, figure_record

SETTINGS: Final = (
    *("limit", "policy", "prompt_mode", "video_input", "repeats", "seed", "batch_size"),
    *("model_args", "gen_kwargs", "n_resamples"),
)
"""Settings of a run that are shown."""
PROVENANCE: Final = (
    *("backend", "card_backend", "engine", "frames_policy", "generation", "prompts", "judges"),
    *("tasks", "lm_eval_version"),
)
MAX_POINTS: Final = 200
"""Points of a risk-coverage curve."""


def entry_record(
    board: MeasuredBoard, row: BoardRow, *, titles: Mapping[str, str], n_shown: Mapping[str, int]
) -> dict[str, Any]:
    """Return the content of entries/<id>.json of a row with samples.

    Args:
        board: the measured board.
        row: the row.
        titles: the title of each task and group.
        n_shown: how many queries of each task the viewer shows.
    """
    model = row.results.model
    about = row.about
    return {
        "schema_version": SCHEMA_VERSION,
        "id": row.id,
        "kind": row.kind,
        "tier": row.tier,
        "name": about.name or model.label,
        "title": about.title or model.title or "",
        "family": about.family or model.family or "",
        "size": about.size,
        "submitter": about.submitter,
        "url": about.url,
        "paper_url": about.paper_url,
        "hardware": about.hardware,
        "policy": row.policy,
        "prompt": prompt_origin(row.results),
        "video_input": video_input(row.results),
        "about": about.notes,
        "licence": model.licence or "",
        "notes": row_notes(row),
        "manifest_sha256": row.manifest_sha256,
        "rarft_version": row.rarft_version,
        "model": model.model_dump(exclude_none=True),
        "settings": _known(row.results.config, SETTINGS),
        "provenance": _known(row.results.provenance, PROVENANCE),
        **({"train": dict(row.train)} if row.train is not None else {}),
        "verification": {"tier": row.tier, "checks": [], "reasons": [], **row.verification},
        "tasks": {
            name: _task_record(board, row, name, titles[name], n_shown.get(name, 0))
            for name, own in board.figures.items()
            if row.id in own
        },
        "compared": sorted(
            {name for pair in board.pairs if row.id in pair for name in pair} - {row.id}
        ),
    }


def paper_record(
    board: MeasuredBoard, one: PaperBoardRow, *, source: PaperSource, titles: Mapping[str, str]
) -> dict[str, Any]:
    """Return the content of entries/<id>.json of a row of the paper."""
    empty = ("submitter", "hardware", "prompt", "licence", "manifest_sha256", "rarft_version")
    return {
        "schema_version": SCHEMA_VERSION,
        "id": one.id,
        "kind": "paper",
        "tier": "reported",
        "name": one.row.method,
        "title": f"{source.title} ({source.venue})",
        "family": one.row.family,
        "size": one.row.size,
        "url": "",
        "paper_url": source.url,
        "policy": "paper",
        "video_input": "shown",
        "about": one.row.note,
        **dict.fromkeys(empty, ""),
        "notes": [],
        "model": {},
        "settings": {},
        "provenance": {},
        "verification": {"tier": "reported", "checks": [], "reasons": []},
        "tasks": {
            name: {"title": titles[name], "figures": _figures(own[one.id])}
            for name, own in board.figures.items()
            if one.id in own
        },
        "compared": [],
    }


def _task_record(
    board: MeasuredBoard, row: BoardRow, name: str, title: str, n_shown: int
) -> dict[str, Any]:
    record: dict[str, Any] = {"title": title, "figures": _figures(board.figures[name][row.id])}
    if name not in row.outcomes:
        return record
    shown = min(n_shown, len(row.samples.get(name, ())))
    record |= {
        "counts": _counts(row.results, name),
        "cost": {
            key: value
            for key, value in run_cost(row.results, row.samples.get(name, ())).items()
            if value is not None
        },
        "samples": {
            "n_chunks": n_chunks_of(shown),
            "n_queries": len(row.outcomes[name]),
            "n_shown": shown,
        },
    }
    curve = _risk_coverage(row.outcomes[name])
    return record | ({"risk_coverage": curve} if curve else {})


def _figures(figures: Mapping[str, ShownFigure]) -> dict[str, Any]:
    return {key: figure_record(figure) for key, figure in figures.items()}


def _counts(results: Results, task: str) -> dict[str, int]:
    scores = results.results[task]
    return {
        key.removesuffix(",none"): int(value)
        for key, value in scores.items()
        if key.startswith("n_") and isinstance(value, int)
    }


def _risk_coverage(outcomes: Sequence[QueryOutcome]) -> list[list[float]]:
    """Return points [threshold, coverage, risk] of the curve, the highest threshold first."""
    curve = risk_coverage(outcomes)
    if curve is None:
        return []
    n = len(curve.threshold)
    kept = sorted({round(i * (n - 1) / max(1, MAX_POINTS - 1)) for i in range(MAX_POINTS)})
    return [
        [round(float(column[place]), 6) for column in (curve.threshold, curve.coverage, curve.risk)]
        for place in kept
    ]


def _known(record: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: record[key] for key in keys if record.get(key) not in (None, {}, [])}
