"""What a run was asked for, stored beside its checkpoints so that no other recipe goes on there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.trainer.arguments import Arguments

RECIPE: Final = "recipe.json"
SCHEMA_VERSION: Final = 1

_WITHOUT_EFFECT: Final = (
    *("output_dir", "run_name", "resume_from_checkpoint", "disable_tqdm", "dry_run", "project"),
    *("evaluate_on", "evaluate_limit", "frames_cache", "video_memory_gb", "video_folder"),
    *("include_path", "report_to", "push_to_hub", "deepspeed"),
    *("do_train", "do_eval", "do_predict", "remove_unused_columns", "prediction_loss_only"),
    *("model_name_or_path", "model_revision", "generation_kwargs", "num_completions_to_print"),
    *("restore_callback_states_from_checkpoint", "ignore_data_skip", "enable_jit_checkpoint"),
    *("local_rank", "accelerator_config", "prompt_file", "dataset_name", "dataset_revision"),
    *("processes", "gpu_memory_gb"),
)
"""Keys that change no step; base, prompt and rows are named by what is in them instead."""
_PREFIXES_WITHOUT_EFFECT: Final = (
    *("logging_", "log_", "save_", "hub_", "eval_", "dataloader_", "ddp_", "vllm_server", "_"),
    *(
        "vllm_gpu",
        "vllm_group",
        "vllm_max",
        "vllm_tensor",
        "vllm_enable",
        "trackio_",
        "torch_empty",
    ),
)


def identity_of(arguments: Arguments, *, n_processes: int, **content: Any) -> dict[str, Any]:
    """Return every value that decides the trajectory of a run.

    Args:
        arguments: The resolved configurations.
        n_processes: How many processes train together.
        content: What files hold, by digest: the base, the prompt, the rows.
    """
    values: dict[str, Any] = {}
    for one in (arguments.run, arguments.data, arguments.training, arguments.model):
        for field in dataclasses.fields(one):
            if field.init and not _is_without_effect(field.name):
                values[field.name] = getattr(one, field.name)
    stage = zero_stage(arguments.training.deepspeed)
    values |= {"n_processes": n_processes, "zero_stage": stage, **content}
    as_json: dict[str, Any] = json.loads(json.dumps(values, default=str, sort_keys=True))
    return as_json


def zero_stage(named: Mapping[str, Any] | str | None) -> int:
    """Return the stage of a DeepSpeed configuration, whose checkpoints others cannot read.

    Args:
        named: The configuration, its JSON or the path of its file; None for a run without.

    Example:
        >>> zero_stage('{"zero_optimization": {"stage": 2}}'), zero_stage(None)
        (2, 0)
    """
    if not named:
        return 0
    if isinstance(named, str):
        text = named if named.startswith("{") else Path(named).read_text(encoding="utf-8")
        named = dict(json.loads(text))
    return int(named.get("zero_optimization", {}).get("stage", 0))


def _is_without_effect(key: str) -> bool:
    return key in _WITHOUT_EFFECT or key.startswith(_PREFIXES_WITHOUT_EFFECT)


def fingerprint(identity: Mapping[str, Any]) -> str:
    """Return one short name of a recipe.

    Example:
        >>> fingerprint({"beta": 0.04}) == fingerprint({"beta": 0.0})
        False
    """
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def write_identity(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write what a run was asked for.

    Raises:
        UserError: the folder cannot be written.
    """
    row = {
        "schema_version": SCHEMA_VERSION,
        "fingerprint": fingerprint(identity),
        "recipe": dict(identity),
    }
    write_atomic(folder / RECIPE, (json.dumps(row, indent=1, sort_keys=True) + "\n").encode())


def check_identity(checkpoint: Path, identity: Mapping[str, Any]) -> None:
    """Make sure that a checkpoint was written by the recipe that is to go on from it.

    Raises:
        UserError: it was not, or does not say; the message names the first key that differs.
    """
    found = next(
        (
            folder / RECIPE
            for folder in (checkpoint, checkpoint.parent)
            if (folder / RECIPE).is_file()
        ),
        None,
    )
    if found is None:
        raise UserError(
            f"{checkpoint}: got a checkpoint without {RECIPE}, expected one of rarft-train; start "
            "from it with --model_name_or_path instead"
        )
    try:
        stored = dict(json.loads(found.read_text(encoding="utf-8"))["recipe"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{found}: got a damaged file, expected a run's recipe; resume from another checkpoint"
        ) from error
    for key in sorted({*stored, *identity}):
        before, now = stored.get(key), identity.get(key)
        if before != now:
            raise UserError(
                f"{checkpoint}: got a checkpoint of another recipe, with {key}={_short(before)} "
                f"where this one has {_short(now)}; give the same keys, or another --output_dir"
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
