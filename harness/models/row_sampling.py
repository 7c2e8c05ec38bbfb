"""Sampling in which each row of a batch has a generator of its own.

transformers draws a whole batch from one generator, so that a reply would depend on which requests
share its batch, and a run that goes on after a kill would sample differently.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final, cast

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from rarft.harness.models.torch_state import seed_number

SAMPLING_VERSION: Final = "1"
"""Raised when the same seed would draw other tokens: part of a sampled request's identity."""

_UNSAID: Final[dict[str, Any]] = {"temperature": 1.0, "top_k": 50, "top_p": 1.0}
"""What transformers takes where neither the user nor the checkpoint says."""


class RowSampler(LogitsProcessor):
    """Draws the next token of each row and leaves nothing else possible."""

    def __init__(
        self, settings: GenerationConfig, seeds: Sequence[str], *, device: torch.device
    ) -> None:
        self._warpers = _warpers(settings)
        self._generators = [
            torch.Generator(device).manual_seed(seed_number(seed)) for seed in seeds
        ]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return minus infinity everywhere but at the drawn tokens. Shape: (batch, vocabulary)."""
        warped = self._warpers(input_ids, cast(torch.FloatTensor, scores.float()))
        rows = zip(torch.softmax(warped, dim=-1), self._generators, strict=True)
        drawn = [torch.multinomial(row, 1, generator=generator) for row, generator in rows]
        only = torch.full_like(scores, -torch.inf).scatter_(1, torch.stack(drawn), 0.0)
        return cast(torch.FloatTensor, only)


def greedy(settings: GenerationConfig) -> GenerationConfig:
    """Return the same settings without sampling, which a RowSampler does in its place."""
    changed = copy.deepcopy(settings)
    changed.do_sample = False
    for name in _UNSAID:
        setattr(changed, name, None)
    return changed


def _warpers(settings: GenerationConfig) -> LogitsProcessorList:
    """Return the steps of transformers' own sampling, in its order."""
    given = {name: getattr(settings, name) for name in _UNSAID}
    value = _UNSAID | {name: one for name, one in given.items() if one is not None}
    warpers = LogitsProcessorList()
    if value["temperature"] != 1.0:
        warpers.append(TemperatureLogitsWarper(float(value["temperature"])))
    if value["top_k"]:
        warpers.append(TopKLogitsWarper(value["top_k"]))
    if value["top_p"] < 1.0:
        warpers.append(TopPLogitsWarper(value["top_p"]))
    return warpers
