"""Rewards that are not one number or None per completion stop a run, in one line."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from rarft.harness.errors import UserError

RewardFunction = Callable[..., Any]


def checked_reward(reward: RewardFunction) -> RewardFunction:
    """Return the same reward function, which checks what it returns.

    Example:
        >>> def broken(prompts, completions, **_):
        ...     return [float("nan") for _ in completions]
        >>> checked_reward(broken)(prompts=["p"], completions=["c"])
        Traceback (most recent call last):
        rarft.harness.errors.UserError: got the reward nan from broken for completion 1 of 1, \
expected a finite number or None; mend the reward function
    """
    name = getattr(reward, "__name__", type(reward).__name__)
    if inspect.iscoroutinefunction(reward):

        @functools.wraps(reward)
        async def checked_later(*, completions: Sequence[Any], **columns: Any) -> list[Any]:
            rewards = await reward(completions=completions, **columns)
            return check_rewards(rewards, name=name, n_completions=len(completions))

        return checked_later

    @functools.wraps(reward)
    def checked(*, completions: Sequence[Any], **columns: Any) -> list[Any]:
        rewards = reward(completions=completions, **columns)
        return check_rewards(rewards, name=name, n_completions=len(completions))

    return checked


def check_rewards(rewards: Any, *, name: str, n_completions: int) -> list[Any]:
    """Return the rewards as a list.

    Raises:
        UserError: there are too few or too many, or one is no finite number.
    """
    if not isinstance(rewards, Sequence) or len(rewards) != n_completions:
        got = f"{len(rewards)} rewards" if isinstance(rewards, Sequence) else type(rewards).__name__
        raise UserError(
            f"got {got} from {name} for {n_completions} completions, expected a list with one "
            "each; mend the reward function"
        )
    for position, one in enumerate(rewards, start=1):
        if one is not None and not math.isfinite(one):
            raise UserError(
                f"got the reward {one} from {name} for completion {position} of {n_completions}, "
                "expected a finite number or None; mend the reward function"
            )
    return list(rewards)
