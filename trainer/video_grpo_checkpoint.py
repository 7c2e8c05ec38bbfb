"""Checkpoints from which GRPO goes on as if it had never stopped.

transformers restores weights, optimizer, random states and the position in the data. What is
missing are the completions that later steps still learn from, and how many micro-steps were taken.
"""

from __future__ import annotations

from pathlib import Path

from trl import GRPOTrainer

from rarft.trainer.video_rows import VideoStore
from rarft.trainer.whole_checkpoint import load_rollouts, save_rollouts
from rarft.trainer.whole_checkpoints import WholeCheckpoints


class ResumableGRPOTrainer(WholeCheckpoints, GRPOTrainer):
    """GRPOTrainer with rollouts in its checkpoints, and a mark on those that are whole."""

    video_store: VideoStore

    def save_beside(self, folder: Path) -> None:
        """Keep the rollouts that are not used up, and the micro-steps taken."""
        n_micro_steps_per_rollout = self.args.steps_per_generation * self.num_iterations
        is_amid = self._step % n_micro_steps_per_rollout != 0
        save_rollouts(
            self._rollouts_path(folder),
            self._buffered_inputs if is_amid else None,
            n_micro_steps=self._step,
        )

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """Restore what transformers restores, and the rollouts."""
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self._step, self._buffered_inputs = load_rollouts(
                self._rollouts_path(Path(checkpoint)),
                self.video_store,
                device=self.accelerator.device,
            )

    def _rollouts_path(self, folder: Path) -> Path:
        return folder / f"rollouts_{self.accelerator.process_index}.pt"
