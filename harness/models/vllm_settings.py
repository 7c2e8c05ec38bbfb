"""What a user may ask of the vllm backend: engine arguments by vLLM's names, decoding by ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models.sampling import is_sampled
from rarft.harness.models.torch_state import seed_number
from rarft.harness.video.decoding_pool import default_processes
from rarft.harness.video.policy import FramesPolicy

DEFAULT_WINDOW: Final = 128
DEFAULT_FRAMES_MEMORY_GB: Final = 4.0
DEFAULT_MAX_NEW_TOKENS: Final = 512
_GIB: Final = 1024**3
_Check = Callable[[object], bool]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_whole(value: object) -> bool:
    return _is_count(value) or (value == 0 and not isinstance(value, bool))


def _is_positive(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and isinstance(value, (int, float)) and 0 < value < math.inf


def _is_share(value: object) -> bool:
    return _is_positive(value) and isinstance(value, (int, float)) and value <= 1


def _is_size(value: object) -> bool:
    return value == 0 or _is_positive(value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


_COUNT: Final = (_is_count, "a whole number above 0")
_NAME: Final = (_is_name, "a name")
_FLAG: Final = (_is_flag, "true or false")
_SIZE: Final = (_is_size, "a number from 0")

LOAD_FORMATS: Final = (
    *("safetensors", "fastsafetensors", "instanttensor", "runai_streamer"),
    *("runai_streamer_sharded", "sharded_state"),
)
"""vLLM's ways to read safetensors, the first by default; others may read pickled files."""

ENGINE_ARGS: Final[Mapping[str, tuple[_Check, str]]] = {
    "tensor_parallel_size": _COUNT,
    "pipeline_parallel_size": _COUNT,
    "data_parallel_size": _COUNT,
    "data_parallel_backend": _NAME,
    "distributed_executor_backend": _NAME,
    "mm_encoder_tp_mode": _NAME,
    "gpu_memory_utilization": (_is_share, "a number above 0 and at most 1"),
    "kv_cache_memory_bytes": _COUNT,
    "kv_cache_dtype": _NAME,
    "block_size": _COUNT,
    "max_model_len": _COUNT,
    "max_num_seqs": _COUNT,
    "max_num_batched_tokens": _COUNT,
    "cpu_offload_gb": _SIZE,
    "mm_processor_cache_gb": _SIZE,
    "enable_prefix_caching": _FLAG,
    "enforce_eager": _FLAG,
    "async_scheduling": _FLAG,
    "load_format": (lambda value: value in LOAD_FORMATS, f"one of {', '.join(LOAD_FORMATS)}"),
    "quantization": _NAME,
    "trust_remote_code": _FLAG,
}
"""What goes to vLLM's engine arguments as it is, by the same names."""

OWN_ARGS: Final[Mapping[str, tuple[_Check, str]]] = {
    "pretrained": _NAME,
    "revision": _NAME,
    "dtype": _NAME,
    "window": _COUNT,
    "frames_memory_gb": (_is_positive, "a number above 0"),
    "decode_workers": (_is_whole, "a whole number from 0"),
    "allow_time_mismatch": _FLAG,
}

_DTYPES: Final = {
    "auto": "auto",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
    "half": "float16",
    "float32": "float32",
    "fp32": "float32",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmSettings:
    """The model arguments, checked.

    `window` is how many requests the engine holds at once, `frames_memory_bytes` how much the
    decoded frames of all videos under way may take, `n_decoding` how many processes decode them.
    `engine_args` goes to vLLM as it is.
    """

    dtype: str = "auto"
    window: int = DEFAULT_WINDOW
    frames_memory_bytes: int = int(DEFAULT_FRAMES_MEMORY_GB * _GIB)
    n_decoding: int = 0
    allows_time_mismatch: bool = False
    engine_args: Mapping[str, Any] = field(default_factory=dict)


def read_settings(model_args: Mapping[str, Any]) -> VllmSettings:
    """Check the model arguments of this backend.

    Raises:
        UserError: a name is unknown, or a value is of the wrong type or out of range.

    Example:
        >>> settings = read_settings({"tensor_parallel_size": 2, "window": 64})
        >>> settings.window, settings.engine_args
        (64, {'tensor_parallel_size': 2})
    """
    known = {**OWN_ARGS, **ENGINE_ARGS}
    for name, value in model_args.items():
        if name not in known:
            raise UserError(f"got the model argument {name}, expected one of {', '.join(known)}")
        is_right, expected = known[name]
        if not is_right(value):
            raise UserError(f"got {name}={value}, expected {expected}; mend --model_args")
    dtype = model_args.get("dtype", "auto")
    if dtype not in _DTYPES:
        raise UserError(f"got dtype={dtype}, expected one of {', '.join(_DTYPES)}")
    return VllmSettings(
        dtype=_DTYPES[dtype],
        window=model_args.get("window", DEFAULT_WINDOW),
        frames_memory_bytes=int(
            model_args.get("frames_memory_gb", DEFAULT_FRAMES_MEMORY_GB) * _GIB
        ),
        n_decoding=model_args.get("decode_workers", default_processes()),
        allows_time_mismatch=model_args.get("allow_time_mismatch", False),
        engine_args={name: model_args[name] for name in ENGINE_ARGS if name in model_args},
    )


def check_decoding(generation: Mapping[str, Any]) -> None:
    """Refuse decoding that vLLM cannot do.

    Raises:
        UserError: beams or forbidden n-grams are asked for.
    """
    if (generation.get("num_beams") or 1) > 1:
        raise UserError(
            f"got num_beams={generation['num_beams']}, expected 1 with the backend vllm, which has "
            "no beams over videos; use the backend hf"
        )
    if generation.get("no_repeat_ngram_size"):
        raise UserError(
            f"got no_repeat_ngram_size={generation['no_repeat_ngram_size']}, expected 0 with the "
            "backend vllm, which has no such setting; use the backend hf or repetition_penalty"
        )


_LEAST: Final = 1.05
"""A frame never gets less than so many times the policy's `min_pixels`."""

_UNSAID: Final[dict[str, float]] = {"temperature": 1.0, "top_k": 50, "top_p": 1.0}
"""What transformers samples with where neither the user nor the checkpoint says."""


def sampling_arguments(
    generation: Mapping[str, Any],
    *,
    shipped: Mapping[str, Any],
    end_tokens: list[int],
    seed: str,
) -> dict[str, Any]:
    """Return the arguments of vLLM's SamplingParams that mean what transformers would do.

    Args:
        generation: Settings by transformers' names, checked.
        shipped: The sampling values of the checkpoint, for what sampling leaves open.
        end_tokens: The tokens that end a reply, which are kept.
        seed: Text that the request's own generator is seeded by, where it samples.

    Example:
        >>> greedy = sampling_arguments({"max_new_tokens": 8}, shipped={}, end_tokens=[2], seed="")
        >>> greedy["temperature"], greedy["max_tokens"], greedy["stop_token_ids"]
        (0.0, 8, [2])
    """
    arguments: dict[str, Any] = {
        "max_tokens": generation.get("max_new_tokens", DEFAULT_MAX_NEW_TOKENS),
        "repetition_penalty": float(generation.get("repetition_penalty", 1.0)),
        "stop_token_ids": end_tokens,
        # The end tokens are these alone; vLLM's own is the tokenizer's, whatever the model ships.
        "ignore_eos": True,
        "detokenize": False,
    }
    if not is_sampled(generation):
        return {**arguments, "temperature": 0.0}
    for name, unsaid in _UNSAID.items():
        values = (generation.get(name), shipped.get(name), unsaid)
        arguments[name] = next(value for value in values if value is not None)
    return {**arguments, "seed": seed_number(seed)}


def largest_video(policy: FramesPolicy) -> dict[str, int]:
    """Return the largest video of a policy, as vLLM's memory profiling wants it.

    Example:
        >>> largest_video(FramesPolicy())
        {'count': 1, 'num_frames': 768, 'width': 112, 'height': 112}
    """
    n_frames = max(policy.max_frames, policy.min_frames)
    pixels = min(policy.max_pixels, policy.total_pixels * policy.frame_factor / n_frames)
    side = int(math.sqrt(max(pixels, _LEAST * policy.min_pixels))) // policy.side_factor
    size = max(side, 1) * policy.side_factor
    return {"count": 1, "num_frames": n_frames, "width": size, "height": size}


def largest_bytes(policy: FramesPolicy) -> int:
    """Return how many bytes the frames of one video can take at most, about.

    Example:
        >>> largest_bytes(FramesPolicy(max_frames=32, max_pixels=3136, total_pixels=100352,
        ...                            min_pixels=3136))
        316108
    """
    n_frames = max(policy.max_frames, policy.min_frames)
    at_once = min(policy.max_pixels * n_frames, policy.total_pixels * policy.frame_factor)
    return int(3 * max(at_once, _LEAST * policy.min_pixels * n_frames))
