"""Load what is trained: a checkpoint of the Qwen2.5-VL family and its processor, from a folder.

TRL loads the reference, and vLLM the policy, by the name that a loaded network has. So a Hub id is
first made a folder, whose files no later commit changes, and drawn weights are written once.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_model
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
)
from transformers.integrations.deepspeed import is_deepspeed_zero3_enabled

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.card import Card
from rarft.harness.models.revision import (
    PACKAGE_PREFIX,
    checkpoint_folder,
    is_offline,
    resolve_revision,
)
from rarft.harness.models.tiny_weights import SEED, WEIGHTS_VERSION, draw_weights
from rarft.trainer.reward_encoder import outside_zero3

ARCHITECTURE: Final = "qwen2_5_vl"
_FILES: Final = ("*.json", "*.txt", "*.jinja", "*.model")
_WEIGHTS: Final = ("*.safetensors",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where training begins: the checkpoint as it was named, its revision, and its folder."""

    name: str
    revision: str | None
    folder: Path


def find_base(
    card: Card, *, name: str | None, revision: str | None, needs_weights: bool = True
) -> Base:
    """Return the checkpoint of a card, or one given instead of it.

    Args:
        card: The model's card.
        name: A checkpoint that is taken instead of the card's.
        revision: Its revision on the Hub.
        needs_weights: Whether weights are downloaded with the configuration.

    Raises:
        NotFoundError: it is not on this machine and cannot be downloaded.
        UserError: the card names no checkpoint and none is given, or it is of another kind.
    """
    checkpoint = name or card.checkpoint
    if checkpoint is None:
        raise UserError(
            f"got the card {card.name}, which names no checkpoint, expected one to train; give "
            "--model_name_or_path with a Hub id or a folder"
        )
    revision = revision or (None if name else card.revision)
    folder = _folder(checkpoint, revision, needs_weights=needs_weights)
    kind = _architecture(checkpoint, folder)
    if kind != ARCHITECTURE:
        raise UserError(
            f"got model_name_or_path={checkpoint} of type {kind}, expected a model of type "
            f"{ARCHITECTURE}; name another checkpoint"
        )
    named = {"pretrained": checkpoint, **({"revision": revision} if revision else {})}
    return Base(name=checkpoint, revision=resolve_revision(card, model_args=named), folder=folder)


def load_processor(base: Base) -> Any:
    """Return the processor of a checkpoint."""
    processor = AutoProcessor.from_pretrained(base.folder)
    processor.tokenizer.padding_side = "left"
    return processor


def load_network(base: Base, *, dtype: str | None, attn_implementation: str | None) -> Any:
    """Load the weights; with ZeRO-3 every process keeps its part of them only.

    Raises:
        UserError: they are damaged, or do not fit into memory.
    """
    settings: dict[str, Any] = {
        "dtype": dtype if dtype in (None, "auto") else getattr(torch, dtype)
    }
    if attn_implementation:
        settings["attn_implementation"] = attn_implementation
    if not is_deepspeed_zero3_enabled():
        settings["device_map"] = None
    try:
        return AutoModelForImageTextToText.from_pretrained(
            base.folder, use_safetensors=True, **settings
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"got model_name_or_path={base.name}, which cannot be loaded ({reason}), expected a "
            "whole checkpoint; download or save it again, or mend dtype and attn_implementation"
        ) from error


def _folder(checkpoint: str, revision: str | None, *, needs_weights: bool) -> Path:
    folder = Path(checkpoint_folder(checkpoint)).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise NotFoundError(
                f"got model_name_or_path={checkpoint}, a folder without config.json, expected a "
                "saved checkpoint; name the folder that holds its files"
            )
        has_weights = any(folder.glob("*.safetensors"))
        is_packaged = checkpoint.startswith(PACKAGE_PREFIX)
        is_drawn = is_packaged and not has_weights and needs_weights
        return _drawn(folder) if is_drawn else folder
    files = (*_FILES, *_WEIGHTS) if needs_weights else _FILES
    return _snapshot(checkpoint, revision, files)


def _snapshot(checkpoint: str, revision: str | None, files: Sequence[str]) -> Path:
    import httpx
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(
            snapshot_download(
                checkpoint,
                revision=revision,
                allow_patterns=list(files),
                local_files_only=is_offline(),
            )
        )
    except (OSError, ValueError, HFValidationError, HfHubHTTPError, httpx.HTTPError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotFoundError(
            f"got model_name_or_path={checkpoint}, which is no folder and cannot be downloaded "
            f"({reason}), expected a Hub id or a folder; check the name"
        ) from error


def _architecture(checkpoint: str, folder: Path) -> str:
    try:
        kind: str = AutoConfig.from_pretrained(folder).model_type
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"got model_name_or_path={checkpoint}, whose config.json cannot be read ({reason}), "
            "expected a saved checkpoint; save it again"
        ) from error
    return kind


def _drawn(source: Path) -> Path:
    """Return a folder with the weights that a packaged checkpoint only describes."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.glob("*.json"))))
    name = f"{source.name}-{SEED}-{WEIGHTS_VERSION}-{digest.hexdigest()[:12]}"
    folder = cache_directory().absolute() / "drawn" / name
    if (folder / "model.safetensors").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{source.name}-", dir=folder.parent))
    for path in source.iterdir():
        if path.suffix in (".json", ".jinja", ".txt"):
            shutil.copyfile(path, draft / path.name)
    with outside_zero3(), torch.random.fork_rng(devices=[]):
        network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(source))
        draw_weights(network)
    # save_pretrained would write nothing in any process but the first.
    save_model(network, str(draft / "model.safetensors"), metadata={"format": "pt"})
    try:
        draft.rename(folder)
    except OSError:
        # Another process was faster; it wrote the same.
        shutil.rmtree(draft)
    return folder
