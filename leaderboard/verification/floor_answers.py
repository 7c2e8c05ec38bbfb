"""Whether an entry of a floor has the answers that the floor gives: they need no model.

A floor writes no words, so that nothing else would keep its answers from being anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.judges.rule import judge_reply
from rarft.harness.models import Request, find_card, load_model
from rarft.harness.stages.floors import SHOWN_FLOORS, floor_replies
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Query, Reply
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.known_tasks import TaskShelf
from rarft.leaderboard.verification.verified import Check

ORACLE: Final = "oracle"
"""It answers with the references."""
FLOOR_NAMES: Final = frozenset({*SHOWN_FLOORS, "random", ORACLE})
TOLERANCE: Final = 1e-9
_TRAIN_TASK: Final = "train_task"


def check_floor_answers(
    task: LoadedTask, answered: Sequence[Answered], claims: Claims, *, shelf: TaskShelf
) -> list[Check]:
    """Compare the answers of a floor by name with those that it gives here; others have none.

    Raises:
        EntryRefused: an answer is another, has words, or failed where the floor answers.
    """
    name = claims.config.model
    if name not in FLOOR_NAMES:
        return []
    replies = _replies(name, task, claims, shelf)
    for one, reply in zip(answered, replies, strict=False):
        fault = _fault(one, reply)
        if fault:
            raise EntryRefused(
                "prediction_differs",
                f"{claims.rows_of(task.name)}: query {shown(one.query.id)[1:-1]}: got {fault} of "
                f"the floor {name}; run it again with the versions of rarft and scikit-learn used "
                "here, or name the model as what it is",
            )
    detail = f"{len(answered):,} answers are those of the floor {name}"
    checks = [Check(name="replies", task=task.name, outcome="passed", detail=detail)]
    if name == ORACLE:
        detail = "the answers are the references, which no model knows"
        checks.append(Check(name="replies", task=task.name, outcome="lacking", detail=detail))
    return checks


def _replies(name: str, task: LoadedTask, claims: Claims, shelf: TaskShelf) -> Sequence[Reply]:
    arguments = claims.config.model_args
    known = {"backend"} | ({_TRAIN_TASK} if name == "blind" else set())
    if set(arguments) - known:
        raise EntryRefused(
            "provenance_differs",
            f"{claims.place}: config.model_args: got {shown(sorted(arguments))} for {name}, "
            "expected none that it does not take; run it again without them",
        )
    seed = claims.config.seed
    if _TRAIN_TASK not in arguments:
        return floor_replies(name, task.queries, digest=task.digest, seed=seed)
    trained_on = shelf.find(str(arguments[_TRAIN_TASK]), claims).queries
    return _trained_replies(task.asked, trained_on, seed=seed, claims=claims)


def _trained_replies(
    queries: Sequence[Query], trained_on: Sequence[Query], *, seed: int, claims: Claims
) -> Sequence[Reply]:
    """Return the answers of the blind model that learned from another task."""
    card, _ = find_card("blind")
    arguments: dict[str, Any] = {"train_queries": trained_on}
    cache = cache_directory()
    model = load_model(
        card, model_args=arguments, generation={}, batch_size=1, seed=seed, cache=cache
    )
    try:
        model.prepare(queries)
    except UserError as error:
        raise EntryRefused(
            "provenance_differs", f"{claims.place}: {_TRAIN_TASK}: {error}"
        ) from error
    return model.generate([Request(key=one.id, query=one, prompt=one.text) for one in queries])


def _fault(one: Answered, reply: Reply) -> str:
    """Say how an answer differs from the floor's, empty where it is the same."""
    sample, query = one.sample, one.query
    if sample.status in ("missing", "unjudged"):
        # The tier tells of these.
        return ""
    if reply.failure is not None:
        return "" if sample.status == "failed" else "an answer, expected none as it does not apply,"
    if sample.status == "failed":
        return "a failure, expected an answer"
    if one.speaks:
        return f"the words {shown(sample.reply)}, expected an answer without any"
    expected = judge_reply(reply, form="structured", duration_s=query.duration_s)
    if one.prediction != expected:
        kind = one.prediction.kind if one.prediction else None
        return f"another answer ({kind}), expected the one ({expected.kind})"
    if not _same_score(sample.relevance_score, reply.relevance_score):
        return (
            f"the relevance score {shown(sample.relevance_score)}, expected "
            f"{shown(reply.relevance_score)}"
        )
    return ""


def _same_score(stated: float | None, own: float | None) -> bool:
    if stated is None or own is None:
        return stated is own
    return abs(stated - own) <= TOLERANCE
