"""Verify what has been written: every candidate without a verdict, in groups that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_checks import checks_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.store import PlanKey
from rarft.dataset_builder.types import Row, Verdict
from rarft.harness.llm import Spending
from rarft.harness.progress import track

N_A_GROUP: Final = 256
"""Verdicts that are stored together: what a kill can make to be judged again."""


def verify_candidates(
    building: Building, rows: Sequence[Row], keys: Iterable[PlanKey], store: DraftStore
) -> Asked:
    """Judge the candidates of plans that have no verdict; return what a verifying model has cost.

    Raises:
        UserError: a check cannot work as asked; what was judged is stored.
    """
    candidates = store.unverified(keys)
    if not candidates:
        return Asked()
    from rarft.dataset_builder.verify import VideoQueries, verify

    spent: list[Spending] = []
    checks = checks_of(building, spent.append)
    verdicts = verify(candidates, rows=VideoQueries(rows), checks=checks)
    total = Asked()
    with track("verify", len(candidates), shown=building.show_progress) as advance:
        for group in _groups(verdicts):
            asked = [_asked(one) for one in spent]
            store.judge(group, usage=_usage(spent))
            spent.clear()
            total = sum(asked, total)
            advance(len(group))
    return total


def _groups(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    waiting = iter(verdicts)
    while group := list(islice(waiting, N_A_GROUP)):
        yield group


def _asked(spent: Spending) -> Asked:
    return Asked(
        n_asked=spent.n_requests,
        n_calls=spent.n_calls,
        n_cached=spent.n_cached,
        n_failed=spent.n_failed,
        usd=spent.usd,
    )


def _usage(spent: Sequence[Spending]) -> dict[str, Any]:
    """Return what a group of verdicts has cost, as its first row keeps it."""
    if not spent:
        return {}
    known = [one.usd for one in spent if one.usd is not None]
    return {
        "n_questions": sum(one.n_requests for one in spent),
        "n_calls": sum(one.n_calls for one in spent),
        "n_prompt_tokens": sum(one.n_prompt_tokens for one in spent),
        "n_new_tokens": sum(one.n_new_tokens for one in spent),
        "usd": sum(known) if len(known) == len(spent) else None,
        "cached": sum(one.n_cached for one in spent),
    }
