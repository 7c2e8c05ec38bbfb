"""Vision attention over all frames at once, where they are alike.

transformers attends frame by frame in a Python loop: a thousand small calls for a batch of short
videos. The results are the same up to rounding.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VLVisionAttention,
    apply_rotary_pos_emb_vision,
)


def batch_frames(model: torch.nn.Module) -> None:
    """Give every vision attention of a model the forward below, in place."""
    for module in model.modules():
        if isinstance(module, Qwen2_5_VLVisionAttention):
            module.forward = types.MethodType(_attend, module)  # type: ignore[method-assign]


def _attend(
    self: Any,
    hidden_states: torch.Tensor,
    cu_seqlens: torch.Tensor,
    position_embeddings: tuple[torch.Tensor, torch.Tensor],
    **kwargs: Any,
) -> torch.Tensor:
    """Attend within each frame pair. Shape of the states: (patches, width)."""
    lengths = cu_seqlens.diff()
    if not bool((lengths == lengths[0]).all()):
        attended: torch.Tensor = type(self).forward(
            self, hidden_states, cu_seqlens, position_embeddings, **kwargs
        )
        return attended
    n_patches = hidden_states.shape[0]
    query, key, value = self.qkv(hidden_states).reshape(n_patches, 3, self.num_heads, -1).unbind(1)
    query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
    shape = (len(lengths), n_patches // len(lengths), self.num_heads, self.head_dim)
    query, key, value = (
        part.to(value.dtype).reshape(shape).transpose(1, 2) for part in (query, key, value)
    )
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=self.scaling)
    projected: torch.Tensor = self.proj(out.transpose(1, 2).reshape(n_patches, -1))
    return projected
