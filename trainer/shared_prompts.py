"""Read the prompt of a group once, followed by all of its completions.

The rows of a group become one: the prompt up to its last token, and for each completion a branch
of that last token and the completion without its own last. So each token of a branch predicts one
token of its completion. A branch sees prompt and itself, at the positions that it has in a row of
its own: what is computed of it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn.utils.rnn import pad_sequence

from rarft.trainer.packed_size import is_worth_packing

PROMPT, PADDING = 0, -1
TAKES_MASK: Final = ("sdpa", "eager")
"""Attention of transformers that takes a mask of any shape."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Packing:
    """Packed rows, each token of which is one of a separate row. Shape: (packed rows, tokens).

    `rows` and `columns` say which. `branches` is 0 in the prompt, n in the n-th completion and -1
    at padding; `targets` is the column of the token that a branch's token predicts.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    branches: torch.Tensor
    targets: torch.Tensor

    def gather(self, values: torch.Tensor) -> torch.Tensor:
        """Pack what the tokens of separate rows have. Shape: (..., batch, tokens)."""
        return values[..., self.rows, self.columns]

    def labels(self, labels: torch.Tensor) -> torch.Tensor:
        """Return what each token predicts, -100 for nothing. Shape: (packed rows, tokens)."""
        return torch.where(self.branches > PROMPT, labels[self.rows, self.targets], -100)

    def unpack(self, values: torch.Tensor, shape: tuple[int, int], n_new: int) -> torch.Tensor:
        """Return what was predicted at the places of the completions. Shape: (batch, n_new).

        Args:
            values: Shape: (packed rows, tokens).
            shape: Rows and tokens before they were packed.
            n_new: The last columns of these, where completions are; 0 at their padding.
        """
        n_rows, n_tokens = shape
        kept = self.branches > PROMPT
        places = (self.rows[kept], self.targets[kept] - (n_tokens - n_new))
        return values.new_zeros(n_rows, n_new).index_put(places, values[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Log-probabilities and, where they were asked for, entropies. Shape: (batch, n_new)."""

    log_probs: torch.Tensor
    entropy: torch.Tensor | None


def takes_packed_rows(config: Any) -> bool:
    """Return whether a text network's attention takes the mask that packed rows need."""
    return config._attn_implementation in TAKES_MASK and "sliding_attention" not in getattr(
        config, "layer_types", ()
    )


def pack(mask: torch.Tensor, groups: Sequence[Sequence[int]], n_new: int) -> Packing | None:
    """Return how the rows of each group are packed, or None where it does not pay.

    Args:
        mask: 0 at padding. Shape: (batch, prompt and completion).
        groups: The rows with equal prompts.
        n_new: Columns of the completions.

    Example:
        >>> packing = pack(torch.tensor([[0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 0]]), [[0, 1]], 2)
        >>> packing.columns.tolist(), packing.branches.tolist(), packing.targets.tolist()
        ([[1, 2, 3, 4, 3]], [[0, 0, 1, 1, 2]], [[0, 0, 4, 5, 4]])
    """
    n_rows, n_tokens = mask.shape
    if len(groups) == n_rows:
        return None
    kept = mask.bool().cpu()
    packed = [_packed_row(kept, group, n_tokens - n_new) for group in groups]
    lengths = [row.shape[1] for row in packed]
    if not is_worth_packing(
        n_rows=n_rows, n_row_tokens=n_tokens, n_packed=len(groups), n_packed_tokens=max(lengths)
    ):
        return None
    # Padding repeats the last token of a prompt, which is text: no placeholder of a video.
    fields = pad_sequence([row.T for row in packed], batch_first=True)
    for number, length in enumerate(lengths):
        fields[number, length:] = fields[number, 0]
        fields[number, length:, 1] = kept[groups[number][0], : n_tokens - n_new].nonzero()[-1]
        fields[number, length:, 2] = PADDING
    rows, columns, branches, targets = fields.to(mask.device).unbind(dim=-1)
    return Packing(rows=rows, columns=columns, branches=branches, targets=targets)


def _packed_row(kept: torch.Tensor, group: Sequence[int], n_prompt: int) -> torch.Tensor:
    """Return rows, columns, branches and targets of one packed row. Shape: (4, tokens)."""
    prompt = kept[group[0], :n_prompt].nonzero()[:, 0]
    shared, last = prompt[:-1], prompt[-1:]
    nothing = torch.zeros_like(shared)
    parts = [torch.stack([nothing + group[0], shared, nothing + PROMPT, nothing])]
    for number, row in enumerate(group, start=1):
        targets = kept[row, n_prompt:].nonzero()[:, 0] + n_prompt
        columns = torch.cat([last, targets])[: len(targets)]
        ones = torch.ones_like(targets)
        parts.append(torch.stack([ones * row, columns, ones * number, targets]))
    return torch.cat(parts, dim=1)


def branch_mask(branches: torch.Tensor, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return which tokens see which: prompt and own branch, up to themselves.

    Args:
        branches: Shape: (packed rows, tokens).
        dtype: Of numbers that are added to scores; None for booleans.

    Returns:
        Shape: (packed rows, 1, tokens, tokens).

    Example:
        >>> branch_mask(torch.tensor([[0, 1, 1, 2]]))[0, 0].int().tolist()
        [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]]
    """
    readers, read = branches[:, None, :, None], branches[:, None, None, :]
    sees = ((read == PROMPT) | (read == readers)).tril()
    if dtype is None:
        return sees
    hidden = torch.zeros((), dtype=dtype, device=sees.device).new_full((), torch.finfo(dtype).min)
    return torch.where(sees, hidden.new_zeros(()), hidden)
