"""The agreement of annotators as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from rarft.dataset_builder.annotate.agreement import MEASURES, PairAgreement
from rarft.harness.report.columns import NOT_APPLICABLE
from rarft.harness.report.text_table import text_table
from rarft.harness.statistics import Estimate

_ROWS_OF = {
    "decision_kappa": "decided",
    "decision_equal": "decided",
    "relevance_kappa": "accepted",
    "relevance_equal": "accepted",
    "span_tiou": "relevant",
    "category_jaccard": "irrelevant",
}


def agreement_tables(
    pairs: Sequence[PairAgreement], n_decided: Mapping[str, int]
) -> list[Table | str]:
    """Return who decided how much, and a table for every two annotators."""
    if not n_decided:
        return ["Nobody has annotated anything."]
    who = text_table(
        ("annotator", "rows decided"), [(name, str(n)) for name, n in n_decided.items()]
    )
    if not pairs:
        return [who, "No two annotators have decided a row in common."]
    return [who, *map(_table, pairs)]


def _table(pair: PairAgreement) -> Table:
    rows = [
        (title, str(pair.n_rows[_ROWS_OF[name]]), *_written(pair.estimates[name]))
        for name, title in MEASURES.items()
    ]
    return text_table(
        ("measure", "rows", "value", "95% interval"),
        rows,
        title=f"{pair.a} and {pair.b}, who differ on {len(pair.differ)} rows",
    )


def _written(one: Estimate) -> tuple[str, str]:
    if one.value is None:
        return NOT_APPLICABLE, ""
    interval = f"{one.interval.low:.3f} to {one.interval.high:.3f}" if one.interval else ""
    return f"{one.value:.3f}", interval
