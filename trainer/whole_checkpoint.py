"""Checkpoints that are whole or do not count, and what resuming needs beside transformers' files.

A checkpoint is written file by file. A run that is killed, or whose disk is full, leaves a folder
that looks like a checkpoint; only a folder with the mark written last is one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from rarft.harness.errors import UserError
from rarft.trainer.video_rows import VideoRow, VideoStore

MARK: Final = "complete"
_FOLDER: Final = re.compile(r"checkpoint-(\d+)")


def last_whole_checkpoint(output_dir: Path) -> Path | None:
    """Return the newest whole checkpoint of a run, or None where there is none."""
    found = []
    for folder in output_dir.glob("checkpoint-*"):
        named = _FOLDER.fullmatch(folder.name)
        if named and (folder / MARK).is_file():
            found.append((int(named[1]), folder))
    return max(found)[1] if found else None


def mark_whole(folder: Path) -> None:
    """Say that every file of a checkpoint is written."""
    (folder / MARK).touch()


def disk_error(folder: Path, error: OSError) -> UserError:
    """Remove a checkpoint that could not be written, and return what to tell the user."""
    shutil.rmtree(folder, ignore_errors=True)
    kept = last_whole_checkpoint(folder.parent)
    return UserError(
        f"got '{error.strerror or error}' while writing {folder}, expected room for a checkpoint; "
        f"free some space and resume from {kept.name if kept else 'the beginning'}, which is whole"
    )


def load_weights(network: Any, folder: Path) -> None:
    """Fill a loaded model with the weights of a checkpoint.

    transformers 5 writes a Qwen2.5-VL under the names of older releases, and its Trainer reads
    these back without translating them: nothing would be loaded, with a warning only.
    """
    saved = type(network).from_pretrained(folder, dtype=network.dtype)
    network.load_state_dict(saved.state_dict())


def save_rollouts(
    path: Path, batches: Sequence[Mapping[str, Any]] | None, *, n_micro_steps: int
) -> None:
    """Keep the completions that later steps will still learn from; videos by their names."""
    kept = None
    if batches is not None:
        kept = [
            {
                **_moved(batch, "cpu"),
                "video_rows": [row and row.source for row in batch["video_rows"]],
            }
            for batch in batches
        ]
    torch.save({"n_micro_steps": n_micro_steps, "batches": kept}, path)


def load_rollouts(
    path: Path, store: VideoStore, *, device: torch.device
) -> tuple[int, list[dict[str, Any]] | None]:
    """Return how many micro-steps were taken, and the completions that were kept.

    Raises:
        UserError: the file is missing or damaged.
        VideoError: a video is no longer there.
    """
    try:
        kept = torch.load(path, map_location="cpu", weights_only=False)
    except (OSError, RuntimeError, EOFError) as error:
        raise UserError(
            f"got no readable {path.name} in {path.parent}, expected what a run of this trainer "
            "saves with as many processes; resume from another checkpoint"
        ) from error
    if kept["batches"] is None:
        return kept["n_micro_steps"], None
    batches = []
    for batch in kept["batches"]:
        rows: list[VideoRow | None] = [
            source and store.load(source) for source in batch["video_rows"]
        ]
        batches.append({**_moved(batch, device), "video_rows": rows})
    return kept["n_micro_steps"], batches


def _moved(batch: Mapping[str, Any], device: torch.device | str) -> dict[str, Any]:
    return {
        name: value.to(device) if isinstance(value, torch.Tensor) else value
        for name, value in batch.items()
    }
