"""How far the words of a built set give its labels away, and selection against that."""

from rarft.dataset_builder.guessability.selection import TARGET, Selection, rank_candidates

__all__ = ["TARGET", "Selection", "rank_candidates"]
