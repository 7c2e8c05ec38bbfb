"""Give a model the videos of its rows, in whatever chunks it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rarft.harness.models.rope_time import VIDEO
from rarft.trainer.prompt_groups import prompt_groups, video_keys
from rarft.trainer.shared_prompts import Packing, Scores, branch_mask, pack
from rarft.trainer.video_rows import VideoRow


def video_tensors(rows: Sequence[VideoRow | None]) -> dict[str, torch.Tensor]:
    """Return the videos of a batch, one after the other; nothing where no row has one."""
    seen = [row for row in rows if row is not None]
    if not seen:
        return {}
    return {"pixel_values_videos": torch.cat([row.pixels for row in seen]), **video_grids(rows)}


def video_grids(rows: Sequence[VideoRow | None]) -> dict[str, torch.Tensor]:
    """Return what positions depend on; nothing where no row has a video."""
    seen = [row for row in rows if row is not None]
    if not seen:
        return {}
    return {
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
    tokens of a video as if they were text, and say nothing. With `network`, the model without its
    wrappers, rows of a call that share a prompt are packed into one.
    """

    def __init__(
        self,
        model: Any,
        rows: Sequence[VideoRow | None],
        *,
        video_token_id: int,
        n_new: int,
        network: Any = None,
    ) -> None:
        self._model = model
        self._rows = rows
        self._video_token_id = video_token_id
        self._n_new = n_new
        self._network = network
        self.n_used = 0

    def __call__(self, *, input_ids: torch.Tensor, **inputs: Any) -> Any:
        """Call the model on the next rows."""
        rows = self._rows[self.n_used : self.n_used + len(input_ids)]
        self.n_used += len(input_ids)
        types = token_types(
            input_ids,
            video_token_id=self._video_token_id,
            n_prompt=input_ids.shape[1] - self._n_new,
        )
        if self._network is not None:
            mask, n_prompt = inputs["attention_mask"], input_ids.shape[1] - self._n_new
            groups = prompt_groups(input_ids[:, :n_prompt], mask[:, :n_prompt], video_keys(rows))
            packing = pack(mask, groups, self._n_new)
            if packing is not None:
                return self._packed(packing, groups, rows, input_ids, types, **inputs)
        tensors = _moved(video_tensors(rows), input_ids.device)
        if tensors:
            tensors["mm_token_type_ids"] = types
        return self._model(input_ids=input_ids, **inputs, **tensors)

    def _packed(
        self,
        packing: Packing,
        groups: Sequence[Sequence[int]],
        rows: Sequence[VideoRow | None],
        input_ids: torch.Tensor,
        types: torch.Tensor,
        *,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        **inputs: Any,
    ) -> Scores:
        # Each token keeps the position that it has in a row of its own.
        positions, _ = self._network.model.get_rope_index(
            input_ids, mm_token_type_ids=types, attention_mask=attention_mask, **video_grids(rows)
        )
        once = video_tensors([rows[group[0]] for group in groups])
        is_eager = self._network.config.get_text_config()._attn_implementation == "eager"
        outputs = self._model(
            input_ids=packing.gather(input_ids),
            position_ids=packing.gather(positions),
            attention_mask=branch_mask(
                packing.branches, dtype=self._network.dtype if is_eager else None
            ),
            shift_labels=packing.labels(labels),
            **_moved(once, input_ids.device),
            **inputs,
        )
        shape = (input_ids.shape[0], input_ids.shape[1])
        unpacked = [
            None if one is None else packing.unpack(one, shape, self._n_new)
            for one in (outputs.log_probs, outputs.entropy)
        ]
        assert unpacked[0] is not None
        return Scores(log_probs=unpacked[0], entropy=unpacked[1])


def _moved(tensors: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: tensor.to(device) for name, tensor in tensors.items()}
