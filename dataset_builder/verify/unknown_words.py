"""Words that no list has, compared by a sentence encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from rarft.dataset_builder.verify.edit import Edit

SAME_FROM: Final = 0.75
"""The similarity from which an unknown word and what it replaces count as the same."""


def weighed(edits: Sequence[Edit], *, encoder: str) -> tuple[Edit, ...]:
    """Return the edits, those without weight that put a near synonym for an unknown word.

    Raises:
        UserError: the encoder cannot be loaded.
    """
    return tuple(
        replace(edit, weight="weak") if _is_synonym(edit, encoder) else edit for edit in edits
    )


def _is_synonym(edit: Edit, encoder: str) -> bool:
    if edit.kind is not None or edit.shown_token is None or edit.claimed_token is None:
        return False
    if not (edit.shown_token.is_unknown or edit.claimed_token.is_unknown):
        return False
    return _similarity(edit.shown, edit.claimed, encoder) >= SAME_FROM


@lru_cache(maxsize=50_000)
def _similarity(a: str, b: str, encoder: str) -> float:
    from rarft.harness.judges.similarity import similarities

    return similarities([(a, b)], encoder=encoder)[0]
