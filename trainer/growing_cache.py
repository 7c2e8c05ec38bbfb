"""Keys and values of a rollout, in buffers with room for more tokens.

transformers copies all of a layer's keys and values for every new token. Where many rows answer at
length, that takes as long as the network itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from rarft.trainer.shared_prefill import prefilled

ROOM: Final = 64
"""Tokens that a full buffer is given room for."""

_AnyLayer: Any = DynamicLayer


def grow_cache(model: Any) -> None:
    """Let a loaded model generate with buffers that are seldom copied; what it says is the same.

    Args:
        model: A `Qwen2_5_VLForConditionalGeneration`.
    """
    own = model.generate
    if not isinstance(own, functools.partial):
        model.generate = functools.partial(_generate, own, model)


def _generate(own: Callable[..., Any], model: Any, *inputs: Any, **settings: Any) -> Any:
    if inputs or settings.get("past_key_values") is not None:
        return own(*inputs, **settings)
    cache = growing_cache(model.config)
    return own(**prefilled(model, settings, cache), past_key_values=cache)


def growing_cache(config: Any) -> Any:
    """Return an empty cache for a network in which every token attends to all before it."""
    cache = DynamicCache(config=config)
    if all(type(layer) is DynamicLayer for layer in cache.layers):
        cache.layers = [GrowingLayer() for _ in cache.layers]
    return cache


class GrowingLayer(_AnyLayer):
    """One layer's keys and values: the first tokens of two buffers.

    Example:
        >>> layer = GrowingLayer()
        >>> prompt, token = torch.zeros(1, 2, 3, 4), torch.ones(1, 2, 1, 4)
        >>> for states in (prompt, token, token):
        ...     keys, _ = layer.update(states, states)
        >>> keys.shape, keys[0, 0, :, 0].tolist()
        (torch.Size([1, 2, 5, 4]), [0.0, 0.0, 0.0, 1.0, 1.0])
    """

    keys: torch.Tensor
    values: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of new tokens. Shape: (batch, heads, tokens, width)."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys = _extended(self.keys, key_states)
        self.values = _extended(self.values, value_states)
        return self.keys, self.values


def _extended(kept: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """Return a view of a buffer that holds both; that of `kept`, where it has room."""
    n_kept, n_new = kept.shape[-2] if kept.numel() else 0, new.shape[-2]
    buffer = kept if kept._base is None else kept._base
    if n_kept == 0 or buffer.shape[-2] < n_kept + n_new:
        buffer = new.new_empty(*new.shape[:-2], n_kept + n_new + ROOM, new.shape[-1])
        if n_kept:
            buffer[..., :n_kept, :] = kept
    buffer[..., n_kept : n_kept + n_new, :] = new
    return buffer[..., : n_kept + n_new, :]
