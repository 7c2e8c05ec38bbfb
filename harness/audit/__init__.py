"""Audits of a benchmark: what can be guessed without looking at the videos."""

from rarft.harness.audit.blind import (
    BlindReport,
    blind_probabilities,
    blind_probabilities_from,
    blind_report,
    has_both_classes,
)

__all__ = [
    "BlindReport",
    "blind_probabilities",
    "blind_probabilities_from",
    "blind_report",
    "has_both_classes",
]
