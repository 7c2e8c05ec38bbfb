"""Train the base: `python -m rarft.trainer.tiny.base OUT --train SET --held_out SET`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from rarft.trainer.tiny.batches import Batcher
from rarft.trainer.tiny.exam import answer, figures, questions
from rarft.trainer.tiny.frames_pool import open_pool, read_scenes
from rarft.trainer.tiny.lessons import Classroom, Lesson
from rarft.trainer.tiny.network import (
    draw_network,
    export_network,
    load_processor,
    write_processor,
)
from rarft.trainer.tiny.ranks import join_ranks, wait_for_all
from rarft.trainer.tiny.training import Plan, Stage, train

SEED: Final = 0
N_LOSS_SAMPLES: Final = 64
SEEING: Final = Plan(
    stages=(
        Stage("objects", 900, {"closeups": 192}),
        Stage("looks", 500, {"looks": 192}),
        Stage("clips", 500, {"clips": 64, "looks": 32}),
        Stage("captions", 1200, {"captions": 24, "words": 16}),
        Stage("motions", 900, {"captions": 16, "clips": 48, "words": 8}, mirror_chance=0.5),
        Stage(
            "queries",
            1400,
            {"queries": 24, "captions": 8, "clips": 24, "words": 8},
            mirror_chance=0.5,
        ),
    )
)
COMPARING: Final = Plan(
    stages=(
        Stage("comparing", 600, {"comparisons": 32, "words": 8, "queries": 16, "captions": 4}),
    ),
    learning_rate=5e-4,
    n_decay=500,
)
PLANS: Final = {"seeing": SEEING, "comparing": COMPARING}
"""One after the other, each with a learning rate that rises and falls."""


def _classroom(folder: Path, *, n_videos: int | None, seed: int) -> Classroom:
    scenes = read_scenes(folder)[:n_videos]
    split = json.loads((folder / "set.json").read_text(encoding="utf-8"))["split"]
    return Classroom(scenes=scenes, pool=open_pool(folder, scenes), seed=seed, split=split)


def main() -> None:
    """Train, look at held-out videos at every checkpoint, and export."""
    args = _arguments()
    rank, _ = join_ranks()
    processor_folder = args.out / "processor"
    if rank == 0 and not (processor_folder / "config.json").is_file():
        write_processor(processor_folder)
    wait_for_all()
    batcher = Batcher(load_processor(processor_folder))
    network = draw_network(processor_folder, seed=args.seed)
    classroom = _classroom(args.train, n_videos=args.n_videos, seed=args.seed)
    held_out = _classroom(args.held_out, n_videos=None, seed=args.seed)
    asked = questions(held_out, n_videos=args.n_exam_videos)

    def examine(plan: Plan, step: int) -> dict[str, Any]:
        taught = plan.stage_at(step - 1).n_samples
        row: dict[str, Any] = {
            "held_out_loss": {lesson: held_out_loss(lesson) for lesson in taught}
        }
        if "queries" in taught:
            row |= figures(asked, answer(network, batcher, [one.sample for one in asked]))
        return row

    def held_out_loss(lesson: Lesson) -> float:
        samples = held_out.samples(lesson, step=0, places=range(N_LOSS_SAMPLES))
        with torch.inference_mode():
            loss: float = network(**batcher.batch(samples), use_cache=False).loss.item()
        return round(loss, 4)

    for name, plan in PLANS.items():
        folder = args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=2), encoding="utf-8")
        train(
            *(network, batcher, classroom, plan),
            folder=folder,
            on_checkpoint=partial(examine, plan),
        )
    if rank == 0:
        export_network(network, processor_folder, args.out / "checkpoint")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--held_out", type=Path, required=True)
    parser.add_argument("--n_videos", type=int)
    parser.add_argument("--n_exam_videos", type=int, default=60)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


if __name__ == "__main__":
    main()
