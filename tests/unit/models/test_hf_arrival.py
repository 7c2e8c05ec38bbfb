"""What reaches the network on the first batch, compared with the sampler's rate alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.errors import RarftError
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.card import Card
from rarft.harness.models.hf import load
from rarft.harness.models.hf_arrival import check_times
from rarft.harness.models.rope_time import TEXT, VIDEO, rope_index
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import Frames
from rarft.harness.video.policy import FramesPolicy

PER_SECOND = 2
CARD = Card(
    name="tiny",
    family="base",
    backend="hf",
    checkpoint="package:tiny",
    frames=FramesPolicy(
        min_frames=4, max_frames=32, min_pixels=3136, max_pixels=3136, total_pixels=32 * 3136
    ),
    generation={"max_new_tokens": 2, "do_sample": False},
    licence="Apache-2.0",
    source="this package",
)


def frames_of(n_frames: int, effective_fps: float) -> Frames:
    return Frames(
        pixels=np.zeros((n_frames, 28, 28, 3), dtype=np.uint8),
        indices=tuple(range(n_frames)),
        times_s=tuple(float(index) for index in range(n_frames)),
        effective_fps=effective_fps,
        video_fps=30.0,
        n_total_frames=n_frames,
        duration_s=1.0,
        decoder="made up",
    )


def placed(n_patches: int, seconds: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions of a prompt with so many seconds a patch, and which tokens are the video's."""
    kinds = torch.tensor([[TEXT] * 3 + [VIDEO] * n_patches + [TEXT] * 2])
    positions, _ = rope_index(
        torch.zeros_like(kinds),
        kinds,
        video_grid_thw=torch.tensor([[n_patches, 2, 2]]),
        second_per_grid_ts=[seconds],
        merge_size=2,
        positions_per_second=PER_SECOND,
    )
    return positions[:, 0], kinds[0] == VIDEO


def check(positions: torch.Tensor, is_video: torch.Tensor, frames: Frames) -> None:
    check_times(positions, is_video, frames, frames_per_patch=2, positions_per_second=PER_SECOND)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 384), st.floats(0.05, 30))
def test_the_trained_positions_of_any_rate_pass(n_patches: int, fps: float) -> None:
    check(*placed(n_patches, 2 / fps), frames_of(2 * n_patches, fps))


def test_an_odd_number_of_frames_fills_its_last_patch() -> None:
    check(*placed(3, 1.0), frames_of(5, 2.0))


@pytest.mark.parametrize("seconds", [1.0, 2 / 2.0001, 0.0])
def test_times_of_another_rate_are_refused(seconds: float) -> None:
    with pytest.raises(RarftError, match=r"frames at 1\.92 fps of which patch \d+ lies") as refusal:
        check(*placed(40, seconds), frames_of(80, 1.92))

    assert "\n" not in str(refusal.value)


def test_text_that_overlaps_the_video_is_refused() -> None:
    positions, is_video = placed(8, 1.0)
    positions[:, -2:] = torch.tensor([4, 5])

    with pytest.raises(RarftError, match="text at position 4 after a video that ends at 17"):
        check(positions, is_video, frames_of(16, 2.0))


@pytest.fixture
def model(tmp_path: Path):
    model = load(
        CARD,
        model_args={},
        generation=CARD.generation,
        batch_size=2,
        seed=0,
        cache=tmp_path / "cache",
    )
    yield model
    model.close()


@pytest.fixture
def requests(make_clip) -> list[Request]:
    """Two prompts of different lengths, so that one is padded."""
    paths = [make_clip("a.mp4", n_frames=250, fps=24), make_clip("b.mp4", n_frames=60, fps=30)]
    return [
        Request(
            key=path.name,
            query=Query(id="1", task="t", video=path.name, text="a", relevant=True, record="1"),
            prompt="Query: a",
            video=VideoFile(path=path, sha256=content_hash(path)),
        )
        for path in paths
    ]


def use_stock_positions(network) -> None:
    del network.model.get_rope_index


def test_the_first_batch_is_compared_and_no_other(model, requests):
    assert [reply.failure for reply in model.generate(requests)] == [None, None]
    assert model._first_batch.is_compared
    use_stock_positions(model.checkpoint.network)
    assert [reply.failure for reply in model.generate(requests)] == [None, None]


def test_beams_repeat_a_row_and_are_compared_all_the_same(model, requests):
    beams = [replace(one, generation={"num_beams": 3}) for one in requests]
    assert [reply.failure for reply in model.generate(beams)] == [None, None]
    assert model._first_batch.is_compared


def test_the_positions_of_transformers_own_are_refused(model, requests):
    use_stock_positions(model.checkpoint.network)
    with pytest.raises(RarftError, match=r"in the network, expected|after a video that ends"):
        model.generate(requests)


def test_other_tokens_in_the_network_are_refused(model, requests):
    def changed(_module, args, kwargs):
        if kwargs.get("input_ids") is not None:
            kwargs["input_ids"] = kwargs["input_ids"].clone()
            kwargs["input_ids"][0, -1] += 1
        return args, kwargs

    inner = model.checkpoint.network.model
    inner.register_forward_pre_hook(changed, with_kwargs=True)
    with pytest.raises(RarftError, match="got other tokens in the network"):
        model.generate(requests)
