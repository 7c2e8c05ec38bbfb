"""The evaluation after the last step: an ordinary output directory of `rarft-eval`.

The trained model becomes a card of its own, with the frames and the prompt it was trained with, so
that the same command evaluates it again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.models.card import Card, PromptMode
from rarft.harness.report import Results, read_run
from rarft.harness.run_config import N_RESAMPLES, RunConfig
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.workers.launcher import RANK_VARIABLES

EVALUATION: Final = "eval"
CARDS: Final = "cards"
NONE: Final = "none"
_LAUNCHERS: Final = (
    *RANK_VARIABLES,
    *("ACCELERATE_", "TORCHELASTIC_", "DS_", "GROUP_", "ROLE_", "CROSS_"),
)
"""How variables begin that a launcher of the training has set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What came of an evaluation: its directory and results, or `reason` why there is none."""

    directory: Path
    results: Results | None = None
    reason: str = ""


def evaluate_checkpoint(
    model: Path,
    directory: Path,
    *,
    card: Card,
    tasks: Sequence[str],
    mode: PromptMode | None = None,
    limit: float | None = None,
    include_path: Sequence[str] = (),
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> Evaluated:
    """Evaluate a trained checkpoint with `rarft-eval`; a failure is told and loses nothing.

    The command runs as a process of its own: the trainer's launcher, DeepSpeed and memory are none
    of its business.

    Args:
        model: The folder of its weights.
        directory: Where the results go; a run that was stopped there goes on.
        card: The card of the trained model, which `trained_card` makes and `write_card` keeps.
        tasks: What is evaluated; none, or the word `none`, skips the evaluation.
        mode: Which of the card's prompts is asked, the task's choice by default.
        limit: Queries of each task.
        include_path: Folders of cards and tasks.
        seed: Of sampling and resampling.
        n_resamples: Of the intervals.
    """
    asked = [task for task in tasks if task != NONE]
    if not asked:
        return Evaluated(directory=directory, reason="evaluate_on names no task")
    try:
        config = RunConfig(
            model=card.name,
            tasks=tuple(asked),
            model_args={"pretrained": str(model.resolve())},
            include_path=tuple(include_path),
            prompt_mode=mode,
            limit=limit,
            seed=seed,
            n_resamples=n_resamples,
        )
        failure = _run_command(config, directory)
        # Hours of training are not lost for a missing video: the run ends, and says why.
        if failure:
            return Evaluated(directory=directory, reason=failure)
        return Evaluated(directory=directory, results=read_run(directory).results)
    except UserError as error:
        return Evaluated(directory=directory, reason=str(error))


def _run_command(config: RunConfig, directory: Path) -> str:
    """Run `rarft-eval` and show what it says; return its last words where it failed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_LAUNCHERS)
    }
    with tempfile.TemporaryDirectory() as folder:
        flags = Path(folder) / "config.json"
        flags.write_text(json.dumps({"config": config.to_json()}), encoding="utf-8")
        command = [sys.executable, "-m", "rarft.harness.cli", "run", "--config", str(flags)]
        said: deque[str] = deque(maxlen=1)
        with subprocess.Popen(
            [*command, "--output_path", str(directory)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stderr.write(line)
                if line.strip():
                    said.append(line.strip())
        code = process.returncode
    last = said[0].removeprefix("rarft-eval: ") if said else "no message"
    return last or f"rarft-eval ended with {code}" if code else ""


def trained_card(
    card: Card,
    *,
    name: str,
    method: str,
    policy: FramesPolicy,
    mode: PromptMode,
    prompt: str,
    model: Path | str,
) -> Card:
    """Return the card of a model that was trained from another's.

    Args:
        card: The card of the base.
        name: Of the run.
        method: grpo or sft.
        policy: The frames it was shown.
        mode: Which prompt it was trained with.
        prompt: The text of that prompt.
        model: Its folder, or its name on the Hub.
    """
    return Card(
        name=card_name(name),
        title=f"{card.title or card.name} ({method}: {name})",
        family="sft" if method == "sft" else "rft",
        backend=card.backend if card.backend in ("hf", "vllm") else "hf",
        checkpoint=str(model),
        architecture=card.architecture,
        system=card.system,
        order=card.order,
        frame_label=card.frame_label,
        prompt={**card.prompt, mode: prompt},
        frames=policy,
        generation=card.generation,
        output=card.output,
        licence=card.licence,
        source=f"trained from {card.name}",
    )


def write_card(card: Card, folder: Path) -> Path:
    """Write a card where `--include_path` finds it.

    Raises:
        UserError: the folder cannot be written.
    """
    path = folder / f"{card.name}.yaml"
    content: dict[str, Any] = card.model_dump(mode="json", exclude_defaults=True)
    write_atomic(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode())
    return path


def card_name(name: str) -> str:
    """Return a name as cards have them.

    Example:
        >>> card_name("RA-RFT 7B.lora")
        'ra_rft_7b_lora'
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "trained"
