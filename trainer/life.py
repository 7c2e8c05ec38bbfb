"""Everything that watches a run, in one list."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from transformers import PrinterCallback, ProgressCallback, TrainerCallback

from rarft.trainer.collapse import CollapseWarnings
from rarft.trainer.completions_table import N_PRINTED, CompletionsTable
from rarft.trainer.progress import TrainingProgress


def life_callbacks(trainer: Any, *, is_grpo: bool = True) -> list[TrainerCallback]:
    """Return the callbacks of a run: progress, and for GRPO completions and warnings.

    Args:
        trainer: A `VideoGRPOTrainer`, or a `VideoSFTTrainer` where `is_grpo` is false.
        is_grpo: Whether there are completions.
    """
    if not is_grpo:
        return [TrainingProgress()]
    asked = trainer.args.num_completions_to_print
    # A log file is not filled with tables unless they are asked for.
    n_by_default = N_PRINTED if Console(stderr=True).is_terminal else 0
    n_printed = n_by_default if asked is None else asked
    # TRL prints a table of its own where it is asked for one.
    n_printed = 0 if trainer.args.log_completions else n_printed
    return [
        TrainingProgress(),
        CompletionsTable(trainer._logs, n_printed=n_printed),
        CollapseWarnings(),
    ]


def add_life(trainer: Any, *, is_grpo: bool = True) -> None:
    """Let a run be watched, in place of transformers' own bar and lines."""
    for replaced in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(replaced)
    for callback in life_callbacks(trainer, is_grpo=is_grpo):
        trainer.add_callback(callback)
