"""Reward functions through which the kind of every completion reaches TRL's logs and tables."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final

from rarft.harness.parsing import Form, parse_reply
from rarft.harness.types import Kind
from rarft.trainer.checked_rewards import RewardFunction
from rarft.trainer.reward_texts import completion_text

REFUSED_RELEVANT: Final = "refusal_rate/relevant"
REFUSED_IRRELEVANT: Final = "refusal_rate/irrelevant"
UNPARSED: Final = "unparsed_rate"
KIND: Final = "kind"
QUERY_ID: Final = "query_id"


def watched_rewards(
    rewards: Sequence[RewardFunction], *, form: Form = "generic"
) -> list[RewardFunction]:
    """Return the same rewards, the first of which also tells TRL what each completion is.

    TRL hands `log_metric` and `log_extra` to reward functions only; it averages the one and gathers
    the other over all processes.

    Args:
        rewards: Plain TRL reward functions.
        form: How the model writes its answers, as its card says.
    """
    if not rewards:
        return []
    return [_watched(rewards[0], form), *rewards[1:]]


def completion_kinds(
    completions: Sequence[Any], durations_s: Sequence[float | None], *, form: Form = "generic"
) -> list[Kind]:
    """Return what the parser of the harness makes of each completion.

    Example:
        >>> completion_kinds(["<answer>1.0 to 2.0</answer>", "no dog is in the video"], [9.0, 9.0])
        ['grounded', 'refused']
    """
    return [
        parse_reply(completion_text(completion), form=form, duration_s=duration_s).kind
        for completion, duration_s in zip(completions, durations_s, strict=True)
    ]


def report_kinds(
    kinds: Sequence[Kind],
    relevant: Sequence[bool],
    *,
    log_metric: Callable[[str, float], None],
) -> None:
    """Log one number for each completion, so that TRL's mean over all of them is the rate."""
    for kind, is_relevant in zip(kinds, relevant, strict=True):
        name = REFUSED_RELEVANT if is_relevant else REFUSED_IRRELEVANT
        log_metric(name, float(kind == "refused"))
        log_metric(UNPARSED, float(kind == "unparsed"))


def _watched(reward: RewardFunction, form: Form) -> RewardFunction:
    def watch(completions: Sequence[Any], columns: dict[str, Any]) -> None:
        unknown = [None] * len(completions)
        kinds = completion_kinds(completions, columns.get("duration_s") or unknown, form=form)
        report_kinds(kinds, columns["relevant"], log_metric=columns["log_metric"])
        columns["log_extra"](KIND, list(kinds))
        columns["log_extra"](QUERY_ID, list(columns[QUERY_ID]))

    if inspect.iscoroutinefunction(reward):

        @functools.wraps(reward)
        async def watched_later(*, completions: Sequence[Any], **columns: Any) -> Any:
            watch(completions, columns)
            return await reward(completions=completions, **columns)

        return watched_later

    @functools.wraps(reward)
    def watched(*, completions: Sequence[Any], **columns: Any) -> Any:
        watch(completions, columns)
        return reward(completions=completions, **columns)

    return watched
