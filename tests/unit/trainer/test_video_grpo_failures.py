"""What stops a run and what does not."""

import copy

import pytest
import torch
from trl import GRPOTrainer

from rarft.harness.errors import RarftError, UserError
from rarft.trainer.video_grpo import VideoGRPOTrainer


def test_a_damaged_video_is_skipped_counted_and_its_group_redrawn(make_trainer, rows, tmp_path):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"not a video")
    broken = copy.deepcopy(rows)
    for row in broken[:3]:
        row["prompt"][0]["content"][0]["video"] = str(damaged)
    trainer = make_trainer(train_rows=broken, max_steps=2)
    trainer.train()
    logged = [row for row in trainer.state.log_history if "videos/redrawn" in row]
    assert sum(row["videos/redrawn"] for row in logged) >= 1
    assert list(trainer.skipped_videos) == [str(damaged)]
    assert "damaged.mp4" in trainer.skipped_videos[str(damaged)]


def test_videos_that_all_fail_stop_the_run(make_trainer, rows, tmp_path):
    broken = copy.deepcopy(rows)
    for row in broken:
        row["prompt"][0]["content"][0]["video"] = str(tmp_path / "absent.mp4")
    with pytest.raises(UserError, match=r"absent\.mp4"):
        make_trainer(train_rows=broken).train()


def test_a_reward_that_is_no_number_stops_the_run(make_trainer):
    def broken(completions, **_):
        return [float("nan")] * len(completions)

    with pytest.raises(UserError, match="reward nan from broken"):
        make_trainer(rewards=[broken]).train()


def test_out_of_memory_says_what_to_lower(make_trainer):
    def hungry(completions, **_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(UserError, match=r"out of GPU memory.*lower the group"):
        make_trainer(rewards=[hungry]).train()


def test_a_blind_trainer_refuses_to_train(make_trainer):
    class Blind(VideoGRPOTrainer):
        def _get_per_token_logps_and_entropies(self, *args, **kwargs):
            return GRPOTrainer._get_per_token_logps_and_entropies(self, *args, **kwargs)

    with pytest.raises(RarftError, match="with and without the video"):
        make_trainer(Blind).train()


def test_missing_columns_are_named(make_trainer, rows):
    bare = [{name: row[name] for name in row if name != "refusal"} for row in rows]
    with pytest.raises(UserError, match="without the column refusal"):
        make_trainer(train_rows=bare)
    with pytest.raises(UserError, match="no training rows"):
        make_trainer(train_rows=[])


def test_fewer_rows_than_one_generation_needs_are_refused(make_trainer):
    with pytest.raises(UserError, match=r"got 6 training rows.*at least the 8 prompts"):
        make_trainer(per_device_train_batch_size=4).train()
