"""Read the prompt of a group once before its completions are sampled.

Sampling begins where all but the last token of each distinct prompt has keys and values, which the
copies of the prompt are given, and goes on as for any cache that is not empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch

from rarft.harness.models.rope_time import VIDEO
from rarft.trainer.prompt_groups import prompt_groups
from rarft.trainer.shared_vision import distinct

_OF_VIDEO: Final = ("pixel_values_videos", "video_grid_thw", "second_per_grid_ts")
_READ_ONCE: Final = (*_OF_VIDEO, "mm_token_type_ids")


def prefilled(model: Any, settings: Mapping[str, Any], cache: Any) -> dict[str, Any]:
    """Return what `generate` is given once a cache holds the prompts.

    Rows without a video each, or of one token, are left as they are. Whether rows are equal makes
    no difference to how often the network is called: processes that share its weights stay in step.

    Args:
        model: A `Qwen2_5_VLForConditionalGeneration`.
        settings: What `generate` is given.
        cache: An empty cache, which is filled.
    """
    ids, mask, types = (
        settings.get(name) for name in ("input_ids", "attention_mask", "mm_token_type_ids")
    )
    grids = settings.get("video_grid_thw")
    if ids is None or mask is None or types is None or grids is None or ids.shape[1] < 2:
        return dict(settings)
    if len(grids) != len(ids) or not (types == VIDEO).any(dim=1).all():
        return dict(settings)
    pixels = torch.split(settings["pixel_values_videos"], grids.prod(dim=1).tolist())
    _, shown = distinct(pixels)
    groups = prompt_groups(ids, mask, shown)
    first = [group[0] for group in groups]
    model.model(
        input_ids=ids[first, :-1],
        attention_mask=mask[first, :-1],
        mm_token_type_ids=types[first, :-1],
        pixel_values_videos=torch.cat([pixels[row] for row in first]),
        video_grid_thw=grids[first],
        second_per_grid_ts=settings["second_per_grid_ts"][first],
        past_key_values=cache,
        use_cache=True,
    )
    copies = torch.zeros(len(ids), dtype=torch.long, device=ids.device)
    for number, group in enumerate(groups):
        copies[group] = number
    cache.batch_select_indices(copies)
    positions, ahead = model.model.get_rope_index(
        ids,
        mm_token_type_ids=types,
        attention_mask=mask,
        video_grid_thw=grids,
        second_per_grid_ts=settings["second_per_grid_ts"],
    )
    model.model.rope_deltas = ahead
    text = (mask.long().cumsum(dim=-1) - 1).clamp(min=0)
    kept = {name: value for name, value in settings.items() if name not in _READ_ONCE}
    return {**kept, "position_ids": torch.cat([text[None], positions])}
