"""Verify what has been written: every candidate without a verdict, in groups that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_checks import checks_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.store import PlanKey
from rarft.dataset_builder.types import Verdict
from rarft.dataset_builder.verify import VideoQueries, verify
from rarft.harness.progress import track

N_A_GROUP: Final = 256
"""Verdicts that are stored together: what a kill can make to be judged again."""


def verify_candidates(
    building: Building, queries: VideoQueries, keys: Iterable[PlanKey], store: DraftStore
) -> Asked:
    """Judge the candidates of plans that have no verdict; return what a verifying model has cost.

    What a batch has not answered, or the budget has left unasked, stays without a verdict.

    Raises:
        UserError: a check cannot work as asked; what was judged is stored.
    """
    candidates = store.unverified(keys)
    if not candidates:
        return Asked()
    usages: dict[str, Mapping[str, Any]] = {}
    groups_asked: list[Asked] = []

    def take(asked: Asked, usage: Mapping[str, Mapping[str, Any]]) -> None:
        groups_asked.append(asked)
        usages.update(usage)

    checks = checks_of(building, take)
    verdicts = verify(candidates, rows=queries, checks=checks)
    n_judged = 0
    with track("verify", len(candidates), shown=building.show_progress) as advance:
        for group in _groups(verdicts):
            ids = [one.candidate_id for one in group]
            store.judge(group, usage={id_: usages.pop(id_, {}) for id_ in ids})
            n_judged += len(group)
            advance(len(group))
    total = sum(groups_asked, Asked())
    n_left = len(candidates) - n_judged
    return replace(total, note=_note(building, n_left) if n_left else "")


def _groups(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    waiting = iter(verdicts)
    while group := list(islice(waiting, N_A_GROUP)):
        yield group


def _note(building: Building, n_left: int) -> str:
    if building.effort.batch:
        return (
            f"verify: {n_left} candidates wait in a batch or for a larger --llm_budget; the same "
            "command goes on later"
        )
    return f"verify: stopped by --llm_budget with {n_left} candidates left, give another to go on"
