"""What a rollout engine answers before the first step, and whether the policy agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.errors import RarftError

N_PROBED: Final = 16
MOST_APART: Final = 0.2
"""In nats, on average over the tokens of one reply. An engine in bfloat16 is apart by some
hundredths; one that sees no video, another video, or other weights, by several tenths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReply:
    """The prompt an engine read, the tokens it sampled, and their log-probabilities by it."""

    prompt_ids: list[int]
    ids: list[int]
    log_probs: list[float]


def check_engine(reply: EngineReply, log_probs: Sequence[float]) -> None:
    """Make sure that a rollout engine samples from the policy.

    Args:
        reply: What the engine said.
        log_probs: The policy's log-probabilities of the same tokens.

    Raises:
        RarftError: they are too far apart.

    Example:
        >>> reply = EngineReply(prompt_ids=[1], ids=[5, 6], log_probs=[-1.0, -2.0])
        >>> check_engine(reply, [-1.1, -2.0])
        >>> check_engine(reply, [-1.9, -2.1])
        Traceback (most recent call last):
        rarft.harness.errors.RarftError: got a rollout engine whose log-probabilities are 0.50 \
nats from the policy's, expected at most 0.2; it sees another video or has other weights: start it \
as docs/training.md says
    """
    pairs = zip(reply.log_probs, log_probs, strict=True)
    apart = sum(abs(one - other) for one, other in pairs) / len(reply.log_probs)
    # So that what is no number is refused too.
    if not apart <= MOST_APART:
        raise RarftError(
            f"got a rollout engine whose log-probabilities are {apart:.2f} nats from the policy's, "
            f"expected at most {MOST_APART}; it sees another video or has other weights: start it "
            "as docs/training.md says"
        )
