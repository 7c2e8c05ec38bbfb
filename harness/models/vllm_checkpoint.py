"""What both this process and vLLM read of a checkpoint: its files, processor and end tokens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import torch
from safetensors.torch import save_file
from transformers import (
    AutoConfig,
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
)

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.revision import (
    PACKAGE_PREFIX,
    checkpoint_folder,
    hub_commit,
    is_offline,
)
from rarft.harness.models.tiny_weights import SEED, WEIGHTS_VERSION, draw_weights
from rarft.harness.models.vllm_types import KNOWN_DIFFERENT, TRAINED_TIME, known_difference


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmCheckpoint:
    """A checkpoint that vLLM can load from `source`, and what prompts and replies need of it.

    `shipped` holds the sampling values the checkpoint comes with.
    """

    source: str
    revision: str | None
    model_type: str
    processor: Any
    end_tokens: list[int]
    shipped: Mapping[str, Any]
    positions_per_second: int

    @property
    def has_trained_time(self) -> bool:
        """Say whether the engine's positions can be compared with the trained ones."""
        return self.model_type in TRAINED_TIME


def read_checkpoint(
    name: str,
    revision: str | None,
    *,
    cache: Path,
    allows_time_mismatch: bool,
    trusts_code: bool = False,
) -> VllmCheckpoint:
    """Read configuration, processor and end tokens; weights are vLLM's own business.

    Raises:
        NotFoundError: the checkpoint is not on this machine and cannot be downloaded.
        UserError: it is no model of this backend, or one whose time vLLM is known to get wrong.
    """
    folder = checkpoint_folder(name)
    is_folder = Path(folder).is_dir()
    if not is_folder:
        revision = hub_commit(name, revision) or revision
    source: dict[str, Any] = {
        "pretrained_model_name_or_path": folder,
        "revision": revision,
        # Left open, transformers would ask at the terminal.
        "trust_remote_code": trusts_code,
    }
    if is_offline():
        source["local_files_only"] = True
    try:
        config = AutoConfig.from_pretrained(**source)
        _check_type(name, config.model_type, allows_time_mismatch=allows_time_mismatch)
        processor = AutoProcessor.from_pretrained(**source)
        own = _own_generation(source)
    except _LOAD_ERRORS as error:
        if "trust_remote_code" in f"{error}":
            raise UserError(
                f"got pretrained={name}, which brings code of its own, expected none; if you "
                "trust it give --model_args trust_remote_code=true, which runs it"
            ) from error
        raise NotFoundError(
            f"got pretrained={name}, which cannot be loaded ({one_line(error)}), expected a Hub id "
            "or a folder; check the name or give --model_args pretrained=<folder>"
        ) from error
    end_tokens = own.eos_token_id
    if end_tokens is None:
        end_tokens = processor.tokenizer.eos_token_id
    is_drawn = name.startswith(PACKAGE_PREFIX) and not list(Path(folder).glob("*.safetensors"))
    vision = getattr(config, "vision_config", None)
    return VllmCheckpoint(
        source=str(_drawn_folder(Path(folder), cache=cache)) if is_drawn else folder,
        revision=None if is_folder else revision,
        model_type=config.model_type,
        processor=processor,
        end_tokens=[end_tokens] if isinstance(end_tokens, int) else list(end_tokens),
        shipped={one: getattr(own, one, None) for one in ("temperature", "top_k", "top_p")},
        positions_per_second=getattr(vision, "tokens_per_second", 1),
    )


def one_line(error: BaseException) -> str:
    """Return an error's message as one short line, its type where it has none.

    Example:
        >>> one_line(ValueError("too   long")), one_line(KeyError())
        ('too long', 'KeyError')
    """
    return " ".join(f"{error}".split())[:300] or type(error).__name__


_LOAD_ERRORS: Final = (OSError, ValueError, KeyError, TypeError, ImportError, httpx.HTTPError)


def _check_type(name: str, model_type: str, *, allows_time_mismatch: bool) -> None:
    if model_type in TRAINED_TIME:
        return
    if model_type not in KNOWN_DIFFERENT:
        expected = ", ".join((*TRAINED_TIME, *KNOWN_DIFFERENT))
        raise UserError(
            f"got pretrained={name} of type {model_type}, expected one of {expected} for the "
            "backend vllm"
        )
    if not allows_time_mismatch:
        raise UserError(known_difference(f"pretrained={name}", model_type))


def _own_generation(source: Mapping[str, Any]) -> Any:
    arguments = {**source, "pretrained_model_name": source["pretrained_model_name_or_path"]}
    del arguments["pretrained_model_name_or_path"]
    try:
        return GenerationConfig.from_pretrained(**arguments)
    except OSError:
        return GenerationConfig()


def _drawn_folder(folder: Path, *, cache: Path) -> Path:
    """Write an untrained packaged checkpoint with its weights, once; vLLM reads files alone."""
    target = cache / "checkpoints" / f"{folder.name}-{WEIGHTS_VERSION}-{SEED}"
    if (target / "model.safetensors").is_file():
        return target
    with torch.random.fork_rng(devices=[]):
        network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder))
    draw_weights(network)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as written:
        for path in folder.iterdir():
            if path.suffix in (".json", ".jinja"):
                shutil.copy(path, written)
        weights = {name: one.contiguous() for name, one in network.state_dict().items()}
        save_file(weights, Path(written) / "model.safetensors", metadata={"format": "pt"})
        Path(written).chmod(0o755)
        # Another worker may have been first: its files are the same.
        if not target.is_dir():
            Path(written).replace(target)
            Path(written).mkdir()
    return target
