"""HI-Synth's train split, whose worlds say exactly which query holds in which video."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rarft.harness.errors import NotFoundError, VideoError
from rarft.harness.types import Query, query_from_doc
from rarft.tasks.synth_hi.dataset import TASK, Example, make_record
from rarft.tasks.synth_hi.loader import load, visual
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.vocabulary import SPLITS
from rarft.trainer.data.pools import VideoPool
from rarft.trainer.data.source import Source


def synth_source(*, seed: int, n_videos: int) -> Source:
    """Return the first videos of the train split, rendered on first use.

    Raises:
        UserError: the seed or the number cannot be, or the cache cannot be written.
    """
    docs = load(split="train", seed=seed, n_queries=2 * n_videos)["test"]
    return Source(
        name=f"synth_hi train seed {seed}",
        queries=[query_from_doc(doc, task=TASK) for doc in docs],
        path_of=_path_of,
        holds=_holds,
    )


def _path_of(query: Query) -> Path:
    try:
        return Path(visual(query.to_doc())[0])
    except NotFoundError as error:
        raise VideoError(str(error)) from error


def _holds(stranger: Query, pool: VideoPool) -> bool:
    world = example_of(pool.topics[0].relevant.video).world
    return bool(holds(world, example_of(stranger.video).relevant))


@lru_cache(maxsize=4096)
def example_of(video: str) -> Example:
    """Return the record of a video by its base name.

    Raises:
        ValueError: the name is none of a HI-Synth video.

    Example:
        >>> example_of("synth-train-2-000007.mp4").index
        7
    """
    parts = Path(video).stem.split("-")
    split = next((one for one in SPLITS if one == parts[1]), None) if len(parts) == 4 else None
    if split is None:
        raise ValueError(f"got {video}, expected the name of a HI-Synth video")
    return make_record(int(parts[3]), seed=int(parts[2]), split=split)
