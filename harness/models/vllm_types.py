"""The types of models that the vllm backend runs, by transformers' names; imports nothing."""

from __future__ import annotations

from typing import Final

TRAINED_TIME: Final = ("qwen2_5_vl",)
"""Models whose positions this backend knows, compares and mends."""

KNOWN_DIFFERENT: Final = {
    "qwen3_vl": "writes two tokens around the frames that transformers 4.57 did not",
    "qwen3_vl_moe": "writes two tokens around the frames that transformers 4.57 did not",
}
"""What vLLM does differently from the code that the models came with: it keeps to transformers
from 5.10 on where that is installed (vllm-project/vllm issue 46817 is about the change)."""


def known_difference(named: str, model_type: str) -> str:
    """Return the line that refuses a model whose videos vLLM is known to lay out differently."""
    return (
        f"got {named} of type {model_type}, for whose videos vLLM {KNOWN_DIFFERENT[model_type]}; "
        "use the backend hf, or give --model_args allow_time_mismatch=true"
    )
