"""A card says `architecture` only if this has run: its settings, random weights, one clip."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoProcessor, LlamaConfig

from rarft.harness.errors import RarftError, UserError
from rarft.harness.models import card_paths, find_card, load_model, prompt_text
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.hf_layouts import (
    ARCHITECTURES,
    labelled_inputs,
    laid_out,
    stamped_inputs,
)
from rarft.harness.types import Query, Span
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import Frames, load_frames
from rarft.harness.video.policy import FramesPolicy

CARDS = {name: find_card(name)[0] for name in card_paths()}
ON_HF = sorted(name for name, card in CARDS.items() if card.backend == "hf")
RandomCheckpoint = Callable[[str], Path]


def request(path: Path, prompt: str, *, clip: Span | None = None, **more) -> Request:
    query = Query(
        id="1",
        task="t",
        video=path.name,
        text="a dog barks",
        relevant=True,
        record="1",
        clip=clip,
    )
    return Request(
        key=prompt,
        query=query,
        prompt=prompt.replace("{query}", query.text),
        video=VideoFile(path=path, sha256=content_hash(path)),
        **more,
    )


@pytest.mark.parametrize("name", ON_HF)
def test_random_weights_of_its_architecture_answer_with_the_cards_settings(
    name: str, make_clip, tmp_path: Path, random_checkpoint: RandomCheckpoint
) -> None:
    card, path = find_card(name)
    assert card.architecture in ARCHITECTURES
    is_packaged = card.architecture == "qwen2_5_vl"
    folder = "package:tiny" if is_packaged else str(random_checkpoint(card.architecture))
    clip = make_clip("clip.mp4", n_frames=60, fps=10)
    generation = {**card.generation, "max_new_tokens": 4}
    model = load_model(
        card,
        model_args={"pretrained": folder, "device": "cpu"},
        generation=generation,
        batch_size=2,
        seed=0,
        cache=tmp_path,
    )
    prompts = [prompt_text(card, path, mode=mode) for mode in ("refusal", "native")]
    replies = model.generate(
        [request(clip, one, system=card.system, generation=generation) for one in prompts]
    )
    model.close()
    for reply in replies:
        assert reply.failure is None
        assert reply.n_new_tokens is not None
        assert 1 <= reply.n_new_tokens <= 4
        assert (reply.n_frames, reply.effective_fps) == (12, pytest.approx(2.0))


@pytest.fixture
def shown(make_clip) -> tuple[list[Request], list[Frames]]:
    """One video whole and in part, in the size of Qwen3-VL's patches."""
    clip = make_clip("clip.mp4", n_frames=75, fps=10, height=64, width=64)
    policy = FramesPolicy(min_pixels=4096, max_pixels=4096, side_factor=32, max_frames=14)
    part = Span(2.0, 5.0)
    requests = [request(clip, "Find {query}."), request(clip, "When?", clip=part)]
    return requests, [load_frames(clip, policy), load_frames(clip, policy, clip=part)]


def test_qwen3_vl_reads_times_from_the_start_of_what_it_is_shown(
    shown, random_checkpoint: RandomCheckpoint
) -> None:
    processor = AutoProcessor.from_pretrained(random_checkpoint("qwen3_vl"))
    inputs = stamped_inputs(processor, *shown, order="video_text")
    whole, part = processor.tokenizer.batch_decode(inputs["input_ids"])
    # 14 frames from 0 to 7.4 s in pairs; 6 frames from 0 to 3 s.
    assert re.findall(r"<([\d.]+) seconds>", whole) == [
        "0.3",
        "1.4",
        "2.5",
        "3.7",
        "4.8",
        "6.0",
        "7.1",
    ]
    assert re.findall(r"<([\d.]+) seconds>", part) == ["0.3", "1.5", "2.7"]


def test_qwen3_vl_has_no_tokens_around_the_video_but_those_around_its_frames(
    shown, random_checkpoint: RandomCheckpoint
) -> None:
    processor = AutoProcessor.from_pretrained(random_checkpoint("qwen3_vl"))
    inputs = stamped_inputs(processor, *shown, order="video_text")
    whole, part = processor.tokenizer.batch_decode(inputs["input_ids"])
    for text, n_groups in ((whole, 7), (part, 3)):
        assert "user\n<0.3 seconds><|vision_start|><|video_pad|>" in text
        assert text.count("<|vision_start|>") == text.count("<|vision_end|>") == n_groups


def test_a_processor_that_gets_qwen3_vls_times_wrong_is_stopped(
    shown, random_checkpoint: RandomCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = AutoProcessor.from_pretrained(random_checkpoint("qwen3_vl"))
    rightly = processor._calculate_timestamps
    monkeypatch.setattr(
        processor, "_calculate_timestamps", lambda *given: [2 * one for one in rightly(*given)]
    )
    with pytest.raises(RarftError, match=r"writes the times 0\.[67] .* expected 0\.3 1\.4"):
        stamped_inputs(processor, *shown, order="video_text")


def test_frames_for_another_models_patches_are_refused(
    make_clip, random_checkpoint: RandomCheckpoint
) -> None:
    processor = AutoProcessor.from_pretrained(random_checkpoint("qwen3_vl"))
    clip = make_clip("clip.mp4", height=64, width=64)
    frames = load_frames(clip, FramesPolicy(min_pixels=3136, max_pixels=3136))
    with pytest.raises(UserError, match=r"got frames of 56x56.*side_factor 32"):
        laid_out(
            "qwen3_vl",
            processor,
            [request(clip, "When?")],
            [frames],
            order="video_text",
            frame_label="",
        )


def test_internvl_is_told_the_time_of_each_frame(
    shown, random_checkpoint: RandomCheckpoint
) -> None:
    processor = AutoProcessor.from_pretrained(random_checkpoint("internvl"))
    inputs = labelled_inputs(
        processor, *shown, order="text_video", label="{index} at {time_s:.1f}:"
    )
    whole, part = processor.tokenizer.batch_decode(inputs["input_ids"])
    image = "<|vision_start|>" + 4 * "<|image_pad|>" + "<|vision_end|>"
    assert f"Find a dog barks.0 at 0.0:{image}1 at 0.6:{image}" in whole
    assert f"When?0 at 0.0:{image}1 at 0.6:{image}2 at 1.2:{image}" in part
    assert len(inputs["pixel_values"]) == 14 + 6


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LlamaConfig().to_json_string(), "of type llama, expected a video model of type"),
        ("{}", r"cannot be loaded|damaged or of another kind"),
    ],
    ids=["text model", "not a model"],
)
def test_what_is_no_video_model_is_refused_in_one_line(
    config: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(config)
    model = load_model(
        CARDS["tiny"],
        model_args={"pretrained": str(tmp_path), "device": "cpu"},
        generation={},
        batch_size=1,
        seed=0,
        cache=tmp_path / "cache",
    )
    with pytest.raises(UserError, match=message) as caught:
        model.prepare([])
    model.close()
    assert "\n" not in str(caught.value)
