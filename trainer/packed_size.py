"""When it pays to read a prompt once for several completions."""

from __future__ import annotations


def is_worth_packing(
    *, n_rows: int, n_row_tokens: int, n_packed: int, n_packed_tokens: int
) -> bool:
    """Return whether packed rows have fewer tokens, and no more pairs of them, than separate ones.

    Layers work on tokens, attention and its mask on pairs. A group of G prompts of P tokens with
    completions of N has G(P + N) and G(P + N)² apart, P + GN and (P + GN)² in one row.

    Example:
        >>> is_worth_packing(n_rows=8, n_row_tokens=4000, n_packed=1, n_packed_tokens=5400)
        True
        >>> is_worth_packing(n_rows=8, n_row_tokens=220, n_packed=1, n_packed_tokens=1340)
        False
    """
    n_apart, n_together = n_rows * n_row_tokens, n_packed * n_packed_tokens
    return n_together < n_apart and n_together * n_packed_tokens <= n_apart * n_row_tokens
