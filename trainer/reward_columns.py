"""The columns of a batch that rewards read, checked by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.types import Span, spans_from_pairs

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What one completion is compared with.

    `spans` and `refusal` are the two answers of a pair of queries, whichever of them was asked.
    """

    relevant: bool
    spans: tuple[Span, ...] = ()
    duration_s: float | None = None
    refusal: str = ""
    relevant_query: str = ""


def references(
    columns: Columns, names: Sequence[str], *, reward: str, n_completions: int
) -> list[Reference]:
    """Return the references of a batch, of which only the named columns are read.

    Args:
        columns: What TRL hands to a reward function, one list per column.
        names: Fields of Reference; `relevant` is always read.
        reward: Who asks.
        n_completions: How many values a column must have.

    Raises:
        UserError: a column is missing, or has another length.

    Example:
        >>> columns = {"relevant": [True], "spans": [[[2.5, 4.0]]], "level": ["strong"]}
        >>> references(columns, ["spans"], reward="refuse_iou", n_completions=1)[0].spans
        (Span(start_s=2.5, end_s=4.0),)
        >>> references(columns, ["refusal"], reward="explain", n_completions=1)
        Traceback (most recent call last):
        rarft.harness.errors.UserError: got rows without the column refusal, expected relevant, \
refusal for the reward explain; add it to the dataset
    """
    needed = ("relevant", *names)
    for name in needed:
        _check(columns, name, needed, reward=reward, n_completions=n_completions)
    return [_reference({name: columns[name][i] for name in needed}) for i in range(n_completions)]


def _check(
    columns: Columns, name: str, needed: Sequence[str], *, reward: str, n_completions: int
) -> None:
    values = columns.get(name)
    if values is None:
        raise UserError(
            f"got rows without the column {name}, expected {', '.join(needed)} for the reward "
            f"{reward}; add it to the dataset"
        )
    if len(values) != n_completions:
        raise UserError(
            f"got {len(values)} values of {name} for {n_completions} completions, expected one "
            f"each for the reward {reward}; mend the dataset"
        )


def _reference(row: Mapping[str, Any]) -> Reference:
    duration_s = row.get("duration_s")
    return Reference(
        relevant=bool(row["relevant"]),
        spans=spans_from_pairs(row.get("spans") or ()),
        duration_s=None if duration_s is None else float(duration_s),
        refusal=(row.get("refusal") or "").strip(),
        relevant_query=(row.get("relevant_query") or "").strip(),
    )
