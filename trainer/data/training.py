"""From the name of a data set to the rows of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rarft.harness.models.card import Card
from rarft.tasks.training_file import HI_VTG_TRAIN
from rarft.trainer.config import DataArguments
from rarft.trainer.data.epoch_rows import Asking, EpochRows
from rarft.trainer.data.filters import filtered_pools
from rarft.trainer.data.official_source import official_source
from rarft.trainer.data.report import DataReport
from rarft.trainer.data.rows_source import rows_source
from rarft.trainer.data.source import Source
from rarft.trainer.data.synth_source import synth_source

SYNTH_HI: Final = "synth_hi"


def training_rows(
    asked: DataArguments, *, card: Card, prompt: str, seed: int
) -> tuple[EpochRows, DataReport]:
    """Return the rows to train on, and what they were made from.

    Args:
        asked: Which data, which of its queries, which filters.
        card: The model's card, for the messages of a prompt.
        prompt: The text with `{query}` in it.
        seed: What the draws of each epoch depend on.

    Raises:
        UserError: the data cannot be had or read, lacks a column, or nothing of it is left.
    """
    return rows_of_source(find_source(asked), asked, card=card, prompt=prompt, seed=seed)


def rows_of_source(
    source: Source, asked: DataArguments, *, card: Card, prompt: str, seed: int
) -> tuple[EpochRows, DataReport]:
    """Return the rows of one source.

    Raises:
        UserError: nothing of it is left.
    """
    pools, left_out = filtered_pools(source, asked)
    asking = Asking(
        card=card, prompt=prompt, negatives=asked.negatives, holds=source.holds, seed=seed
    )
    rows = EpochRows(pools, asking)
    topics = [topic for pool in pools for topic in pool.topics]
    report = DataReport(
        name=source.name,
        negatives=asked.negatives,
        n_videos=len(pools),
        n_relevant=len(topics),
        n_irrelevant=sum(len(topic.irrelevant) for topic in topics),
        n_rows=len(rows),
        left_out=dict(left_out),
    )
    return rows, report


def find_source(asked: DataArguments) -> Source:
    """Return the queries of a data set by its name.

    Raises:
        UserError: they cannot be had or read.
    """
    name = asked.dataset_name
    if name == SYNTH_HI:
        return synth_source(seed=asked.synth_seed, n_videos=asked.synth_videos)
    if name == HI_VTG_TRAIN or Path(name).suffix == ".json":
        return official_source(name, video_folder=asked.video_folder)
    return rows_source(
        name,
        config=asked.dataset_config,
        revision=asked.dataset_revision,
        split=asked.dataset_train_split,
        video_folder=asked.video_folder,
    )
