"""The order of an epoch, which depends on seed and epoch alone.

TRL's own sampler draws each epoch's order from one generator, so that a run resumed in its second
epoch would begin with the order of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized

import torch
from torch.utils.data import Sampler


class EpochSampler(Sampler[int]):
    """Positions of rows: chunks of `batch_size` distinct ones, as TRL's RepeatSampler repeats them.

    Each position comes `n_copies` times in a row, and each chunk `n_repeats` times in a row; the
    last chunk is left out where it is not full.
    """

    def __init__(
        self,
        rows: Sized,
        *,
        batch_size: int,
        n_copies: int,
        n_repeats: int,
        seed: int,
        shuffle: bool,
    ) -> None:
        self._rows = rows
        self._batch_size = batch_size
        self._n_copies = n_copies
        self._n_repeats = n_repeats
        self._seed = seed
        self._shuffle = shuffle
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return how many positions an epoch has, copies and repeats counted."""
        n_chunks = len(self._rows) // self._batch_size
        return n_chunks * self._batch_size * self._n_copies * self._n_repeats

    def __iter__(self) -> Iterator[int]:
        """Return the positions of one epoch."""
        order = list(range(len(self._rows)))
        if self._shuffle:
            generator = torch.Generator().manual_seed(self._seed + 1_000_003 * self._epoch)
            order = torch.randperm(len(order), generator=generator).tolist()
        for start in range(0, len(order) - self._batch_size + 1, self._batch_size):
            chunk = order[start : start + self._batch_size]
            for _ in range(self._n_repeats):
                for position in chunk:
                    yield from [position] * self._n_copies
