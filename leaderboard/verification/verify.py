"""Verify an entry: believe nothing that can be computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rarft.harness.stages.loaded_task import LoadedTask
from rarft.leaderboard.entries import read_entry
from rarft.leaderboard.entries.refusal import EntryRefused
from rarft.leaderboard.types import Entry
from rarft.leaderboard.verification.answered import answered_queries, outcomes_of
from rarft.leaderboard.verification.claims import Claims, read_claims
from rarft.leaderboard.verification.figures import check_figures, checked_floors
from rarft.leaderboard.verification.floor_answers import check_floor_answers
from rarft.leaderboard.verification.judged_again import Rejudge, judged_again
from rarft.leaderboard.verification.judgements import judged_replies, judgement_checks
from rarft.leaderboard.verification.known_tasks import TaskShelf, check_task
from rarft.leaderboard.verification.left_out import check_left_out
from rarft.leaderboard.verification.predictions import check_predictions
from rarft.leaderboard.verification.provenance import check_provenance
from rarft.leaderboard.verification.repeated import check_repeats
from rarft.leaderboard.verification.verified import ORDER, Check, Verified, VerifiedTask

Say = Callable[[str], None]


def verify(
    path: Path,
    *,
    include_path: Sequence[Path] = (),
    shelf: TaskShelf | None = None,
    rejudge: Rejudge = "some",
    say: Say = lambda line: None,
) -> Verified:
    """Compute everything in an entry again from its samples and the verifier's annotation.

    Args:
        path: the directory of the entry.
        include_path: the verifier's folders with more tasks and model cards.
        shelf: the verifier's tasks, which several entries may share; its folders are used.
        rejudge: how many judgements of local judges are made again.
        say: receives a line before each thing that takes long.

    Raises:
        EntryRefused: something in the entry does not hold; `reason` names what.
        UserError: a task's annotation is not on this machine, so nothing can be said.
    """
    shelf = shelf or TaskShelf(include_path)
    entry = read_entry(path)
    claims = read_claims(entry)
    checks = check_provenance(claims, include_path=shelf.include_path)
    tasks = {
        name: _verified_task(name, entry, claims, shelf=shelf, rejudge=rejudge, say=say)
        for name in entry.results.tasks
    }
    detail = f"{len(entry.samples)} tables of samples, sizes and digests as the manifest has them"
    files = Check(name="files", outcome="passed", detail=detail)
    verified = Verified(entry=entry, tasks=tasks, checks=(files, *checks))
    _check_tier(verified, claims)
    return verified


def _verified_task(
    name: str, entry: Entry, claims: Claims, *, shelf: TaskShelf, rejudge: Rejudge, say: Say
) -> VerifiedTask:
    task = shelf.find(name, claims)
    check_task(task, claims)
    answered = answered_queries(task, entry.samples[task.name], claims)
    checks = [_asked_check(task)]
    say(f"{task.name}: reading {len(answered):,} replies again")
    checks += check_predictions(task.name, answered, claims)
    check_repeats(task.name, answered, claims)
    checks += check_floor_answers(task, answered, claims, shelf=shelf)
    judged = judged_replies(task.name, answered, claims)
    checks += judgement_checks(task.name, judged, claims)
    outcomes = outcomes_of(answered, claims.config)
    checks.append(check_figures(task, outcomes, claims))
    checks += check_left_out(task.name, answered, claims)
    checks += judged_again(task.name, judged, claims, rejudge=rejudge, say=say)
    say(f"{task.name}: floors; the blind one takes minutes where a large task is new here")
    floors = checked_floors(task, claims)
    detail = f"{len(floors)} floors computed from the queries"
    checks.append(Check(name="floors", task=task.name, outcome="passed", detail=detail))
    return VerifiedTask(task=task, outcomes=outcomes, floors=floors, checks=tuple(checks))


def _asked_check(task: LoadedTask) -> Check:
    n_rows = len(task.queries)
    is_whole = task.n_asked == n_rows
    return Check(
        name="queries",
        task=task.name,
        outcome="passed" if is_whole else "lacking",
        detail=f"{task.n_asked:,} of {n_rows:,} queries were asked",
    )


def _check_tier(verified: Verified, claims: Claims) -> None:
    claimed = claims.tier
    if claimed is not None and ORDER.index(claimed) > ORDER.index(verified.tier):
        why = f" ({verified.reasons[0]})" if verified.reasons else ""
        raise EntryRefused(
            "claimed_tier",
            f"{verified.entry.path}: got claimed_tier {claimed}, expected {verified.tier}{why}; "
            "leave it out, a verifier decides",
        )
