"""Overlays that correct official annotation files, made from the original files behind them."""

from rarft.dataset_builder.corrections.compare import TOLERANCE_S, Comparison, compare
from rarft.dataset_builder.corrections.make import Made, make_overlay
from rarft.dataset_builder.corrections.originals import Original, read_originals
from rarft.dataset_builder.corrections.signs import Inspection, inspect_annotation

__all__ = [
    "TOLERANCE_S",
    "Comparison",
    "Inspection",
    "Made",
    "Original",
    "compare",
    "inspect_annotation",
    "make_overlay",
    "read_originals",
]
