"""Load a checkpoint that can be shown a video: from the Hub, a folder, or this package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
)
from transformers.utils import logging as transformers_logging

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.hf_layouts import ARCHITECTURES
from rarft.harness.models.revision import PACKAGE_PREFIX, checkpoint_folder, is_offline
from rarft.harness.models.rope_time import mend_positions
from rarft.harness.models.tiny_weights import draw_weights

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
    """What to load and where; `name` is a Hub id, a folder or `package:<folder>`.

    `trusts_code` lets a checkpoint run Python files of its own.
    """

    name: str
    revision: str | None
    dtype: torch.dtype
    device: torch.device
    attn_implementation: str
    trusts_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A loaded network with its processor; `own_generation` is what the checkpoint ships.

    `architecture` is transformers' name of the model type.
    """

    architecture: str
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


def load_checkpoint(choice: CheckpointChoice) -> Checkpoint:
    """Load network and processor, ready to answer.

    Raises:
        NotFoundError: the checkpoint is not on this machine and cannot be downloaded.
        UserError: it is no model that can be shown a video here, lacks a file or is damaged, brings
            code that is not trusted, or needs what is not installed.
    """
    folder = checkpoint_folder(choice.name)
    if Path(folder).is_dir() and not (Path(folder) / "config.json").is_file():
        raise UserError(
            f"got pretrained={choice.name}, a folder without config.json, expected a saved "
            "checkpoint; name the folder that holds its files"
        )
    # A checkpoint may bring code of its own, which runs only where the user says so. Pickled
    # weights are code, too, and never opened.
    source: dict[str, Any] = {
        "pretrained_model_name_or_path": folder,
        "revision": choice.revision,
        "trust_remote_code": choice.trusts_code,
    }
    if is_offline():
        source["local_files_only"] = True
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(**source)
        if config.model_type not in ARCHITECTURES:
            raise UserError(
                f"got pretrained={choice.name} of type {config.model_type}, expected a video model "
                f"of type {', '.join(ARCHITECTURES)}; name another checkpoint or backend"
            )
        processor = AutoProcessor.from_pretrained(**source)
        network = _load_network(choice, config, source)
    except _LOAD_ERRORS as error:
        raise _refusal(choice, error) from error
    processor.tokenizer.padding_side = "left"
    if config.model_type == "qwen2_5_vl":
        mend_positions(network)
    own_generation = network.generation_config
    if own_generation.eos_token_id is None:
        own_generation.eos_token_id = processor.tokenizer.eos_token_id
    # transformers fills what a call leaves open from here, such as a repetition penalty of 1.05.
    network.generation_config = GenerationConfig()
    return Checkpoint(
        architecture=config.model_type,
        network=network.eval(),
        processor=processor,
        own_generation=own_generation,
    )


# A damaged configuration shows as whatever transformers stumbles over.
_LOAD_ERRORS: Final = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    RuntimeError,
    SafetensorError,
    httpx.HTTPError,
)


def _refusal(choice: CheckpointChoice, error: Exception) -> UserError:
    """Return what to tell the user of a checkpoint that does not load."""
    reason = " ".join(f"{error}".split())[:300] or type(error).__name__
    is_attention_wrong = "attn_implementation" in reason or (
        isinstance(error, ImportError) and choice.attn_implementation not in ("sdpa", "eager")
    )
    if is_attention_wrong:
        return UserError(
            f"got attn_implementation={choice.attn_implementation}, which cannot be used here "
            f"({reason}); give attn_implementation=sdpa, or install what is missing"
        )
    if isinstance(error, ImportError):
        return UserError(
            f"got pretrained={choice.name}, which needs what is not installed ({reason}); "
            "install it"
        )
    if isinstance(error, torch.OutOfMemoryError):
        return UserError(
            f"got pretrained={choice.name}, which does not fit into the memory of {choice.device} "
            f"({reason}); free it, or give dtype=bfloat16 or another device"
        )
    if "trust_remote_code" in f"{error}":
        return UserError(
            f"got pretrained={choice.name}, which brings code of its own, expected none; if you "
            "trust it give --model_args trust_remote_code=true, which runs it"
        )
    if "safetensors" in reason and "no file named" in reason:
        return NotFoundError(
            f"got pretrained={choice.name}, which has no weights as safetensors, and other formats "
            "can run code; save it with transformers' save_pretrained"
        )
    if isinstance(error, (OSError, ValueError, httpx.HTTPError)):
        return NotFoundError(
            f"got pretrained={choice.name}, which cannot be loaded ({reason}), expected a Hub id "
            "or a folder; check the name or give --model_args pretrained=<folder>"
        )
    return UserError(
        f"got pretrained={choice.name}, which is damaged or of another kind ({reason}), expected a "
        "whole checkpoint; download or save it again"
    )


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
    return AutoModelForImageTextToText.from_pretrained(
        **source,
        use_safetensors=True,
        dtype=choice.dtype,
        attn_implementation=choice.attn_implementation,
        device_map=placed if choice.device.type == "cuda" else None,
    )
