"""A comparison of two rows as tables of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from rarft.harness.report.text_table import text_table
from rarft.leaderboard.entries import visible_text
from rarft.leaderboard.site_data.board_columns import column_of


def compare_tables(record: Mapping[str, Any], *, slices: bool = False) -> Iterator[Table | Text]:
    """Yield, for each task of a comparison, its figures, and what is said of it in words."""
    names = [visible_text(title) for title in record["titles"]]
    for task, one in record["tasks"].items():
        if "figures" not in one:
            yield Text(f"{task}: not comparable, {one['not_comparable']['all']}.")
            continue
        shown = {key: f for key, f in one["figures"].items() if slices or "/" not in key}
        yield text_table(
            ("figure", *names, "difference", "95%", "p (Holm)"),
            [_row(key, figure) for key, figure in shown.items()],
            title=f"{task}: {one['n_paired']:,} queries of {one['n_videos']:,} videos",
        )
        yield Text("\n".join(_said(one, names)))


def _row(key: str, figure: Mapping[str, Any]) -> tuple[str, ...]:
    column = column_of(key)

    def written(value: float | None) -> str:
        return "–" if value is None else f"{column.shown(value):.{column.digits}f}"

    p = figure["p_holm"] if figure["p_holm"] is not None else figure.get("p")
    return (
        key,
        written(figure["a"]),
        written(figure["b"]),
        written(figure.get("difference")),
        f"{written(figure.get('low'))} to {written(figure.get('high'))}",
        "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
    )


def _said(one: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    told = one["mcnemar"]
    if told is not None:
        yield (
            f"Told right by {names[0]} alone: {told['b']}, by {names[1]} alone: {told['c']}; "
            f"McNemar p {told['p']:.4f}."
        )
    for key, reason in one["not_comparable"].items():
        yield f"{key}: not compared, {reason}."
