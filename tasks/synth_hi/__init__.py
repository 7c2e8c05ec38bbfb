"""HI-Synth: procedurally made videos whose ground truth, and hard-irrelevance, is exact."""

from rarft.tasks.synth_hi.dataset import Example, make_records, to_official
from rarft.tasks.synth_hi.files import make_dataset, to_dataset
from rarft.tasks.synth_hi.loader import load, visual
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.semantics import holds

__all__ = [
    "Example",
    "Predicate",
    "holds",
    "load",
    "make_dataset",
    "make_records",
    "to_dataset",
    "to_official",
    "visual",
]
