"""The trained model as one folder that any tool loads: adapters merged, nothing else beside it.

A run's own directory grows with checkpoints and records. What is evaluated and pushed is named by
its bytes, so it lies apart.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError

FOLDER: Final = "model"
_FILES: Final = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")
_OF_THE_RUN: Final = (
    *("recipe.json", "trainer_state.json", "all_results.json", "train_results.json"),
    *("adapter_config.json", "adapter_model.safetensors", "train.json"),
)


def export_model(output_dir: Path, *, base: Path, dtype: str | None = None) -> Path:
    """Put the weights that a run saved into a folder of their own.

    Args:
        output_dir: Where the trainer saved them, with processor and configuration.
        base: The checkpoint that adapters belong to; read only where adapters were trained.
        dtype: As which weights are merged; as the base has them by default.

    Raises:
        UserError: there are no weights, or the folder cannot be written.
    """
    target = output_dir / FOLDER
    is_adapted = (output_dir / "adapter_config.json").is_file()
    if not is_adapted and not any(output_dir.glob("*.safetensors")):
        raise UserError(
            f"got no weights in {output_dir}, expected those that a run saves at its end; resume it"
        )
    draft = output_dir / f".{FOLDER}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        if is_adapted:
            _save_merged(output_dir, draft, base=base, dtype=dtype)
        for pattern in _FILES:
            for path in output_dir.glob(pattern):
                is_kept = path.is_file() and path.name not in _OF_THE_RUN
                if is_kept and not (draft / path.name).exists():
                    _link(path, draft / path.name)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise UserError(
            f"{target}: cannot be written ({error.strerror}), expected room for the weights; free "
            "some space and resume from the last checkpoint"
        ) from error
    return target


def _save_merged(adapters: Path, target: Path, *, base: Path, dtype: str | None) -> None:
    """Add adapters to the weights they were trained on, on the CPU."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    loaded_as: Any = "auto" if dtype in (None, "auto") else getattr(torch, str(dtype))
    network = AutoModelForImageTextToText.from_pretrained(base, dtype=loaded_as)
    merged = PeftModel.from_pretrained(network, str(adapters)).merge_and_unload()
    merged.save_pretrained(target)


def _link(path: Path, target: Path) -> None:
    """Name a file twice; a file system that cannot gets a copy."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)
