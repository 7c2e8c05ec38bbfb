"""The training loop of the base: AdamW, one schedule over all lessons, checkpoints that resume."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from rarft.trainer.tiny.batches import Batcher
from rarft.trainer.tiny.lessons import Classroom, Lesson
from rarft.trainer.tiny.optimizer import Optimizers
from rarft.trainer.tiny.ranks import average_gradients, join_ranks

MAX_GRADIENT_NORM: Final = 1.0
CHECKPOINT: Final = "state.pt"
LOG: Final = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive steps with so many samples of each lesson."""

    name: str
    n_steps: int
    n_samples: Mapping[Lesson, int]
    mirror_chance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The stages, and how the learning rate goes over all of them."""

    stages: tuple[Stage, ...]
    learning_rate: float = 1e-3
    final_ratio: float = 0.05
    n_warmup: int = 40
    n_decay: int = 800
    weight_decay: float = 0.02
    checkpoint_every: int = 200

    @property
    def n_steps(self) -> int:
        """Return the number of steps of all stages."""
        return sum(stage.n_steps for stage in self.stages)

    def stage_at(self, step: int) -> Stage:
        """Return the stage that a step belongs to."""
        for stage in self.stages:
            if step < stage.n_steps:
                return stage
            step -= stage.n_steps
        raise IndexError(step)

    def learning_rate_at(self, step: int) -> float:
        """Return the rate: it rises, stays, and falls by a cosine over the last `n_decay` steps."""
        warm = min(1.0, (step + 1) / self.n_warmup)
        done = max(0.0, 1 - (self.n_steps - step) / self.n_decay)
        fallen = self.final_ratio + (1 - self.final_ratio) * (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * warm * fallen


OnCheckpoint = Callable[[int], dict[str, Any]]
"""Called at every checkpoint with the number of steps done; what it returns is logged."""


def train(
    network: Any,
    batcher: Batcher,
    classroom: Classroom,
    plan: Plan,
    *,
    folder: Path,
    on_checkpoint: OnCheckpoint = lambda step: {},
) -> None:
    """Train in place, going on from the folder's checkpoint where there is one."""
    optimizer = Optimizers(network.named_parameters(), weight_decay=plan.weight_decay)
    first = _resume(network, optimizer, folder / CHECKPOINT)
    rank, _ = join_ranks()
    network.train()
    for step in range(first, plan.n_steps):
        row = _step(network, optimizer, batcher, classroom, plan, step)
        if rank:
            continue
        _log(folder, row)
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.n_steps:
            _save(network, optimizer, folder / CHECKPOINT, step + 1)
            network.eval()
            _log(folder, {"step": step + 1, **on_checkpoint(step + 1)})
            network.train()


def _log(folder: Path, row: dict[str, Any]) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")


def _step(
    network: Any,
    optimizer: Optimizers,
    batcher: Batcher,
    classroom: Classroom,
    plan: Plan,
    step: int,
) -> dict[str, Any]:
    started_s = time.perf_counter()
    stage = plan.stage_at(step)
    rate = plan.learning_rate_at(step)
    rank, n_ranks = join_ranks()
    classroom = replace(classroom, mirror_chance=stage.mirror_chance)
    losses = {}
    for lesson, n_samples in stage.n_samples.items():
        samples = classroom.samples(lesson, step=step, places=range(rank, n_samples, n_ranks))
        loss = network(**batcher.batch(samples), use_cache=False).loss
        loss.backward()
        losses[lesson] = round(loss.item(), 4)
    average_gradients(network.parameters(), n_ranks)
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
    optimizer.step(rate)
    return {
        "step": step + 1,
        "stage": stage.name,
        "loss": losses,
        "norm": round(norm.item(), 3),
        "lr": rate,
        "seconds": round(time.perf_counter() - started_s, 3),
    }


def _save(network: Any, optimizer: Optimizers, path: Path, step: int) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    state = {"step": step, "network": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, draft)
    draft.replace(path)


def _resume(network: Any, optimizer: Optimizers, path: Path) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    step: int = state["step"]
    return step


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return one row for each step of a run: what was logged of it last."""
    rows: dict[int, dict[str, Any]] = {}
    for line in (folder / LOG).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["step"], {}).update(row)
    return [rows[step] for step in sorted(rows)]
