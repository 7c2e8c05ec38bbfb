"""Give a model the videos of its rows, in whatever chunks it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rarft.harness.models.rope_time import VIDEO
from rarft.trainer.video_rows import VideoRow


def video_tensors(rows: Sequence[VideoRow | None]) -> dict[str, torch.Tensor]:
    """Return the videos of a batch, one after the other; nothing where no row has one."""
    seen = [row for row in rows if row is not None]
    if not seen:
        return {}
    return {
        "pixel_values_videos": torch.cat([row.pixels for row in seen]),
        "video_grid_thw": torch.cat([row.grid for row in seen]),
        "second_per_grid_ts": torch.tensor([row.seconds_per_patch for row in seen]),
    }


def token_types(input_ids: torch.Tensor, *, video_token_id: int, n_prompt: int) -> torch.Tensor:
    """Return which tokens of the prompts stand for video. Shape: (batch, tokens).

    A token of the reply never does, whatever was sampled.
    """
    types = torch.zeros_like(input_ids)
    types[:, :n_prompt][input_ids[:, :n_prompt] == video_token_id] = VIDEO
    return types


class SightedModel:
    """A model that is called without videos and sees them all the same.

    Calls take consecutive rows. Without the types of the tokens, a Qwen2.5-VL would number the
    tokens of a video as if they were text, and say nothing.
    """

    def __init__(
        self, model: Any, rows: Sequence[VideoRow | None], *, video_token_id: int, n_new: int
    ) -> None:
        self._model = model
        self._rows = rows
        self._video_token_id = video_token_id
        self._n_new = n_new
        self.n_used = 0

    def __call__(self, **inputs: Any) -> Any:
        """Call the model on the next rows."""
        ids = inputs["input_ids"]
        rows = self._rows[self.n_used : self.n_used + len(ids)]
        self.n_used += len(ids)
        tensors = {name: tensor.to(ids.device) for name, tensor in video_tensors(rows).items()}
        if tensors:
            tensors["mm_token_type_ids"] = token_types(
                ids,
                video_token_id=self._video_token_id,
                n_prompt=ids.shape[1] - self._n_new,
            )
        return self._model(**inputs, **tensors)
