"""Training data: videos with pools of queries, and the rows that each epoch draws from them."""

from rarft.trainer.data.epoch_rows import EpochRows
from rarft.trainer.data.report import DataReport
from rarft.trainer.data.training import training_rows

__all__ = ["DataReport", "EpochRows", "training_rows"]
