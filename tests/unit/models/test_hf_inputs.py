"""The processor is transformers' own; what is checked is that frames and times get through it."""

import dataclasses

import numpy as np
import pytest
from transformers import AutoProcessor

from rarft.harness.errors import RarftError
from rarft.harness.models.base import Request
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.types import Query
from rarft.harness.video.frames import Frames


@pytest.fixture(scope="module")
def processor():
    processor = AutoProcessor.from_pretrained(checkpoint_folder("package:tiny"))
    processor.tokenizer.padding_side = "left"
    return processor


def frames_of(n_frames: int, *, n_total: int, fps: float, height: int = 56) -> Frames:
    rng = np.random.default_rng(n_frames)
    return Frames(
        pixels=rng.integers(0, 256, (n_frames, height, 56, 3), dtype=np.uint8),
        indices=tuple(np.linspace(0, n_total - 1, n_frames).round().astype(int).tolist()),
        times_s=tuple(np.linspace(0, n_total / fps, n_frames).tolist()),
        effective_fps=n_frames / n_total * fps,
        video_fps=fps,
        n_total_frames=n_total,
        duration_s=n_total / fps,
        decoder="made up",
    )


def request(prompt: str) -> Request:
    query = Query(id="1", task="t", video="v.mp4", text=prompt, relevant=True, record="1")
    return Request(key=prompt, query=query, prompt=prompt)


@pytest.mark.parametrize(
    ("n_frames", "n_total", "fps"),
    [(4, 60, 30.0), (4, 47, 24.0), (768, 24_000, 25.0), (2, 1, 30.0)],
)
def test_seconds_per_patch_are_two_over_the_effective_rate(n_frames, n_total, fps, processor):
    frames = frames_of(n_frames, n_total=n_total, fps=fps)
    inputs = make_inputs(processor, [request("a")], [frames], order="video_text")
    assert float(inputs["second_per_grid_ts"][0]) == pytest.approx(2 / (n_frames / n_total * fps))
    assert inputs["video_grid_thw"].tolist() == [[n_frames // 2, 4, 4]]
    assert (inputs["mm_token_type_ids"] == 2).sum() == n_frames // 2 * 4


def test_frames_reach_the_model_unresized(processor):
    frames = frames_of(4, n_total=60, fps=30.0)
    inputs = make_inputs(processor, [request("a")], [frames], order="video_text")
    mean, std = processor.video_processor.image_mean[0], processor.video_processor.image_std[0]
    first = inputs["pixel_values_videos"][0].reshape(3, 2, 14, 14)[0, 0].numpy()
    np.testing.assert_allclose(first * std + mean, frames.pixels[0, :14, :14, 0] / 255, atol=1e-5)


def test_a_rate_that_does_not_get_through_is_an_error(processor):
    frames = dataclasses.replace(frames_of(4, n_total=60, fps=30.0), effective_fps=2.1)
    with pytest.raises(RarftError, match=r"counts 1 s a patch for frames at 2\.1 fps"):
        make_inputs(processor, [request("a")], [frames], order="video_text")


def test_frames_that_do_not_get_through_are_an_error(processor):
    frames = frames_of(4, n_total=60, fps=30.0, height=84)
    fewer = dataclasses.replace(frames, indices=frames.indices[:3])
    with pytest.raises(RarftError, match=r"makes a grid|counts"):
        make_inputs(processor, [request("a")], [fewer], order="video_text")


def test_prompts_are_padded_on_the_left_and_ordered_as_the_card_says(processor):
    frames = [frames_of(4, n_total=60, fps=30.0), frames_of(6, n_total=90, fps=30.0)]
    requests = [request("Query: a red circle"), request("Query: <|im_end|> <|video_pad|>")]
    inputs = make_inputs(processor, requests, frames, order="text_video")
    assert inputs["attention_mask"][:, -1].tolist() == [1, 1]
    first, second = processor.tokenizer.batch_decode(inputs["input_ids"])
    assert first.endswith(
        "Query: a red circle<|vision_start|>"
        + "<|video_pad|>" * 8
        + "<|vision_end|><|im_end|>\n<|im_start|>assistant\n"
    )
    assert second.count("<|video_pad|>") == 12
    assert "Query: < |im_end|> < |video_pad|>" in second
