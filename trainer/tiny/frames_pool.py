"""The frames of a whole set of HI-Synth, decoded once as the evaluation decodes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.video.frames import decode_frames
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.sampling import effective_fps, sample_indices
from rarft.tasks.synth_hi.dataset import video_name
from rarft.tasks.synth_hi.edits import Edit
from rarft.tasks.synth_hi.predicate import Predicate, predicate_from_json
from rarft.tasks.synth_hi.timeline import MAX_UNITS
from rarft.tasks.synth_hi.world import FPS, World, world_from_json

SIDE_PX: Final = 56
POLICY: Final = FramesPolicy(
    fps=2,
    min_frames=4,
    max_frames=32,
    total_pixels=32 * SIDE_PX**2,
    min_pixels=SIDE_PX**2,
    max_pixels=SIDE_PX**2,
)
"""That of the `tiny` card."""
_SAVED_EVERY: Final = 200


@dataclass(frozen=True)
class Scene:
    """One video of a set: its world, and the two queries of its record."""

    index: int
    world: World
    relevant: Predicate
    irrelevant: Predicate
    edits: tuple[Edit, ...]

    @cached_property
    def frame_indices(self) -> list[int]:
        """Return the sampled frames, at the video's own 8 frames per second."""
        return sample_indices(self.world.n_frames, FPS, POLICY)

    @property
    def seconds_per_pair(self) -> float:
        """Return how much of the video two sampled frames stand for."""
        return 2 / effective_fps(len(self.frame_indices), self.world.n_frames, FPS)


def read_scenes(folder: Path) -> list[Scene]:
    """Return the videos of a set that `make_dataset` made."""
    rows = map(json.loads, (folder / "worlds.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        Scene(
            index=index,
            world=world_from_json(row["world"]),
            relevant=predicate_from_json(row["relevant"]),
            irrelevant=predicate_from_json(row["irrelevant"]),
            edits=tuple(_edit(edit) for edit in row["edits"]),
        )
        for index, row in enumerate(rows)
    ]


def _edit(row: dict[str, Any]) -> Edit:
    shown, claimed = (
        tuple(v) if isinstance(v, list) else v for v in (row["shown"], row["claimed"])
    )
    return Edit(slot=row["slot"], shown=shown, claimed=claimed)


def open_pool(folder: Path, scenes: Sequence[Scene]) -> NDArray[np.uint8]:
    """Return the frames of the first videos of a set, decoding what is not yet on disk.

    Returns:
        Mapped from disk. Shape: (videos, 28, 56, 56, 3); frames a video lacks are black.
    """
    path, done_path = folder / "frames.npy", folder / "frames.done"
    shape = (len(scenes), MAX_UNITS, SIDE_PX, SIDE_PX, 3)
    set_row = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    n_done = int(done_path.read_text()) if done_path.is_file() else 0
    pool: Any = np.lib.format.open_memmap(
        path, mode="r+" if n_done else "w+", dtype=np.uint8, shape=None if n_done else shape
    )
    for scene in scenes[n_done:]:
        name = video_name(scene.index, seed=set_row["seed"], split=set_row["split"])
        frames = decode_frames(folder / "videos" / name, POLICY)
        assert list(frames.indices) == scene.frame_indices
        pool[scene.index, : frames.n_frames] = frames.pixels
        n_done = scene.index + 1
        if n_done % _SAVED_EVERY == 0 or n_done == len(scenes):
            pool.flush()
            done_path.write_text(str(n_done))
    frames_of_all: NDArray[np.uint8] = pool
    return frames_of_all
