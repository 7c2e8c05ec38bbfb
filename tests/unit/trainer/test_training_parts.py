"""The parts that the trainers are made of."""

import asyncio
import copy
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForImageTextToText
from transformers.cache_utils import DynamicLayer
from trl.trainer.utils import RepeatSampler

from rarft.harness.errors import RarftError, UserError, VideoError
from rarft.harness.models import Request, find_card
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.types import Query, Span
from rarft.trainer.checked_rewards import check_rewards, checked_reward
from rarft.trainer.epoch_sampler import EpochSampler
from rarft.trainer.growing_cache import ROOM, GrowingLayer
from rarft.trainer.memory_advice import BatchShape, memory_advice
from rarft.trainer.placeholders import generation_settings
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import COLUMNS, VideoSource, training_row, video_source
from rarft.trainer.self_test import check_prompt_ids, check_ranks_agree
from rarft.trainer.shared_vision import share_vision
from rarft.trainer.sighted_model import video_tensors
from rarft.trainer.video_rows import VideoStore


@pytest.fixture
def store(processor, policy):
    return VideoStore(processor, policy)


def test_rows_hold_every_column_and_strings_alone_in_the_prompt(rows):
    assert set(COLUMNS) <= set(rows[0])
    parts = [part for message in rows[0]["prompt"] for part in message["content"]]
    assert all(isinstance(value, str) for part in parts for value in part.values())
    assert rows[1]["relevant"] is False
    assert rows[0]["spans"] == [[1.0, 2.0]]


def test_a_clip_survives_the_prompt(clips):
    card, _ = find_card("tiny")
    query = Query(
        id="q", task="t", video="v", text="x", relevant=True, record="r", clip=Span(0.5, 1.25)
    )
    row = training_row(query, video=clips[0], card=card, prompt="{query}")
    assert video_source(row["prompt"]) == VideoSource(clips[0], Span(0.5, 1.25))


def test_prompts_of_two_videos_are_refused(rows):
    twice = [*rows[0]["prompt"], *rows[1]["prompt"]]
    with pytest.raises(UserError, match="2 videos"):
        video_source(twice)


@pytest.mark.parametrize("text", ["a dog barks", "stop <|im_end|> or <|video_pad|>", "naïve 🎬"])
def test_training_reads_the_tokens_that_evaluation_reads(text, store, processor, clips):
    card, _ = find_card("tiny")
    query = Query(id="q", task="t", video="v", text=text, relevant=True, record="r")
    row = training_row(query, video=clips[0], card=card, prompt="Query: {query}")
    video = store.load(VideoSource(clips[0]))
    request = Request(key="", query=query, prompt=f"Query: {text}", system=card.system)
    expected = make_inputs(processor, [request], [video.frames], order=card.order)
    assert PromptEncoder(processor).ids(row["prompt"], video) == expected["input_ids"][0].tolist()
    assert torch.equal(video.pixels, expected["pixel_values_videos"])
    assert video.seconds_per_patch == pytest.approx(float(expected["second_per_grid_ts"][0]))


def test_other_tokens_of_a_rollout_engine_are_refused(store, processor, clips, rows):
    video = store.load(VideoSource(clips[0]))
    ids = PromptEncoder(processor).ids(rows[0]["prompt"], video)
    check_prompt_ids(processor, rows[0]["prompt"], video, ids)
    with pytest.raises(RarftError, match="rollout engine"):
        check_prompt_ids(processor, rows[0]["prompt"], video, [*ids, *ids])


def test_copies_share_one_tensor_and_old_videos_go_first(processor, policy, clips):
    store = VideoStore(processor, policy)
    first, again = store.load_all([VideoSource(clips[0])] * 2)
    assert first is again
    small = VideoStore(processor, policy, max_bytes=first.n_bytes + 1)
    small.load_all([VideoSource(clip) for clip in clips[:3]])
    small.load(VideoSource(clips[2]))
    assert small.n_decoded == 3
    small.load(VideoSource(clips[0]))
    assert small.n_decoded == 4


def test_a_video_that_failed_is_not_tried_again(store, tmp_path):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"no video")
    for _ in range(2):
        with pytest.raises(VideoError, match=r"damaged\.mp4"):
            store.load(VideoSource(damaged))


def test_equal_videos_are_encoded_once_with_the_same_features_and_gradients(
    store, checkpoint, clips
):
    videos = [store.load(VideoSource(clips[number])) for number in (0, 3, 0, 0)]
    tensors = video_tensors(videos)
    pixels, grid = tensors["pixel_values_videos"], tensors["video_grid_thw"]
    networks = [AutoModelForImageTextToText.from_pretrained(checkpoint) for _ in range(2)]
    share_vision(networks[1])
    share_vision(networks[1])
    calls = []
    networks[1].model.visual.register_forward_hook(lambda *call: calls.append(call[1][0].shape))
    features = [
        network.model.get_video_features(pixels, grid).pooler_output for network in networks
    ]
    for one, other in zip(*features, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert [shape[0] for shape in calls] == [len(videos[0].pixels) + len(videos[1].pixels)]
    for parts in features:
        torch.cat(parts).square().sum().backward()
    weights = [network.model.visual.merger.mlp[2].weight.grad for network in networks]
    assert torch.allclose(*weights, atol=1e-3)


@given(
    n_rows=st.integers(0, 30),
    batch_size=st.integers(1, 7),
    n_copies=st.integers(1, 3),
    n_repeats=st.integers(1, 3),
)
def test_unshuffled_order_is_that_of_trl(n_rows, batch_size, n_copies, n_repeats):
    rows = range(n_rows)
    ours = EpochSampler(
        rows,
        batch_size=batch_size,
        n_copies=n_copies,
        n_repeats=n_repeats,
        seed=0,
        shuffle=False,
    )
    theirs = RepeatSampler(
        rows,
        mini_repeat_count=n_copies,
        batch_size=batch_size,
        repeat_count=n_repeats,
        shuffle=False,
    )
    assert list(ours) == list(theirs)
    assert len(ours) == len(list(ours))


def test_keys_and_values_grow_as_transformers_own_do():
    ours, theirs = GrowingLayer(), DynamicLayer()
    generator = torch.Generator().manual_seed(0)
    for n_tokens in (5, *[1] * (ROOM + 3), 2 * ROOM, 1):
        keys, values = torch.randn(2, 2, 3, n_tokens, 4, generator=generator)
        for own, their in zip(ours.update(keys, values), theirs.update(keys, values), strict=True):
            assert torch.equal(own, their)
    assert ours.get_seq_length() == theirs.get_seq_length()


def test_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        sampler = EpochSampler(
            range(20), batch_size=4, n_copies=1, n_repeats=1, seed=seed, shuffle=True
        )
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 0)
    assert order(0, 1) != order(1, 1)
    assert sorted(order(0, 1)) == list(range(20))


@pytest.mark.parametrize(
    ("rewards", "reason"),
    [([1.0], "got 1 rewards"), (None, "got NoneType"), ([1.0, float("inf")], "reward inf")],
)
def test_wrong_rewards_are_refused_in_one_line(rewards, reason):
    with pytest.raises(UserError, match=reason) as raised:
        check_rewards(rewards, name="mine", n_completions=2)
    assert "\n" not in str(raised.value)


def test_none_means_not_applicable_and_async_rewards_are_checked_too():
    async def later(completions, **_):
        return [None] * len(completions)

    reward = checked_reward(later)
    assert reward.__name__ == "later"
    assert asyncio.iscoroutinefunction(reward)
    assert asyncio.run(reward(completions=["a", "b"])) == [None, None]


@pytest.mark.parametrize(
    ("phase", "n_rows", "n_video", "advice"),
    [
        ("rollout", 8, 3600, "num_generations"),
        ("loss", 2, 3600, "per_device_train_batch_size"),
        ("log-probs", 1, 3600, "total_pixels"),
        ("loss", 1, 10, "max_completion_length"),
    ],
)
def test_advice_names_group_frames_or_length(phase, n_rows, n_video, advice):
    shape = BatchShape(
        n_rows=n_rows, n_prompt_tokens=3800, n_video_tokens=n_video, n_new_tokens=200
    )
    assert advice in memory_advice(phase, shape)


def test_what_the_user_forbids_stays_forbidden(processor):
    settings = generation_settings({"suppress_tokens": [7]}, processor.tokenizer, use_vllm=False)
    assert {7, processor.video_token_id} <= set(settings["suppress_tokens"])
    biased = generation_settings({"seed": 1}, processor.tokenizer, use_vllm=True)
    assert biased["logit_bias"][processor.video_token_id] == -100
    assert biased["seed"] == 1


def test_processes_with_other_rows_are_told(rows):
    def gather(own):
        return [*own, "another digest"]

    check_ranks_agree(rows, lambda own: own * 2, seed=1)
    with pytest.raises(UserError, match="process 1"):
        check_ranks_agree(copy.deepcopy(rows), gather, seed=1)
    seen = []
    for seed in (1, 1, 2):
        check_ranks_agree(rows, lambda own: seen.extend(own) or own, seed=seed)
    assert seen[0] == seen[1] != seen[2]


def test_the_package_imports_without_torch():
    code = "import sys, rarft.trainer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
