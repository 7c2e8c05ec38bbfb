"""The agreement of two judges on the queries that both scored, with all its numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.report.agreement_votes import (
    AgreementMeasure,
    QueryKey,
    Vote,
    Votes,
    is_same_reply,
)
from rarft.harness.statistics import (
    BlandAltman,
    Estimate,
    bland_altman,
    category_agreement,
    label_agreement,
    score_agreement,
)

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two judges on one measure.

    `pairs` holds what both said, in the order of `keys`. The counts say how many queries both were
    asked about and one or both could not score, how many only one was asked about, and of how many
    the two judged different replies, which are not compared.
    """

    measure: AgreementMeasure
    a: str
    b: str
    keys: tuple[QueryKey, ...]
    pairs: tuple[tuple[Vote, Vote], ...]
    n_videos: int | None
    n_unscored_a: int
    n_unscored_b: int
    n_unscored_both: int
    n_only_a: int
    n_only_b: int
    n_other_reply: int
    estimates: Mapping[str, Estimate]
    limits: BlandAltman | None = None


def measure_agreement(
    a: Votes,
    b: Votes,
    measure: AgreementMeasure,
    *,
    task: str | None = None,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> Agreement:
    """Compare two judges; intervals resample videos where they are known, else queries.

    Raises:
        UserError: no reply was scored by both, or a CSV without tasks meets several tasks.
    """
    first, second = _aligned(a, b, task)
    asked = sorted(first.keys() & second.keys())
    shared = [key for key in asked if is_same_reply(a, b, key)]
    both = [key for key in shared if first[key] is not None and second[key] is not None]
    pairs = [
        (one, other)
        for key in both
        if (one := first[key]) is not None and (other := second[key]) is not None
    ]
    if not pairs:
        raise _nothing_shared(a, b, n_other_reply=len(asked) - len(shared))
    videos = _known_videos(both, a, b)
    return Agreement(
        measure=measure,
        a=a.name,
        b=b.name,
        keys=tuple(both),
        pairs=tuple(pairs),
        n_videos=None if videos is None else len(set(videos)),
        n_unscored_a=sum(first[k] is None and second[k] is not None for k in shared),
        n_unscored_b=sum(second[k] is None and first[k] is not None for k in shared),
        n_unscored_both=sum(first[k] is None and second[k] is None for k in shared),
        n_only_a=len(first.keys() - second.keys()),
        n_only_b=len(second.keys() - first.keys()),
        n_other_reply=len(asked) - len(shared),
        estimates=_estimates(pairs, measure, videos, n_resamples=n_resamples, seed=seed),
        limits=bland_altman(*_scores(pairs)) if measure == "reasoning" else None,
    )


def write_agreement(agreement: Agreement, path: Path) -> None:
    """Write every number as JSON.

    Raises:
        UserError: the file cannot be written.
    """
    text = json.dumps(agreement_record(agreement), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(path, text.encode("utf-8", errors="replace"))


def agreement_record(agreement: Agreement) -> dict[str, Any]:
    """Return the agreement as a JSON object."""
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "measure": agreement.measure,
        "a": agreement.a,
        "b": agreement.b,
        "n_compared": len(agreement.pairs),
        "n_videos": agreement.n_videos,
        "n_unscored_by_a": agreement.n_unscored_a,
        "n_unscored_by_b": agreement.n_unscored_b,
        "n_unscored_by_both": agreement.n_unscored_both,
        "n_in_a_alone": agreement.n_only_a,
        "n_in_b_alone": agreement.n_only_b,
        "n_other_reply": agreement.n_other_reply,
        "agreement": {
            name: {
                "value": one.value,
                "low": one.interval.low if one.interval else None,
                "high": one.interval.high if one.interval else None,
            }
            for name, one in agreement.estimates.items()
        },
    }
    if agreement.limits is not None:
        record["bland_altman"] = asdict(agreement.limits)
    if agreement.measure == "relevance":
        table = Counter(f"{one} | {other}" for one, other in agreement.pairs)
        record["n_by_kinds"] = dict(sorted(table.items()))
    return record


def scores_of(agreement: Agreement) -> tuple[list[float], list[float]]:
    """Return both judges' scores; the measure must be reasoning."""
    return _scores(agreement.pairs)


def _scores(pairs: Sequence[tuple[Vote, Vote]]) -> tuple[list[float], list[float]]:
    return (
        [one for one, _ in pairs if isinstance(one, float)],
        [other for _, other in pairs if isinstance(other, float)],
    )


def _estimates(
    pairs: Sequence[tuple[Vote, Vote]],
    measure: AgreementMeasure,
    videos: Sequence[str] | None,
    *,
    n_resamples: int,
    seed: int,
) -> dict[str, Estimate]:
    if measure == "reasoning":
        return score_agreement(*_scores(pairs), videos=videos, n_resamples=n_resamples, seed=seed)
    if measure == "relevance":
        return label_agreement(
            [str(one) for one, _ in pairs],
            [str(other) for _, other in pairs],
            videos=videos,
            n_resamples=n_resamples,
            seed=seed,
        )
    return category_agreement(
        [one for one, _ in pairs if isinstance(one, tuple)],
        [other for _, other in pairs if isinstance(other, tuple)],
        videos=videos,
        n_resamples=n_resamples,
        seed=seed,
    )


def _aligned(
    a: Votes, b: Votes, task: str | None
) -> tuple[dict[QueryKey, Vote | None], dict[QueryKey, Vote | None]]:
    """Return both votes under the same keys: a CSV without tasks takes the other's only task."""
    tasks = {key[0] for one in (a, b) if one.names_tasks for key in one.votes}
    if task is not None:
        tasks &= {task}
    if not (a.names_tasks and b.names_tasks) and len(tasks) > 1:
        raise UserError(
            f"got a CSV without a column task and the tasks {', '.join(sorted(tasks))}, expected "
            "one; add the column or give --task"
        )
    only = next(iter(tasks), "")
    aligned = []
    for one in (a, b):
        named = {(key if one.names_tasks else (only, key[1])): v for key, v in one.votes.items()}
        aligned.append({key: v for key, v in named.items() if task is None or key[0] == task})
    return aligned[0], aligned[1]


def _nothing_shared(a: Votes, b: Votes, *, n_other_reply: int) -> UserError:
    got = f"got no query that both {a.name} and {b.name} scored"
    if n_other_reply:
        return UserError(
            f"{got} for the same reply ({n_other_reply} with different replies, or with one that "
            "is not in responses.jsonl), expected some; let both judge one run with rarft-eval "
            "judge"
        )
    return UserError(f"{got}, expected some; check that they are about the same task and query ids")


def _known_videos(keys: Sequence[QueryKey], a: Votes, b: Votes) -> list[str] | None:
    """Return the video of each query, None unless all are known."""
    known = {**b.videos, **a.videos}
    if any(key not in known for key in keys):
        return None
    return [known[key] for key in keys]
