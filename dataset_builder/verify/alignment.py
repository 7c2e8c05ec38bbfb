"""Which word of a rewrite stands for which word of the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rarft.dataset_builder.verify.tokens import ACTIONS, PLACES, PROPERTIES, THINGS, Token

_SAME: Final = 4.0
_IMPLIED: Final = 3.0
_SAME_KIND: Final = 1.4
_SAME_GROUP: Final = 1.0
_AGENT_FOR_THING: Final = 0.3
_UNKNOWN: Final = 0.6
_GAP: Final = -0.4
_NEVER: Final = -9.0
_FIRM: Final[frozenset[str]] = PLACES | {"number", "comparison", "negation", "generic"}
_GROUPS: Final = (THINGS, ACTIONS, PROPERTIES, PLACES)


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of the original and what stands for it; None where there is nothing."""

    shown: Token | None
    claimed: Token | None

    @property
    def is_kept(self) -> bool:
        """Return whether the claim follows from what is shown."""
        if self.shown is None or self.claimed is None:
            return False
        return self.shown.implies(self.claimed)


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs in the order of the rewrite, and words that only moved."""

    pairs: tuple[Pair, ...]
    moved: tuple[Pair, ...]


def align(shown: Sequence[Token], claimed: Sequence[Token]) -> Alignment:
    """Align two token sequences, and take out what both have in different places.

    Example:
        >>> from rarft.dataset_builder.verify.clauses import told
        >>> a, b = told("A man opens a red box.").tokens, told("A man shuts a red bag.").tokens
        >>> [(p.shown.base, p.claimed.base) for p in align(a, b).pairs if not p.is_kept]
        [('open', 'shut'), ('box', 'bag')]
    """
    return _without_moved(_aligned(shown, claimed))


def _score(shown: Token, claimed: Token) -> float:
    if shown.says(claimed):
        return _SAME + (0.3 if shown.kind == claimed.kind else 0.0)
    if shown.implies(claimed):
        return _IMPLIED
    if {shown.kind, claimed.kind} == {"agent", "noun"}:
        return _AGENT_FOR_THING
    if shown.kind == claimed.kind:
        return _SAME_KIND
    if shown.is_unknown or claimed.is_unknown:
        # The kind of an unknown word is a guess; its place in the sentence says more.
        return _NEVER if {shown.kind, claimed.kind} & _FIRM else _UNKNOWN
    if any(shown.kind in group and claimed.kind in group for group in _GROUPS):
        return _SAME_GROUP
    return _NEVER


def _aligned(shown: Sequence[Token], claimed: Sequence[Token]) -> list[Pair]:
    """Return the best order-keeping alignment (Needleman-Wunsch)."""
    n, m = len(shown), len(claimed)
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n, -1, -1):
        for j in range(m, -1, -1):
            options = []
            if i < n and j < m:
                options.append(best[i + 1][j + 1] + _score(shown[i], claimed[j]))
            if i < n:
                options.append(best[i + 1][j] + _GAP)
            if j < m:
                options.append(best[i][j + 1] + _GAP)
            best[i][j] = max(options, default=0.0)
    pairs = []
    i = j = 0
    while i < n or j < m:
        if i < n and j < m and best[i][j] == best[i + 1][j + 1] + _score(shown[i], claimed[j]):
            pairs.append(Pair(shown[i], claimed[j]))
            i, j = i + 1, j + 1
        elif i < n and best[i][j] == best[i + 1][j] + _GAP:
            pairs.append(Pair(shown[i], None))
            i += 1
        else:
            pairs.append(Pair(None, claimed[j]))
            j += 1
    return pairs


def _without_moved(pairs: list[Pair]) -> Alignment:
    """Pair each claimed word that is left over with a left-over word that says the same."""
    pairs = list(pairs)
    moved = []
    for place, pair in enumerate(pairs):
        if pair.claimed is None or pair.is_kept:
            continue
        source = _left_over(pairs, pair.claimed)
        if source is None:
            continue
        shown = pairs[source].shown
        moved.append(Pair(shown, pair.claimed))
        if source == place:
            pairs[place] = Pair(shown, pair.claimed)
            continue
        pairs[source] = Pair(None, pairs[source].claimed)
        pairs[place] = Pair(pairs[place].shown, None)
    kept = [pair for pair in pairs if pair.shown is not None or pair.claimed is not None]
    return Alignment(tuple(kept), tuple(moved))


def _left_over(pairs: Sequence[Pair], claimed: Token) -> int | None:
    for place, pair in enumerate(pairs):
        if pair.shown is not None and not pair.is_kept and pair.shown.implies(claimed):
            return place
    return None
