"""What runs inside vLLM's workers: the positions the models were trained with, and a look at them.

vLLM multiplies seconds and positions per second in double precision, training did so in single
precision, so that a patch on the edge of two positions can fall to either side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import torch

from rarft.harness.models.rope_time import VIDEO, rope_index

WORKER_EXTENSION: Final = f"{__name__}.TrainedPositions"
N_KEPT: Final = 2048
"""Of so many first prompts the positions are kept until the first batch has been compared."""


class TrainedPositions:
    """Methods that vLLM adds to its worker class; the engine calls them by name."""

    def watch_positions(self, mends: bool) -> str:
        """See the positions of every prompt from now on, and mend them where asked to.

        Args:
            mends: Whether the trained positions replace vLLM's own.

        Returns:
            The class of the model.
        """
        model: Any = self.model_runner.get_model()  # type: ignore[attr-defined]
        watch = PositionsWatch(model, mends=mends)
        model.get_mrope_input_positions = watch.positions
        self._rarft_watch = watch
        return type(model).__name__

    def seen_positions(self, prompts: list[str]) -> list[list[list[list[int]]]]:
        """Return the positions in use of all prompts with these digests, and keep no more.

        Args:
            prompts: Digests by `ids_digest`.

        Returns:
            For each digest the prompts seen with it, each of Shape: (3, tokens).
        """
        return self._rarft_watch.take(prompts)

    def positions_count(self) -> tuple[int, int]:
        """Return how many prompts there were, and for how many vLLM's own positions differ."""
        return self._rarft_watch.n_prompts, self._rarft_watch.n_different


class PositionsWatch:
    """Stands in for one model's `get_mrope_input_positions`."""

    def __init__(self, model: Any, *, mends: bool) -> None:
        self._stock = model.get_mrope_input_positions
        self._vision = model.config.vision_config
        self._mends = mends
        self._n_kept = N_KEPT
        self._seen: dict[str, list[torch.Tensor]] = {}
        self.n_prompts = 0
        self.n_different = 0

    def positions(
        self, input_tokens: Sequence[int], mm_features: Sequence[Any]
    ) -> tuple[torch.Tensor, int]:
        """Return positions of Shape: (3, tokens), and how far they run ahead of the tokens."""
        own, ahead = self._stock(input_tokens, mm_features)
        if _is_of_videos(mm_features):
            trained, trained_ahead = trained_positions(
                len(input_tokens),
                mm_features,
                merge_size=self._vision.spatial_merge_size,
                positions_per_second=self._vision.tokens_per_second,
            )
            self.n_prompts += 1
            if ahead != trained_ahead or not torch.equal(own.long(), trained):
                self.n_different += 1
                if self._mends:
                    own, ahead = trained.to(own.dtype), trained_ahead
            if self._n_kept:
                self._n_kept -= 1
                self._seen.setdefault(ids_digest(input_tokens), []).append(own.to(torch.int32))
        return own, ahead

    def take(self, prompts: Sequence[str]) -> list[list[list[list[int]]]]:
        """Return what was kept of these prompts, and keep no more."""
        taken = [[one.tolist() for one in self._seen.get(digest, [])] for digest in prompts]
        self._seen.clear()
        self._n_kept = 0
        return taken


def ids_digest(ids: Sequence[int]) -> str:
    """Name a prompt by its tokens.

    Example:
        >>> ids_digest([1, 2]) == ids_digest((1, 2))
        True
    """
    return hashlib.sha256(" ".join(map(str, ids)).encode()).hexdigest()


def _is_of_videos(mm_features: Sequence[Any]) -> bool:
    """Say whether a prompt holds videos alone; vLLM's memory profiling sends others."""
    return bool(mm_features) and all(
        one.modality == "video" and one.data is not None and "second_per_grid_ts" in one.data
        for one in mm_features
    )


def trained_positions(
    n_tokens: int, mm_features: Sequence[Any], *, merge_size: int, positions_per_second: int
) -> tuple[torch.Tensor, int]:
    """Return the trained positions of one prompt with videos.

    Args:
        n_tokens: Length of the prompt, video tokens included.
        mm_features: vLLM's features, with `mm_position.offset`, and in `data` the grid and the
            seconds that a patch covers.
        merge_size: Patches per token along height, and along width.
        positions_per_second: `tokens_per_second` of the vision configuration.

    Returns:
        Positions of Shape: (3, tokens), and how far they run ahead of the tokens.
    """
    ordered = sorted(mm_features, key=lambda one: one.mm_position.offset)
    kinds = torch.zeros(1, n_tokens, dtype=torch.long)
    grids, seconds = [], []
    for one in ordered:
        grid = one.data["video_grid_thw"].data.reshape(3)
        offset = one.mm_position.offset
        kinds[0, offset : offset + int(grid.prod()) // merge_size**2] = VIDEO
        grids.append(grid)
        seconds.append(float(one.data["second_per_grid_ts"].data))
    positions, ahead = rope_index(
        torch.zeros_like(kinds),
        kinds,
        video_grid_thw=torch.stack(grids),
        second_per_grid_ts=seconds,
        merge_size=merge_size,
        positions_per_second=positions_per_second,
    )
    return positions[:, 0], int(ahead)
