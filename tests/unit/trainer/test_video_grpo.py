"""Every pass of the trainer sees the video of its own row."""

import math

import pytest
import torch
from transformers import AutoModelForImageTextToText, TrainerCallback

from rarft.harness.models.hf_inputs import video_inputs
from rarft.harness.models.rope_time import mend_positions
from rarft.trainer.placeholders import placeholder_ids
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.video_grpo import VideoGRPOTrainer

# Micro-batches of 6 rows hold a group of 4 and half of another.
SHUFFLED = {"per_device_train_batch_size": 6, "num_generations": 4, "steps_per_generation": 4}


class Recording(VideoGRPOTrainer):
    """Keeps what each micro-step learned from, and its log-probabilities."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = []

    def compute_loss(self, model, inputs, *args, **kwargs):
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        self.seen.append({**inputs, "now": self.now, "loss": loss.detach()})
        return loss

    def _get_per_token_logps_and_entropies(self, *args, **kwargs):
        result = super()._get_per_token_logps_and_entropies(*args, **kwargs)
        self.now = result[0].detach()
        return result


class Gradients(TrainerCallback):
    """Keeps the gradients of the first step."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        if state.global_step == 0:
            self.kept = {
                name: parameter.grad.clone()
                for name, parameter in model.named_parameters()
                if parameter.grad is not None
            }


LORA = {"r": 4, "target_modules": r".*language_model.*\.(q|v)_proj", "init_lora_weights": False}
ALIGNED = {
    # All 24 rows belong to the generating step, and to a second one that learns from them again.
    "accumulated and reused": {"gradient_accumulation_steps": 4, "num_iterations": 2},
    "several steps": {"gradient_accumulation_steps": 2},
    "without checkpointing": {"gradient_accumulation_steps": 4, "gradient_checkpointing": False}
    | {"num_iterations": 2},
    "adapters": {"gradient_accumulation_steps": 2, "lora": LORA},
    "each row its prompt": {"gradient_accumulation_steps": 2, "options": {"shares_prompts": False}},
}


@pytest.mark.parametrize("settings", ALIGNED.values(), ids=ALIGNED)
def test_show_1_old_reference_and_current_log_probs_agree_at_the_generating_step(
    settings, make_trainer, checkpoint, processor, rows
):
    trainer, policy = _trained(make_trainer, checkpoint, **settings)
    n_first = trainer.args.gradient_accumulation_steps
    assert len(trainer.seen) == 2 * n_first
    for batch in trainer.seen[:n_first]:
        mask = batch["completion_mask"].bool()
        assert len(batch["video_rows"]) == 6
        assert len({one.source for one in batch["video_rows"]}) > 1
        assert (batch["old_per_token_logps"] - batch["now"]).abs()[mask].max() < 1e-4
    after = trainer.seen[n_first]
    assert (after["old_per_token_logps"] - after["now"]).abs().max() > 1e-3
    reference = AutoModelForImageTextToText.from_pretrained(checkpoint)
    networks = {"old_per_token_logps": policy, "ref_per_token_logps": reference}
    for name, network in networks.items():
        _check_against_a_stock_network(name, network, trainer.seen[:n_first], processor, rows)


def _trained(make_trainer, checkpoint, *, lora=None, options=None, **settings):
    """Train two steps; return the trainer, and a stock network as the policy was before."""
    from peft import LoraConfig, get_peft_model

    options = {"peft_config": LoraConfig(**lora)} if lora else options
    trainer = make_trainer(
        Recording, beta=0.04, max_steps=2, options=options, **SHUFFLED, **settings
    )
    adapters = {
        name: one.detach().clone() for name, one in trainer.model.named_parameters() if lora
    }
    trainer.train()
    network = AutoModelForImageTextToText.from_pretrained(checkpoint)
    if lora:
        network = get_peft_model(network, LoraConfig(**lora))
        network.load_state_dict(adapters, strict=False)
        network = network.merge_and_unload()
    return trainer, network


def _check_against_a_stock_network(name, network, batches, processor, rows):
    """Each sample alone, unpadded, by the processor's own inputs; then blind."""
    mend_positions(network)
    messages = {row["video"]: row["prompt"] for row in rows}
    for batch in batches:
        for number, video in enumerate(batch["video_rows"]):
            text = PromptEncoder(processor).text(messages[str(video.source.path)])
            inputs = video_inputs(processor, [text], [video.frames])
            kept = batch["completion_mask"][number].bool()
            reply = batch["completion_ids"][number][kept][None]
            assert inputs["input_ids"][0].tolist() == (
                batch["prompt_ids"][number][batch["prompt_mask"][number].bool()].tolist()
            )
            expected = _log_probs(network, inputs, reply)
            assert (batch[name][number][kept] - expected).abs().max() < 1e-4
            blind = {"input_ids": inputs["input_ids"]}
            assert (_log_probs(network, blind, reply) - expected).abs().max() > 1e-2


def _log_probs(network, inputs, reply):
    """Return the log-probabilities of a reply's tokens. Shape: (tokens,)."""
    shares = torch.log_softmax(_logits(network, inputs, reply), dim=-1)
    return shares.gather(1, reply[0][:, None])[:, 0]


def _logits(network, inputs, reply):
    ids = torch.cat([inputs["input_ids"], reply], dim=1)
    extended = {**inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "mm_token_type_ids" in inputs:
        types = inputs["mm_token_type_ids"]
        extended["mm_token_type_ids"] = torch.cat([types, torch.zeros_like(reply)], dim=1)
    extended.pop("video_metadata", None)
    with torch.no_grad():
        return network(**extended).logits[0, -reply.shape[1] - 1 : -1]


def test_rollouts_say_what_a_stock_network_would_about_the_same_video(
    make_trainer, checkpoint, processor, rows
):
    trainer = make_trainer(Recording, top_k=1, max_completion_length=70, **SHUFFLED)
    trainer.train()
    network = AutoModelForImageTextToText.from_pretrained(checkpoint)
    mend_positions(network)
    messages = {row["video"]: row["prompt"] for row in rows}
    forbidden = placeholder_ids(processor.tokenizer)
    batch = trainer.seen[0]
    for number, video in enumerate(batch["video_rows"]):
        text = PromptEncoder(processor).text(messages[str(video.source.path)])
        reply = batch["completion_ids"][number][batch["completion_mask"][number].bool()][None]
        logits = _logits(network, video_inputs(processor, [text], [video.frames]), reply)
        logits[:, forbidden] = -torch.inf
        assert logits.argmax(dim=-1).tolist() == reply[0].tolist()


@pytest.mark.parametrize("loss_type", ["grpo", "dapo"])
def test_show_1_one_row_eight_times_is_eight_rows_once(make_trainer, loss_type):
    runs = []
    for per_device in (1, 8):
        gradients = Gradients()
        trainer = make_trainer(
            Recording,
            name=f"{per_device}",
            per_device_train_batch_size=per_device,
            gradient_accumulation_steps=8 // per_device,
            steps_per_generation=8 // per_device,
            beta=0.04,
            loss_type=loss_type,
            max_grad_norm=0.0,
            learning_rate=0.0,
            options={"callbacks": [gradients]},
        )
        trainer.train()
        runs.append((trainer, gradients.kept))
    (one, one_gradients), (eight, eight_gradients) = runs
    together = torch.cat([batch["completion_ids"] for batch in one.seen])
    assert torch.equal(together, eight.seen[0]["completion_ids"])
    losses = [trainer.state.log_history[0]["loss"] for trainer in (one, eight)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert one_gradients.keys() == eight_gradients.keys()
    assert any(name.startswith("model.visual") for name in one_gradients)
    for name, gradient in one_gradients.items():
        assert torch.allclose(gradient, eight_gradients[name], atol=1e-4, rtol=1e-3), name
    assert max(float(gradient.abs().max()) for gradient in one_gradients.values()) > 0.01


def test_a_placeholder_is_never_sampled(make_trainer, processor):
    trainer = make_trainer(Recording, max_completion_length=20)
    forbidden = torch.tensor(placeholder_ids(processor.tokenizer))
    with torch.no_grad():
        trainer.model.lm_head.weight[forbidden] *= 100
    trainer.train()
    sampled = torch.cat([batch["completion_ids"] for batch in trainer.seen])
    assert len(forbidden) == 5
    assert not torch.isin(sampled, forbidden).any()
    # Without the ban they would be most of what is sampled: they take nearly all probability.
    assert trainer.seen[0]["now"].mean() < 3 * math.log(1 / 1152)


def test_lora_trains_adapters_alone_and_refers_to_the_base(make_trainer):
    from peft import LoraConfig

    lora = LoraConfig(r=4, target_modules=r".*language_model.*\.(q|v)_proj")
    trainer = make_trainer(Recording, beta=0.04, max_steps=3, options={"peft_config": lora})
    before = {name: one.clone() for name, one in trainer.model.named_parameters()}
    trainer.train()
    changed = {
        name for name, one in trainer.model.named_parameters() if not torch.equal(one, before[name])
    }
    assert changed
    assert all("lora_" in name for name in changed)
    assert trainer.state.log_history[-2]["kl"] > 0


def test_each_video_is_decoded_once(make_trainer):
    trainer = make_trainer(Recording, max_steps=4)
    trainer.train()
    used = {row.source for batch in trainer.seen for row in batch["video_rows"]}
    assert len(used) > 3
    assert trainer.video_store.n_decoded in (len(used), len(used) + 1)


def test_without_memory_every_copy_is_decoded_once(make_trainer):
    trainer = make_trainer(options={"max_video_bytes": 0})
    trainer.train()
    n_self_test = 1
    assert trainer.video_store.n_decoded == 8 + n_self_test


def test_rows_may_come_from_arrow_and_change_with_the_epoch(make_trainer, rows):
    from datasets import Dataset

    class Epochs:
        """The first rows in one epoch, the last in the next."""

        def __init__(self):
            self.seen = []
            self.now = Dataset.from_list(rows)

        def __len__(self):
            return 4

        def __getitem__(self, position):
            return self.now[position]

        def set_epoch(self, epoch):
            self.seen.append(epoch)
            self.now = Dataset.from_list(rows[2:] if epoch else rows[:4])

    epochs = Epochs()
    trainer = make_trainer(Recording, train_rows=epochs, max_steps=4)
    trainer.train()
    videos = [{str(row.source.path) for row in one["video_rows"]} for one in trainer.seen]
    first, last = set.union(*videos[:4]), set.union(*videos[4:])
    assert first == {row["video"] for row in rows[:4]}
    assert last == {row["video"] for row in rows[2:]}
    assert sorted(set(epochs.seen)) == [0, 1]
