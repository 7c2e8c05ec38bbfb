"""compare.json: every number of a comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.report.compare_tasks import ALPHA, CONFIDENCE, Comparison, PairComparison
from rarft.harness.statistics import (
    McNemar,
    minimum_detectable_effect,
    minimum_detectable_mcnemar,
)

SCHEMA_VERSION: Final = 1
FAMILY: Final = "every figure compared, of every task and pair of runs"
MCNEMAR_FAMILY: Final = "every task and pair of runs whose judges of relevance are the same"


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write a comparison as JSON.

    Raises:
        UserError: the file cannot be written.
    """
    text = json.dumps(comparison_record(comparison), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(path, text.encode("utf-8", errors="replace"))


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as a JSON object; figures on their own scale, p-values as they are."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [
            {
                "name": run.name,
                "model": run.results.model.label,
                "policy": run.policy,
                "limit": run.results.config.get("limit"),
            }
            for run in comparison.compared.runs
        ],
        "notes": list(comparison.compared.notes),
        "metrics": list(comparison.metrics),
        "n_resamples": comparison.n_resamples,
        "seed": comparison.seed,
        "confidence": CONFIDENCE,
        "alpha": ALPHA,
        "holm": {
            "family": FAMILY,
            "n_tests": comparison.n_tests,
            "mcnemar_family": MCNEMAR_FAMILY,
        },
        "tasks": {
            one.task: {
                "pairs": [_pair_record(pair) for pair in one.pairs],
                "ranks": {
                    key: [asdict(rank) for rank in ranked] for key, ranked in one.ranks.items()
                },
            }
            for one in comparison.tasks
        },
    }


def _pair_record(pair: PairComparison) -> dict[str, Any]:
    paired = pair.paired
    return {
        "a": pair.a,
        "b": pair.b,
        "n_paired": paired.n_paired,
        "n_videos": paired.n_videos,
        "n_scored_by_a_alone": paired.n_only_a,
        "n_scored_by_b_alone": paired.n_only_b,
        "n_scored_by_neither": paired.n_neither,
        "figures": _figure_records(pair),
        "not_comparable": dict(pair.not_comparable),
        "n_unscored": {
            measure: {"a": n_a, "b": n_b} for measure, (n_a, n_b) in pair.n_unscored.items()
        },
        "mcnemar": None if pair.mcnemar is None else _mcnemar_record(pair.mcnemar, pair),
    }


def _mcnemar_record(told: McNemar, pair: PairComparison) -> dict[str, Any]:
    return {
        **asdict(told),
        "difference": told.difference,
        "p_holm": pair.mcnemar_p_holm,
        "minimum_detectable": minimum_detectable_mcnemar(n=told.n, n_discordant=told.b + told.c),
    }


def _figure_records(pair: PairComparison) -> Mapping[str, Any]:
    return {
        key: {
            **asdict(one),
            "p_holm": pair.p_holm.get(key),
            "minimum_detectable": minimum_detectable_effect(one.se),
        }
        for key, one in pair.differences.items()
    }
