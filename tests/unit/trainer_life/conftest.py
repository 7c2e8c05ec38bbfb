"""Folders with the config.json of real architectures, and nothing else."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

VISION = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "fullatt_block_indexes": [7, 15, 23, 31],
    "patch_size": 14,
    "spatial_merge_size": 2,
    "window_size": 112,
}
QWEN_3B = {
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_hidden_layers": 36,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
QWEN_7B = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "tie_word_embeddings": False,
}
SMALL = {
    "hidden_size": 128,
    "intermediate_size": 320,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
SMALL_VISION = VISION | {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 172,
    "num_heads": 2,
    "fullatt_block_indexes": [1],
}


def config_folder(folder: Path, text: dict, vision: dict) -> Path:
    config = {
        "model_type": "qwen2_5_vl",
        "text_config": text,
        "vision_config": vision | {"out_hidden_size": text["hidden_size"]},
        "tie_word_embeddings": text["tie_word_embeddings"],
        "dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def folder_3b(tmp_path_factory) -> Path:
    return config_folder(tmp_path_factory.mktemp("qwen_3b"), QWEN_3B, VISION)


@pytest.fixture(scope="session")
def folder_7b(tmp_path_factory) -> Path:
    return config_folder(tmp_path_factory.mktemp("qwen_7b"), QWEN_7B, VISION)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    return config_folder(tmp_path_factory.mktemp("small"), SMALL, SMALL_VISION)


@pytest.fixture(scope="session")
def life_clip(tmp_path_factory) -> Path:
    """Three seconds of 56 x 56 pixels."""
    path = tmp_path_factory.mktemp("life") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 56, 56, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for number in range(30):
            pixels = np.full((56, 56, 3), 8 * number, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
