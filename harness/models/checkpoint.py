"""Load a checkpoint of the Qwen2.5-VL family: from the Hub, a folder, or this package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
    Qwen2_5_VLForConditionalGeneration,
)
from transformers.utils import logging as transformers_logging

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.rope_time import mend_positions
from rarft.harness.models.tiny_weights import draw_weights

PACKAGE_PREFIX: Final = "package:"
DTYPES: Final = {
    "bfloat16": torch.bfloat16,
    "bf16": torch.bfloat16,
    "float16": torch.float16,
    "fp16": torch.float16,
    "half": torch.float16,
    "float32": torch.float32,
    "fp32": torch.float32,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointChoice:
    """What to load and where; `name` is a Hub id, a folder or `package:<folder>`."""

    name: str
    revision: str | None
    dtype: torch.dtype
    device: torch.device
    attn_implementation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A loaded network with its processor; `own_generation` is what the checkpoint ships."""

    network: Any
    processor: Any
    own_generation: Any


def choose_device(named: str) -> torch.device:
    """Return the device of that name; `auto` is the first GPU, else the CPU.

    Raises:
        UserError: there is no such device.
    """
    if named == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(named)
    except RuntimeError as error:
        raise UserError(f"got device={named}, expected auto, cpu, cuda or cuda:<n>") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(f"got device={named}, but torch sees no CUDA device; give device=cpu")
    return device


def choose_dtype(named: str, device: torch.device) -> torch.dtype:
    """Return the dtype of that name; `auto` is bfloat16 on a GPU, else float32.

    Raises:
        UserError: there is no such dtype.
    """
    if named == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if named not in DTYPES:
        raise UserError(f"got dtype={named}, expected auto or one of {', '.join(DTYPES)}")
    return DTYPES[named]


def checkpoint_folder(name: str) -> str:
    """Return where transformers finds a checkpoint: a packaged one lies beside this file."""
    if name.startswith(PACKAGE_PREFIX):
        return str(Path(__file__).parent / name.removeprefix(PACKAGE_PREFIX))
    return name


def load_checkpoint(choice: CheckpointChoice) -> Checkpoint:
    """Load network and processor, ready to answer.

    Raises:
        NotFoundError: the checkpoint is not on this machine and cannot be downloaded.
        UserError: it is no Qwen2.5-VL, or lacks a file.
    """
    folder = checkpoint_folder(choice.name)
    source: dict[str, Any] = {"pretrained_model_name_or_path": folder, "revision": choice.revision}
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(**source)
        if config.model_type != "qwen2_5_vl":
            raise UserError(
                f"got pretrained={choice.name} of type {config.model_type}, expected qwen2_5_vl"
            )
        processor = AutoProcessor.from_pretrained(**source)
        network = _load_network(choice, config, source)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise NotFoundError(
            f"got pretrained={choice.name}, which cannot be loaded ({reason}), expected a Hub id "
            "or a folder; check the name or give --model_args pretrained=<folder>"
        ) from error
    processor.tokenizer.padding_side = "left"
    mend_positions(network)
    own_generation = network.generation_config
    if own_generation.eos_token_id is None:
        own_generation.eos_token_id = processor.tokenizer.eos_token_id
    # transformers fills what a call leaves open from here, such as a repetition penalty of 1.05.
    network.generation_config = GenerationConfig()
    return Checkpoint(network=network.eval(), processor=processor, own_generation=own_generation)


def _load_network(choice: CheckpointChoice, config: Any, source: dict[str, Any]) -> Any:
    folder = Path(source["pretrained_model_name_or_path"])
    if choice.name.startswith(PACKAGE_PREFIX) and not (folder / "model.safetensors").is_file():
        # Building a network draws weights from the global generator, only to be drawn again.
        with torch.random.fork_rng(devices=[]):
            network = AutoModelForImageTextToText.from_config(
                config, attn_implementation=choice.attn_implementation
            )
        draw_weights(network)
        network.generation_config = GenerationConfig.from_pretrained(folder)
        return network.to(device=choice.device, dtype=choice.dtype)
    placed = "auto" if choice.device == torch.device("cuda") else {"": choice.device}
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(
        **source,
        dtype=choice.dtype,
        attn_implementation=choice.attn_implementation,
        device_map=placed if choice.device.type == "cuda" else None,
    )
