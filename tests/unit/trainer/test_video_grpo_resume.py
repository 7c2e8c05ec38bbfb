"""A run that was stopped goes on as if it had not been."""

import shutil

import pytest
import torch

from rarft.harness.errors import UserError
from rarft.trainer.whole_checkpoint import MARK, last_whole_checkpoint

SAVED = {"max_steps": 4, "save_strategy": "steps", "save_steps": 1}


@pytest.fixture(scope="module")
def saved(build_trainer, tmp_path_factory):
    trainer = build_trainer(folder=tmp_path_factory.mktemp("saved") / "whole", **SAVED)
    trainer.train()
    return trainer


@pytest.fixture
def copied(saved, tmp_path):
    """A copy of the run's folder, to be damaged."""
    return shutil.copytree(saved.args.output_dir, tmp_path / "whole")


def losses(trainer):
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


@pytest.mark.parametrize("step", [1, 2, 3], ids=["amid rollouts", "epoch's end", "amid epoch 2"])
def test_resumed_runs_take_the_same_steps(saved, make_trainer, copied, step):
    again = make_trainer(name="again", **SAVED)
    again.train(resume_from_checkpoint=str(copied / f"checkpoint-{step}"))
    assert losses(again) == losses(saved)
    for (name, one), (_, other) in zip(
        saved.model.named_parameters(), again.model.named_parameters(), strict=True
    ):
        assert torch.equal(one, other), name


def test_only_whole_checkpoints_count(copied, tmp_path):
    assert last_whole_checkpoint(copied) == copied / "checkpoint-4"
    (copied / "checkpoint-4" / MARK).unlink()
    assert last_whole_checkpoint(copied) == copied / "checkpoint-3"
    assert last_whole_checkpoint(tmp_path) is None


def test_a_full_disk_leaves_the_checkpoint_before(make_trainer, tmp_path):
    from rarft.trainer.video_grpo import VideoGRPOTrainer

    class FullDisk(VideoGRPOTrainer):
        def _save_rng_state(self, output_dir):
            if self.state.global_step == 2:
                raise OSError(28, "No space left on device")
            super()._save_rng_state(output_dir)

    trainer = make_trainer(
        FullDisk, max_steps=3, save_strategy="steps", save_steps=1, save_total_limit=1
    )
    with pytest.raises(UserError, match=r"No space left on device.*resume from checkpoint-1"):
        trainer.train()
    assert last_whole_checkpoint(tmp_path / "run") == tmp_path / "run" / "checkpoint-1"
    assert not (tmp_path / "run" / "checkpoint-2").exists()


def test_a_checkpoint_of_another_trainer_is_refused(copied, make_trainer):
    checkpoint = copied / "checkpoint-2"
    (checkpoint / "rollouts_0.pt").unlink()
    with pytest.raises(UserError, match=r"rollouts_0\.pt"):
        make_trainer(name="again", **SAVED).train(resume_from_checkpoint=str(checkpoint))
