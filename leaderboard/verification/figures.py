"""Whether every figure of results.json is the one that follows from the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.metrics import QueryOutcome
from rarft.harness.stages.floors import SHOWN_FLOORS, floor_figures
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.task_figures import FILTER, task_figures
from rarft.leaderboard.entries.refusal import EntryRefused, RefusalReason, shown
from rarft.leaderboard.verification.claims import Claims, part
from rarft.leaderboard.verification.verified import Check

TOLERANCE: Final = 1e-9
_NOT_APPLICABLE: Final = "not_applicable"
_AGAIN: Final = "score the run again with rarft-eval score and submit it again"


def check_figures(task: LoadedTask, outcomes: Sequence[QueryOutcome], claims: Claims) -> Check:
    """Compute every figure, interval and count of a task again and compare.

    Raises:
        EntryRefused: one differs, is missing, or is one that nothing computes.
    """
    config = claims.config
    own: dict[str, Any] = {
        **task_figures(outcomes, n_resamples=config.n_resamples, seed=config.seed),
        # What lm-eval says of a task beside its figures.
        "name": task.name,
        "alias": task.name,
        "sample_len": len(outcomes),
    }
    stated = claims.results.results[task.name]
    found = first_difference(stated, own)
    if found is not None:
        key, got, expected = found
        raise EntryRefused(
            _reason(key),
            f"{claims.place}: {task.name}: got {_shown_key(key)} = {shown(got)}, expected "
            f"{shown(expected)} from the samples; {_AGAIN}",
        )
    n_figures = sum(value is not None for key, value in own.items() if key.endswith(FILTER))
    detail = f"{n_figures} figures, intervals and counts computed again, all within {TOLERANCE:g}"
    return Check(name="figures", task=task.name, outcome="passed", detail=detail)


def checked_floors(task: LoadedTask, claims: Claims) -> dict[str, dict[str, Any]]:
    """Return the verifier's own floors of the queries that were asked.

    They are kept in the cache by the digest of the task's rows: only the first entry of a task
    waits for the blind classifier.

    Raises:
        EntryRefused: the entry's floors are others.
    """
    own = floor_figures(task, claims.config)
    stated = claims.results.floors.get(task.name, {})
    for name in (*SHOWN_FLOORS, *stated):
        floor = part(stated, name)
        if name not in own or not floor:
            _refuse_floor(task, claims, name, "floors", shown(name in stated), name in own)
        found = _floor_difference(floor, own[name])
        if found is not None:
            key, got, expected = found
            _refuse_floor(task, claims, name, _shown_key(key), shown(got), expected)
    return own


def _floor_difference(
    stated: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[str, Any, Any] | None:
    # Why a floor does not apply is said in words, which may name a file.
    if _NOT_APPLICABLE in own and stated.keys() == {_NOT_APPLICABLE}:
        return None
    return first_difference(stated, own)


def first_difference(
    stated: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[str, Any, Any] | None:
    """Return the first figure that differs, with what is stated and what is right.

    A figure that does not apply may be null or absent.

    Example:
        >>> first_difference({"a": 0.5, "b": None}, {"a": 0.5}) is None
        True
        >>> first_difference({"a": 0.5}, {"a": 0.25})
        ('a', 0.5, 0.25)
        >>> first_difference({"a": True, "c": 1}, {"a": 1})
        ('a', True, 1)
    """
    for key in (*own, *(key for key in stated if key not in own)):
        got, expected = stated.get(key), own.get(key)
        if not _agree(got, expected):
            return key, got, expected
    return None


def _agree(stated: Any, own: Any) -> bool:
    is_number = [
        isinstance(value, int | float) and not isinstance(value, bool) for value in (stated, own)
    ]
    if all(is_number):
        return bool(abs(stated - own) <= TOLERANCE)
    return not any(is_number) and type(stated) is type(own) and bool(stated == own)


def _reason(key: str) -> RefusalReason:
    if key.startswith("n_") or key == "sample_len":
        return "count_differs"
    is_bound = key.endswith((f"_ci_low,{FILTER}", f"_ci_high,{FILTER}"))
    return "interval_differs" if is_bound else "score_differs"


def _shown_key(key: str) -> str:
    return shown(key.removesuffix(f",{FILTER}"))[1:-1]


def _refuse_floor(
    task: LoadedTask, claims: Claims, floor: str, field: str, got: str, expected: Any
) -> None:
    raise EntryRefused(
        "floor_differs",
        f"{claims.place}: floors of {task.name}: {shown(floor)[1:-1]}: got {field} = {got}, "
        f"expected {shown(expected)}; {_AGAIN}, with the versions of rarft and scikit-learn used "
        "here",
    )
