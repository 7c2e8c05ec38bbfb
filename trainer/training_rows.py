"""Rows of an epoch that TRL takes for a dataset."""

from __future__ import annotations

from typing import Any

from datasets import Dataset

from rarft.trainer.redraw import Rows


def stand_in(rows: Rows) -> Any:
    """Return a dataset for TRL's constructor, which accepts no other kind of rows.

    The rows themselves take its place afterwards: they may change from epoch to epoch.
    """
    return rows if isinstance(rows, Dataset) else Dataset.from_list([{"prompt": rows[0]["prompt"]}])


def set_epoch(rows: Rows, epoch: int) -> None:
    """Tell rows that are drawn anew for every epoch which one comes."""
    begin = getattr(rows, "set_epoch", None)
    if begin is not None:
        begin(epoch)
