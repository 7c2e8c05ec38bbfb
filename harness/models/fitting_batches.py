"""Batches that fit into memory: one that does not is halved, and the next begins smaller."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from rarft.harness.types import Reply

T = TypeVar("T")


class TooLargeError(Exception):
    """A batch cannot be answered at once; `for_memory` says that fewer of its kind may fit."""

    def __init__(self, message: str, *, for_memory: bool) -> None:
        super().__init__(message)
        self.for_memory = for_memory


class FittingBatches:
    """How many requests fit into memory at once, as far as is known.

    After a batch that did not fit, the next ones are no larger than the largest part of it that
    did. Replies of smaller batches than asked for carry their size as `n_at_once`.
    """

    def __init__(self) -> None:
        self._most = sys.maxsize

    def answer(
        self, batch: Sequence[T], answer_at_once: Callable[[Sequence[T]], list[Reply]]
    ) -> list[Reply]:
        """Return a reply for each item, in order.

        Args:
            batch: What to answer.
            answer_at_once: Answers some of it, or raises TooLargeError.
        """
        replies: list[Reply] = []
        while len(replies) < len(batch):
            part = batch[len(replies) : len(replies) + self._most]
            answered = self._halving(part, answer_at_once)
            if len(part) < len(batch):
                answered = [_marked(one, len(part)) for one in answered]
            replies += answered
        return replies

    def _halving(
        self, part: Sequence[T], answer_at_once: Callable[[Sequence[T]], list[Reply]]
    ) -> list[Reply]:
        try:
            return answer_at_once(part)
        except TooLargeError as error:
            # The traceback would keep the tensors of the batch alive.
            message, for_memory = str(error), error.for_memory
        if len(part) == 1:
            return [Reply(failure=message)]
        middle = (len(part) + 1) // 2
        replies: list[Reply] = []
        for half in (part[:middle], part[middle:]):
            answered = self._halving(half, answer_at_once)
            replies += [_marked(one, len(half)) for one in answered] if for_memory else answered
        if for_memory:
            fitted = [one.n_at_once or 1 for one in replies if one.failure is None]
            self._most = max(fitted, default=1)
        return replies


def _marked(reply: Reply, n_at_once: int) -> Reply:
    """Say with how many others a reply was made, unless a smaller batch has said so."""
    return reply if reply.n_at_once is not None else replace(reply, n_at_once=n_at_once)
