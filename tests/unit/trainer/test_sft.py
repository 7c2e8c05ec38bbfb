"""Supervised fine-tuning sees the videos, learns the answers alone, and resumes."""

import copy

import pytest
import torch
from transformers import AutoModelForImageTextToText, TrainerCallback, TrainingArguments

from rarft.harness.errors import RarftError
from rarft.trainer.collator import IGNORED, AnswerCollator, completion_loss, reference_answer
from rarft.trainer.networks import freeze_vision, mend_network
from rarft.trainer.sft import VideoSFTTrainer
from rarft.trainer.sighted_model import SightedModel
from rarft.trainer.video_rows import VideoStore


@pytest.fixture
def make_sft(checkpoint, processor, rows, policy, tmp_path):
    def make(kind=VideoSFTTrainer, *, name="run", train_rows=None, options=None, **settings):
        args = TrainingArguments(
            **{
                "output_dir": str(tmp_path / name),
                "report_to": [],
                "use_cpu": True,
                "learning_rate": 1e-3,
                "per_device_train_batch_size": 2,
                "logging_steps": 1,
                "save_strategy": "no",
                "max_steps": 2,
                "lr_scheduler_type": "constant",
                "seed": 3,
                "disable_tqdm": True,
                "gradient_checkpointing": True,
                **settings,
            }
        )
        return kind(
            AutoModelForImageTextToText.from_pretrained(checkpoint),
            args,
            rows if train_rows is None else train_rows,
            processing_class=processor,
            policy=policy,
            **(options or {}),
        )

    return make


@pytest.fixture
def collator(processor, policy, rows):
    return AnswerCollator(processor, VideoStore(processor, policy), rows, seed=0)


def losses(trainer):
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


class Gradients(TrainerCallback):
    """Keeps the gradients of the first step."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.kept = {name: one.grad.clone() for name, one in model.named_parameters()}


def test_only_answers_have_labels(collator, processor, rows):
    batch = collator(rows[:2])
    for row, labels, ids in zip(rows, batch["labels"], batch["input_ids"], strict=False):
        learned = labels[labels != IGNORED]
        text = processor.tokenizer.decode(learned)
        assert text == reference_answer(row) + processor.tokenizer.eos_token
        assert torch.equal(ids[-len(learned) :], learned)
    assert batch["logits_to_keep"] == batch["labels"].shape[1]


def test_the_loss_is_that_of_each_row_alone(collator, checkpoint, rows):
    network = AutoModelForImageTextToText.from_pretrained(checkpoint)
    mend_network(network)

    def total(batch):
        labels = batch.pop("labels")
        with torch.no_grad():
            return completion_loss(network(**batch), labels, num_items_in_batch=1)

    together = total(collator(rows[:3]))
    alone = sum(total(collator([row])) for row in rows[:3])
    assert together.item() == pytest.approx(alone.item(), rel=1e-5)


def test_accumulated_rows_weigh_as_rows_at_once(make_sft):
    kept = []
    for per_device in (1, 4):
        gradients = Gradients()
        make_sft(
            per_device_train_batch_size=per_device,
            gradient_accumulation_steps=4 // per_device,
            max_steps=1,
            max_grad_norm=0.0,
            options={"callbacks": [gradients]},
        ).train()
        kept.append(gradients.kept)
    for name, gradient in kept[0].items():
        assert torch.allclose(gradient, kept[1][name], atol=1e-4, rtol=1e-3), name


def test_answers_are_learned(make_sft):
    trainer = make_sft(max_steps=30, learning_rate=1e-2)
    trainer.train()
    assert losses(trainer)[-1] < losses(trainer)[0] / 2


def test_a_resumed_run_takes_the_same_steps(make_sft, tmp_path):
    settings = {"max_steps": 5, "save_strategy": "steps", "save_steps": 1}
    whole = make_sft(name="whole", **settings)
    whole.train()
    again = make_sft(name="again", **settings)
    again.train(resume_from_checkpoint=str(tmp_path / "whole" / "checkpoint-4"))
    assert losses(again) == losses(whole)
    assert torch.equal(again.model.lm_head.weight, whole.model.lm_head.weight)


def test_a_damaged_video_is_skipped(make_sft, rows, tmp_path):
    broken = copy.deepcopy(rows)
    broken[0]["prompt"][0]["content"][0]["video"] = str(tmp_path / "absent.mp4")
    trainer = make_sft(train_rows=broken, max_steps=3)
    trainer.train()
    assert list(trainer.skipped_videos) == [str(tmp_path / "absent.mp4")]


def test_a_blind_model_is_refused(make_sft, monkeypatch):
    trainer = make_sft()
    monkeypatch.setattr(SightedModel, "__call__", lambda self, **inputs: self._model(**inputs))
    with pytest.raises(RarftError, match="with and without the video"):
        trainer.train()


def test_the_merger_alone_of_the_tower_is_trained(make_sft, checkpoint):
    trainer = make_sft(max_steps=1)
    freeze_vision(trainer.model)
    before = {name: one.clone() for name, one in trainer.model.named_parameters()}
    trainer.train()
    changed = {
        name for name, one in trainer.model.named_parameters() if not torch.equal(one, before[name])
    }
    tower = {name for name in changed if name.startswith("model.visual.")}
    assert tower
    assert all(name.startswith("model.visual.merger.") for name in tower)


def test_lora_trains_adapters_alone(make_sft):
    from peft import LoraConfig

    lora = LoraConfig(r=4, target_modules=r".*language_model.*\.(q|v)_proj")
    trainer = make_sft(options={"peft_config": lora})
    before = {name: one.clone() for name, one in trainer.model.named_parameters()}
    trainer.train()
    changed = [
        name for name, one in trainer.model.named_parameters() if not torch.equal(one, before[name])
    ]
    assert changed
    assert all("lora_" in name for name in changed)
