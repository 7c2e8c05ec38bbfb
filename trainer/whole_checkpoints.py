"""A transformers Trainer whose checkpoints are whole or do not count, and load what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelerate.utils import is_peft_model
from transformers import Trainer
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from rarft.trainer.whole_checkpoint import disk_error, load_weights, mark_whole

# TRL's trainers, which come after this one among the bases, take arguments of their own.
_AnyTrainer: Any = Trainer


class WholeCheckpoints(_AnyTrainer):
    """Marks a checkpoint after its last file; goes before any other Trainer among the bases."""

    def save_beside(self, folder: Path) -> None:
        """Write what this trainer needs beside transformers' files; nothing by default."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint.

        Raises:
            UserError: it could not be written; the one before is still there.
        """
        folder = Path(self._get_output_dir(trial=trial))
        folder /= f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Beforehand, since transformers removes older checkpoints as its last act.
            self.save_beside(folder)
            self.accelerator.wait_for_everyone()
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                mark_whole(folder)
        except OSError as error:
            raise disk_error(folder, error) from error

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_fsdp_enabled or is_peft_model(self.model):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            load_weights(self.model, Path(resume_from_checkpoint))
