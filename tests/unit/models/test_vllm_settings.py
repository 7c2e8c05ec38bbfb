import re
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import vllm_engine
from rarft.harness.models.card import Card
from rarft.harness.models.torch_state import seed_number
from rarft.harness.models.vllm_settings import (
    check_decoding,
    largest_bytes,
    largest_video,
    read_settings,
    sampling_arguments,
)
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.resize import frame_size

CARD: dict[str, Any] = {
    "name": "m",
    "family": "base",
    "backend": "vllm",
    "checkpoint": "package:tiny",
    "frames": {"fps": 2, "max_frames": 8},
    "licence": "MIT",
    "source": "the test",
}


def load(tmp_path: Path, card: Card | None = None, **given: Any) -> vllm_engine.VllmModel:
    return vllm_engine.load(
        card or Card(**CARD),
        model_args=given.get("model_args", {}),
        generation=given.get("generation", {}),
        batch_size=4,
        seed=0,
        cache=tmp_path,
    )


def test_vllm_gets_its_own_arguments_by_its_own_names() -> None:
    given = {"tensor_parallel_size": 2, "data_parallel_size": 8, "gpu_memory_utilization": 0.8}

    settings = read_settings({**given, "max_model_len": 8192, "pretrained": "a/b", "dtype": "fp16"})

    assert settings.engine_args == {**given, "max_model_len": 8192}
    assert settings.dtype == "float16"


def test_memory_for_frames_is_given_in_gibibytes() -> None:
    assert read_settings({"frames_memory_gb": 0.5}).frames_memory_bytes == 512 * 1024**2


def test_processes_decode_unless_threads_are_asked_for() -> None:
    assert 1 <= read_settings({}).n_decoding <= 4
    assert read_settings({"decode_workers": 0}).n_decoding == 0
    assert read_settings({"decode_workers": 9}).n_decoding == 9


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("tensor_parallel_size", 0, "a whole number above 0"),
        ("data_parallel_size", "8x", "a whole number above 0"),
        ("data_parallel_size", True, "a whole number above 0"),
        ("gpu_memory_utilization", 1.5, "at most 1"),
        ("gpu_memory_utilization", float("nan"), "at most 1"),
        ("max_model_len", 1e4, "a whole number above 0"),
        ("enforce_eager", "yes", "true or false"),
        ("allow_time_mismatch", 1, "true or false"),
        ("window", 0, "a whole number above 0"),
        ("frames_memory_gb", 0, "a number above 0"),
        ("decode_workers", -1, "a whole number from 0"),
        ("decode_workers", False, "a whole number from 0"),
        ("frames_memory_gb", float("inf"), "a number above 0"),
        ("mm_processor_cache_gb", -1, "a number from 0"),
        ("dtype", "int8", "auto, bfloat16"),
        ("load_format", "pt", "safetensors, fastsafetensors"),
        ("load_format", "auto", "safetensors, fastsafetensors"),
        ("load_format", ["safetensors"], "safetensors, fastsafetensors"),
        ("pretrained", "", "a name"),
        ("tensor_paralel_size", 2, "tensor_parallel_size"),
        ("attn_implementation", "sdpa", "tensor_parallel_size"),
    ],
)
def test_a_wrong_model_argument_is_named_in_one_line(
    tmp_path: Path, name: str, value: object, expected: str
) -> None:
    with pytest.raises(UserError, match=re.escape(expected)) as refusal:
        load(tmp_path, model_args={name: value})

    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "generation",
    [{"num_beams": 4}, {"no_repeat_ngram_size": 3}, {"typical_p": 0.9}, {"max_new_tokens": 0}],
)
def test_decoding_that_vllm_cannot_do_is_refused(
    tmp_path: Path, generation: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match=f"got .*{next(iter(generation))}"):
        load(tmp_path, generation=generation)


def test_one_beam_and_no_forbidden_ngrams_are_what_vllm_does_anyway() -> None:
    check_decoding({"num_beams": 1, "no_repeat_ngram_size": 0})


def test_a_card_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="without frames, expected them for backend vllm"):
        load(tmp_path, Card(**{**CARD, "frames": None}))


def arguments(generation: dict[str, Any], shipped: dict[str, Any] | None = None) -> dict[str, Any]:
    return sampling_arguments(generation, shipped=shipped or {}, end_tokens=[2, 0], seed="0 key")


def test_without_do_sample_decoding_is_greedy_whatever_the_checkpoint_ships() -> None:
    made = arguments({"temperature": 0.7}, {"temperature": 0.1, "top_k": 1})

    assert made["temperature"] == 0.0
    assert made.keys().isdisjoint({"top_k", "top_p", "seed"})


def test_sampling_takes_the_request_then_the_checkpoint_then_what_transformers_takes() -> None:
    made = arguments({"do_sample": True, "temperature": 0.7}, {"temperature": 0.1, "top_p": 0.9})

    assert (made["temperature"], made["top_p"], made["top_k"]) == (0.7, 0.9, 50)
    assert made["seed"] == seed_number("0 key")


def test_replies_end_at_the_checkpoints_end_tokens_alone() -> None:
    made = arguments({"max_new_tokens": 7, "repetition_penalty": 1.05})

    assert made["stop_token_ids"] == [2, 0]
    assert made["ignore_eos"]
    assert (made["max_tokens"], made["repetition_penalty"]) == (7, 1.05)


@pytest.mark.parametrize("shape", [(1080, 1920), (64, 64), (240, 320), (720, 1280)])
@pytest.mark.parametrize("n_frames", [4, 32, 768])
def test_no_video_of_the_policy_takes_more_than_the_largest(
    shape: tuple[int, int], n_frames: int
) -> None:
    policy = FramesPolicy()
    height, width = frame_size(*shape, n_frames, policy)

    assert 3 * n_frames * height * width <= largest_bytes(policy)


def test_the_profiled_video_has_sides_that_the_model_can_take() -> None:
    video = largest_video(FramesPolicy(max_frames=100, max_pixels=200_000))

    assert video["num_frames"] == 100
    assert video["width"] % 28 == video["height"] % 28 == 0
