"""What vLLM is given, against what the model's own processor makes of the same request."""

import dataclasses

import numpy as np
import pytest
from transformers import AutoProcessor

from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.models.vllm_prompts import (
    engine_prompt,
    expected_inputs,
    frames_name,
    n_expanded,
    writable,
)
from rarft.harness.types import Query, Span
from rarft.harness.video.frames import Frames

VIDEO_TOKEN = 1143


@pytest.fixture(scope="module")
def processor():
    return AutoProcessor.from_pretrained(checkpoint_folder("package:tiny"))


def frames_of(n_frames, *, n_total=60, height=56, width=84):
    return Frames(
        pixels=np.zeros((n_frames, height, width, 3), dtype=np.uint8),
        indices=tuple(range(n_frames)),
        times_s=tuple(float(k) for k in range(n_frames)),
        effective_fps=n_frames / n_total * 30.0,
        video_fps=30.0,
        n_total_frames=n_total,
        duration_s=n_total / 30.0,
        decoder="made up",
    )


def request(prompt="a", *, clip=None, sha256="0" * 64, video_input="shown", tmp_path=None):
    query = Query(
        id="1", task="t", video="v.mp4", text=prompt, relevant=True, record="1", clip=clip
    )
    return Request(
        key=prompt,
        query=query,
        prompt=prompt,
        video=VideoFile(path=None, sha256=sha256),
        video_input=video_input,
    )


@pytest.mark.parametrize("order", ["video_text", "text_video"])
@pytest.mark.parametrize("n_frames", [2, 4, 32])
def test_expanding_the_one_video_token_gives_the_processors_prompt(processor, order, n_frames):
    frames = frames_of(n_frames)
    asked = request("a dog <|video_pad|> barks")

    prompt = engine_prompt(processor, asked, frames, order=order)

    whole = make_inputs(processor, [asked], [frames], order=order)["input_ids"][0].tolist()
    n_video = n_expanded(processor, prompt, frames) - len(prompt["prompt_token_ids"]) + 1
    at = prompt["prompt_token_ids"].index(VIDEO_TOKEN)
    assert prompt["prompt_token_ids"].count(VIDEO_TOKEN) == 1
    ids = prompt["prompt_token_ids"]
    assert [*ids[:at], *[VIDEO_TOKEN] * n_video, *ids[at + 1 :]] == whole


def test_frames_keep_their_pixels_and_take_their_times_along(processor):
    frames = frames_of(4)

    ((pixels, metadata),) = engine_prompt(processor, request(), frames, order="video_text")[
        "multi_modal_data"
    ]["video"]

    np.testing.assert_array_equal(pixels, frames.pixels)
    assert pixels.flags.writeable
    assert (metadata["fps"], metadata["total_num_frames"]) == (30.0, 60)
    assert metadata["frames_indices"] == [0, 1, 2, 3]


def test_prompts_about_one_video_share_its_pixels(processor):
    read_only = frames_of(4)
    read_only.pixels.flags.writeable = False
    frames = writable(read_only)

    (first, _), (second, _) = (
        engine_prompt(processor, request(text), frames, order="video_text")["multi_modal_data"][
            "video"
        ][0]
        for text in "ab"
    )

    assert first is second
    assert first is not read_only.pixels
    assert writable(frames) is frames


def test_expected_positions_follow_the_effective_rate(processor):
    asked = request()
    slow, fast = (
        expected_inputs(
            processor,
            asked,
            frames_of(8, n_total=n_total),
            order="video_text",
            positions_per_second=2,
        )
        for n_total in (480, 120)
    )

    assert slow.ids == fast.ids
    first = slow.ids.index(VIDEO_TOKEN)
    n_a_time = 2 * 3
    # Patches of two frames: at 0.5 fps 4 s apart, at 2 fps 1 s, two positions to the second.
    assert slow.positions[0][first + n_a_time] - slow.positions[0][first] == 8
    assert fast.positions[0][first + n_a_time] - fast.positions[0][first] == 2


def test_equal_frames_have_one_name_and_others_another():
    names = [
        frames_name(request()),
        frames_name(request(sha256="1" * 64)),
        frames_name(request(clip=Span(start_s=0.0, end_s=1.0))),
        frames_name(request(video_input="black")),
    ]

    assert frames_name(request("another question")) == names[0]
    assert len(set(names)) == 4
    other = dataclasses.replace(request(clip=Span(start_s=0.0, end_s=1.0)), video_input="other")
    assert frames_name(other) == names[0]
