"""Rows that share a prompt and are read as one give what they give apart."""

import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import TrainerCallback

from rarft.trainer.packed_size import is_worth_packing
from rarft.trainer.prompt_groups import grouped, prompt_groups
from rarft.trainer.shared_prompts import branch_mask, pack
from rarft.trainer.video_grpo import VideoGRPOTrainer

LORA = {"r": 4, "target_modules": r".*language_model.*\.(q|v)_proj", "init_lora_weights": False}
N_NEW = 7
# Three groups out of order: two rows ended early, one at once, and one has no completion at all.
GROUPS = (0, 1, 0, 2, 0, 1)
LENGTHS = (7, 4, 1, 5, 2, 0)
KINDS = {
    "sdpa": {},
    "eager": {"attention": "eager"},
    "without checkpointing": {"gradient_checkpointing": False},
    "adapters": {"lora": True},
    "another temperature": {"temperature": 0.7},
}


def scored(trainer, rows, *, shares):
    """Return log-probabilities and entropies of a batch of random completions."""
    store = trainer.video_store
    sources = [rows[group] for group in GROUPS]
    videos = trainer._redraw.usable(sources, rows).videos
    prompts = trainer._encoder.all_ids([one["prompt"] for one in sources], videos)
    assert store.n_decoded == 3
    width = max(map(len, prompts)) + 3
    ids = torch.full((len(GROUPS), width + N_NEW), trainer.processing_class.tokenizer.pad_token_id)
    mask = torch.zeros_like(ids)
    drawn = torch.Generator().manual_seed(5)
    for number, (prompt, length) in enumerate(zip(prompts, LENGTHS, strict=True)):
        ids[number, width - len(prompt) : width] = torch.tensor(prompt)
        ids[number, width : width + length] = torch.randint(3, 900, (length,), generator=drawn)
        mask[number, width - len(prompt) : width + length] = 1
    trainer._rows_now, trainer.shares_prompts = videos, shares
    return trainer._get_per_token_logps_and_entropies(
        trainer.model, ids, mask, N_NEW, compute_entropy=True
    )[:2]


def gradients(trainer, scores):
    weights = torch.linspace(-1, 2, scores[0].numel()).reshape(scores[0].shape)
    (scores[0] * weights + 0.3 * scores[1] * weights**2).sum().backward()
    found = {
        name: one.grad.clone()
        for name, one in trainer.model.named_parameters()
        if one.requires_grad
    }
    trainer.model.zero_grad()
    return found


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_log_probs_entropies_and_gradients_are_those_of_separate_rows(make_trainer, rows, kind):
    from peft import LoraConfig

    kind = dict(kind)
    options = {"peft_config": LoraConfig(**LORA)} if kind.pop("lora", False) else {}
    attention = kind.pop("attention", "sdpa")
    trainer = make_trainer(options=options, **kind)
    trainer._bare(trainer.model).set_attn_implementation(attention)
    trainer.model.train()
    n_tokens = []
    text = trainer._bare(trainer.model).model.language_model.layers[0]
    text.register_forward_pre_hook(
        lambda module, args: n_tokens.append(args[0].shape[0] * args[0].shape[1])
    )
    apart = scored(trainer, rows, shares=False)
    together = scored(trainer, rows, shares=True)
    assert n_tokens[1] < 0.7 * n_tokens[0]
    ended = torch.arange(N_NEW)[None] >= torch.tensor(LENGTHS)[:, None]
    for one, other in zip(apart, together, strict=True):
        assert one.shape == other.shape == (6, N_NEW)
        assert (one - other).abs().max() < 1e-5
        assert one[~ended].abs().min() > 0
        assert not other[ended].any()
    expected, found = gradients(trainer, apart), gradients(trainer, together)
    assert expected.keys() == found.keys()
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        assert torch.allclose(gradient, found[name], rtol=1e-4, atol=1e-5 * max(scale, 1e-3)), name


class FirstStep(TrainerCallback):
    """Keeps the gradients of the first step."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.gradients = {
            name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None
        }


@pytest.mark.parametrize("loss_type", ["grpo", "dapo"])
def test_steps_of_whole_groups_have_the_loss_of_shuffled_rows(make_trainer, loss_type):
    runs = []
    for shares in (True, False):
        first = FirstStep()
        trainer = make_trainer(
            name=str(shares),
            per_device_train_batch_size=4,
            num_generations=4,
            gradient_accumulation_steps=4,
            steps_per_generation=4,
            beta=0.04,
            loss_type=loss_type,
            max_grad_norm=0.0,
            learning_rate=0.0,
            options={"callbacks": [first], "shares_prompts": shares},
        )
        trainer.train()
        runs.append((trainer.state.log_history[0]["loss"], first.gradients))
    (loss, found), (expected_loss, expected) = runs
    assert loss == pytest.approx(expected_loss, abs=1e-5)
    assert expected.keys() == found.keys()
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        assert torch.allclose(gradient, found[name], rtol=1e-4, atol=1e-5 * max(scale, 1e-3)), name


def test_micro_batches_hold_whole_groups_in_an_order_that_the_seed_decides(make_trainer):
    class Batches(VideoGRPOTrainer):
        def compute_loss(self, model, inputs, *args, **kwargs):
            seen.append([row.source.path.name for row in inputs["video_rows"]])
            return super().compute_loss(model, inputs, *args, **kwargs)

    orders = []
    for seed in (3, 3, 4):
        seen = []
        make_trainer(Batches, name=f"{seed}-{len(orders)}", seed=seed, max_steps=2).train()
        assert all(len(set(batch)) == 1 for batch in seen)
        orders.append(seen)
    assert orders[0] == orders[1] != orders[2]


def test_rows_that_share_nothing_are_read_as_they_are(make_trainer, rows):
    trainer = make_trainer()
    seen = []
    trainer.model.model.language_model.layers[0].register_forward_pre_hook(
        lambda module, args: seen.append(tuple(args[0].shape[:2]))
    )
    videos = trainer._redraw.usable(rows[:2], rows).videos
    ids = torch.full((2, 30), 7)
    ids[1, 2] = 8
    trainer._rows_now = [None, None]
    trainer._get_per_token_logps_and_entropies(trainer.model, ids, torch.ones_like(ids), 5)
    assert seen == [(2, 30)]
    assert len(videos) == 2


def test_attention_without_masks_of_its_own_leaves_rows_apart_and_says_so(
    build_trainer, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("rarft.trainer.shared_prompts.TAKES_MASK", ("eager",))
    with caplog.at_level(logging.WARNING, logger="rarft"):
        trainer = build_trainer(folder=tmp_path, beta=0.04)
    said = [one.getMessage() for one in caplog.records if one.name.startswith("rarft")]
    assert len(said) == 1
    assert "got attn_implementation=sdpa, expected sdpa or eager" in said[0]
    assert not trainer.shares_prompts


def test_groups_are_those_of_prompt_and_video():
    ids = torch.tensor([[1, 2], [1, 2], [0, 2], [9, 2]])
    mask = torch.tensor([[1, 1], [1, 1], [0, 1], [0, 1]])
    assert prompt_groups(ids, mask, ["a", "a", "a", "a"]) == [[0, 1], [2, 3]]
    assert prompt_groups(ids, mask, ["a", "b", "a", None]) == [[0], [1], [2], [3]]


def test_grouped_batches_keep_every_value_beside_its_row():
    asked = torch.tensor([3, 1, 3, 2, 1, 2])
    ids = asked[:, None].expand(-1, 2)
    batches = [
        {
            "prompt_ids": ids[part],
            "prompt_mask": torch.ones_like(ids[part]),
            "video_rows": [None] * 3,
            "names": [f"{number}" for number in range(6)][part],
            "num_items_in_batch": torch.tensor(9),
            "old_per_token_logps": None,
        }
        for part in (slice(0, 3), slice(3, 6))
    ]
    first, second = grouped(batches)
    assert first["prompt_ids"][:, 0].tolist() + second["prompt_ids"][:, 0].tolist() == (
        [3, 3, 1, 1, 2, 2]
    )
    assert first["names"] + second["names"] == ["0", "2", "1", "4", "3", "5"]
    assert first["num_items_in_batch"] == 9
    assert second["old_per_token_logps"] is None


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=6),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_packing_shows_each_completion_its_prompt_and_itself(lengths, asked):
    n_prompt, n_new = 40, 5
    mask = torch.zeros(len(lengths), n_prompt + n_new, dtype=torch.long)
    ids = torch.zeros_like(mask)
    for row, length in enumerate(lengths):
        mask[row, 10 + asked[row] : n_prompt + length] = 1
        ids[row, :n_prompt] = 100 + asked[row]
        ids[row, n_prompt:] = torch.arange(n_new) + 10 * row
    groups = prompt_groups(ids[:, :n_prompt], mask[:, :n_prompt], [None] * len(lengths))
    packing = pack(mask, groups, n_new)
    if len(groups) == len(lengths):
        assert packing is None
        return
    tokens, sees = packing.gather(ids), branch_mask(packing.branches)[:, 0]
    labels = packing.labels(torch.where(mask.bool(), ids, -100))
    seen_labels = []
    for packed, position in (labels != -100).nonzero().tolist():
        label = int(labels[packed, position])
        row, place = divmod(label, 10)
        seen = tokens[packed][sees[packed, position]].tolist()
        n_asked = n_prompt - 10 - asked[row]
        assert seen == [100 + asked[row]] * n_asked + [10 * row + one for one in range(place)]
        seen_labels.append(label)
    assert sorted(seen_labels) == [
        10 * row + one for row, length in enumerate(lengths) for one in range(length)
    ]
    unpacked = packing.unpack(labels.float(), tuple(mask.shape), n_new)
    kept = mask[:, n_prompt:].bool()
    assert torch.equal(unpacked[kept], ids[:, n_prompt:][kept].float())
    assert not unpacked[~kept].any()


def test_long_completions_of_short_prompts_are_not_packed():
    size = {"n_rows": 8, "n_packed": 1}
    # 8 x 300 tokens and 720,000 pairs apart; 1,800 tokens but 3,240,000 pairs in one row.
    assert not is_worth_packing(n_row_tokens=300, n_packed_tokens=1800, **size)
    assert is_worth_packing(n_row_tokens=1100, n_packed_tokens=1800, **size)
