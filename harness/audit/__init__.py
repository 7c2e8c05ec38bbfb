"""Audits of a benchmark: what can be guessed without looking at the videos."""

from rarft.harness.audit.blind import (
    blind_probabilities,
    blind_probabilities_from,
    has_both_classes,
)

__all__ = [
    "blind_probabilities",
    "blind_probabilities_from",
    "has_both_classes",
]
