"""The network, tokenizer and processor of a tiny Qwen2.5-VL, from nothing."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
    Qwen2_5_VLConfig,
)

from rarft.harness.models.rope_time import mend_positions
from rarft.harness.models.tiny_weights import draw_weights
from rarft.trainer.tiny.tokenizer import save_tokenizer
from rarft.trainer.tiny.vision import batch_frames

TEXT: Final[dict[str, Any]] = {
    "hidden_size": 160,
    "intermediate_size": 384,
    "num_attention_heads": 5,
    "num_key_value_heads": 5,
    "tie_word_embeddings": False,
}
VISION: Final = {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 176,
    "num_heads": 2,
    "out_hidden_size": TEXT["hidden_size"],
    "fullatt_block_indexes": [0, 1],
    "patch_size": 7,
    "spatial_merge_size": 4,
}
"""Patches of 7 pixels: through one of 14 and 96 numbers, small shapes do not pass. Sixteen patches
make one token, so that a second of video is still four tokens."""
MAX_NEW_TOKENS: Final = 160
PROCESSOR_FILES: Final = (
    *("tokenizer.json", "tokenizer_config.json"),
    *("chat_template.jinja", "processor_config.json"),
)
"""What a checkpoint takes over from the folder of `write_processor` as it is."""
CHAT_TEMPLATE: Final = """\
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string -%}
{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'video' -%}
<|vision_start|><|video_pad|><|vision_end|>
{%- elif part['type'] == 'image' -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- else -%}
{{ part['text'] }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def write_processor(folder: Path) -> None:
    """Write tokenizer, chat template, processor and configuration of the network."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tokenizer(folder)
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    source = Path(str(files("rarft.harness.models") / "tiny"))
    processor = json.loads((source / "processor_config.json").read_text(encoding="utf-8"))
    for part in ("image_processor", "video_processor"):
        processor[part] |= {
            "patch_size": VISION["patch_size"],
            "merge_size": VISION["spatial_merge_size"],
        }
    _write_json(folder / "processor_config.json", processor)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    _write_json(folder / "config.json", _configured(config, folder))
    _write_json(folder / "generation_config.json", _generation(folder))


def _configured(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    ids = _token_ids(folder)
    config["vision_config"] |= VISION
    config["text_config"] |= {
        **TEXT,
        "vocab_size": len(ids) + -len(ids) % 32,
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    config |= {
        "tie_word_embeddings": TEXT["tie_word_embeddings"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }
    return config


def _generation(folder: Path) -> dict[str, Any]:
    ids = _token_ids(folder)
    return {
        "do_sample": False,
        "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]],
        "pad_token_id": ids["<|endoftext|>"],
        "max_new_tokens": MAX_NEW_TOKENS,
    }


def _token_ids(folder: Path) -> dict[str, int]:
    row = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    added = {token["content"]: token["id"] for token in row["added_tokens"]}
    return {**row["model"]["vocab"], **added}


def _write_json(path: Path, row: dict[str, Any]) -> None:
    path.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")


def load_processor(folder: Path) -> Any:
    """Return the processor that `write_processor` wrote."""
    return AutoProcessor.from_pretrained(folder, local_files_only=True)


def draw_network(folder: Path, *, seed: int) -> Any:
    """Return a network of the folder's configuration with weights drawn from a seed."""
    config = Qwen2_5_VLConfig.from_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        network = AutoModelForImageTextToText.from_config(config, attn_implementation="sdpa")
    draw_weights(network, seed=seed)
    network.tie_weights()
    mend_positions(network)
    batch_frames(network)
    return network


def export_network(network: Any, processor_folder: Path, folder: Path) -> None:
    """Write an ordinary checkpoint: half-precision weights beside processor and configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(torch.float16) for name, tensor in network.state_dict().items()}
    generation = GenerationConfig.from_pretrained(processor_folder)
    network.config.dtype = torch.float16
    network.generation_config = generation
    network.save_pretrained(folder, state_dict=state)
    for name in PROCESSOR_FILES:
        shutil.copyfile(processor_folder / name, folder / name)
