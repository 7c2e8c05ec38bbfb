"""Checkpoints of a few hundred thousand random parameters, saved to folders like real ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoTokenizer,
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from rarft.harness.models import checkpoint

TINY = Path(checkpoint.__file__).parent / "tiny"
TEXT: dict[str, Any] = {
    "vocab_size": 1152,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 32768,
    "eos_token_id": 1138,
    "pad_token_id": 1136,
}
ROPE = {"rope_type": "default", "rope_theta": 10000.0}


@pytest.fixture(scope="session")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that saves random weights of an architecture, and returns their folder."""
    makers = {"qwen3_vl": qwen3_vl, "internvl": internvl}
    saved: dict[str, Path] = {}

    def save(architecture: str) -> Path:
        if architecture not in saved:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                network, processor = makers[architecture]()
            folder = tmp_path_factory.mktemp(architecture)
            network.save_pretrained(folder)
            processor.save_pretrained(folder)
            saved[architecture] = folder
        return saved[architecture]

    return save


def qwen3_vl() -> tuple[Any, Any]:
    config = Qwen3VLConfig(
        text_config={
            **TEXT,
            "rope_parameters": {**ROPE, "mrope_section": [2, 3, 3], "mrope_interleaved": True},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=1142,
        video_token_id=1143,
        vision_start_token_id=1139,
        vision_end_token_id=1140,
    )
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(patch_size=16),
        AutoTokenizer.from_pretrained(TINY),
        Qwen3VLVideoProcessor(),
        chat_template=(TINY / "chat_template.jinja").read_text(),
    )
    return Qwen3VLForConditionalGeneration(config), processor


def internvl() -> tuple[Any, Any]:
    names = {
        "start_image_token": "<|vision_start|>",
        "end_image_token": "<|vision_end|>",
        "context_image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
    }
    tokenizer = AutoTokenizer.from_pretrained(TINY, extra_special_tokens=names)
    config = InternVLConfig(
        text_config={**TEXT, "model_type": "qwen3", "rope_parameters": ROPE},
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": [56, 56],
            "patch_size": [14, 14],
        },
        image_token_id=1142,
        image_seq_length=4,
    )
    template = (TINY / "chat_template.jinja").read_text()
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size={"height": 56, "width": 56}),
        tokenizer,
        InternVLVideoProcessor(size={"height": 56, "width": 56}),
        image_seq_length=4,
        chat_template=template.replace(
            "<|vision_start|><|image_pad|><|vision_end|>", "<|image_pad|>"
        ),
    )
    return InternVLForConditionalGeneration(config), processor
