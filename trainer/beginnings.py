"""What both trainers do before the first step, and before each epoch."""

from __future__ import annotations

import math
from typing import Any, Protocol

from transformers import TrainerCallback


class Beginner(Protocol):
    """A trainer that tests itself, and whose rows and order depend on the epoch."""

    def self_test(self) -> None:
        """Refuse to train where the video does not reach the model."""

    def begin_epoch(self, epoch: int) -> None:
        """Put rows and sampler into the order of an epoch."""


class Beginnings(TrainerCallback):
    """Runs the self-test before the first step, and orders each epoch."""

    def __init__(self, trainer: Beginner) -> None:
        self._trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Test the trainer."""
        self._trainer.self_test()

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Order the epoch."""
        self._trainer.begin_epoch(math.floor(state.epoch or 0))
