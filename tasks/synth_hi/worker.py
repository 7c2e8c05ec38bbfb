"""Render every n-th video of a set: `python -m rarft.tasks.synth_hi.worker FOLDER SPLIT SEED ...`.

A fresh interpreter instead of multiprocessing: nothing is forked beside threads that hold locks,
and the caller's main module is not imported again. The records are drawn anew, not passed.
"""

import sys
from pathlib import Path

from rarft.tasks.synth_hi.dataset import make_record, video_name
from rarft.tasks.synth_hi.render import write_video
from rarft.tasks.synth_hi.vocabulary import Split


def render_missing(
    folder: Path, *, split: Split, seed: int, first: int, n_records: int, step: int
) -> None:
    """Render the videos of records `first`, `first + step`, ... that the folder lacks.

    A video appears under its name only when it is complete; an empty one is what a full disk or a
    broken copy left.
    """
    for index in range(first, n_records, step):
        path = folder / video_name(index, seed=seed, split=split)
        if not (path.is_file() and path.stat().st_size):
            write_video(make_record(index, seed=seed, split=split).world, path)


if __name__ == "__main__":
    _folder, _split, *_numbers = sys.argv[1:]
    _seed, _first, _n_records, _step = map(int, _numbers)
    render_missing(
        Path(_folder),
        split=_split,  # type: ignore[arg-type]
        seed=_seed,
        first=_first,
        n_records=_n_records,
        step=_step,
    )
