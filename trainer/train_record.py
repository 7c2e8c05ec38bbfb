"""train.json: what made a checkpoint, beside its results, for whoever ranks or repeats it."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import rarft
from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError

TRAIN: Final = "train.json"
SCHEMA_VERSION: Final = 1
_PACKAGES: Final = (
    *("torch", "transformers", "trl", "accelerate", "peft", "deepspeed", "vllm"),
    *("sentence-transformers", "safetensors"),
)
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord:
    """One training run, from its recipe to its weights.

    `recipe` is every value that decides the trajectory, and `fingerprint` its name. `data` says
    what was learned from: its name, the digest of its rows, and counts. `checkpoint` is the digest
    of the trained weights as the harness names them, `base_revision` that of what it began from.
    `hours` leave out sessions that were killed.
    """

    name: str
    method: str
    base: str
    base_revision: str | None
    checkpoint: str | None
    recipe: Mapping[str, Any]
    fingerprint: str
    seeds: Mapping[str, int | None]
    data: Mapping[str, Any]
    n_processes: int
    n_steps: int
    n_epochs: float
    hours: float
    n_skipped_videos: int = 0
    skipped_videos: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    final_figures: Mapping[str, float] = field(default_factory=dict)
    evaluation: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    rarft_version: str = rarft.__version__


def write_train_record(record: TrainRecord, directory: Path) -> Path:
    """Write train.json into a directory, such as that of the evaluation.

    Raises:
        UserError: it cannot be written.
    """
    content = {"schema_version": SCHEMA_VERSION, **asdict(record)}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    path = directory / TRAIN
    write_atomic(path, f"{text}\n".encode())
    return path


def read_train_record(path: Path) -> TrainRecord:
    """Read a train.json back.

    Raises:
        UserError: it is missing, damaged or of another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("schema_version")
        content["warnings"] = tuple(content["warnings"])
        record = TrainRecord(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: got no usable record ({reason}), expected a train.json"
        ) from error
    if version != SCHEMA_VERSION:
        raise UserError(f"{path}: got schema_version {version}, expected {SCHEMA_VERSION}")
    return record


def found_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that train."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def device_name() -> str:
    """Return the name of the first GPU, or cpu."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"


def hours_of(history: Any) -> float:
    """Return the hours of training that transformers' log history tells.

    A session that was killed left no such entry.

    Example:
        >>> hours_of([{"loss": 1.0}, {"train_runtime": 5400.0}])
        1.5
    """
    seconds = sum(float(entry.get("train_runtime", 0.0)) for entry in history)
    return round(seconds / _SECONDS_PER_HOUR, 4)


def last_figures(history: Any) -> dict[str, float]:
    """Return the numbers of the last logging step of training.

    Example:
        >>> last_figures([{"reward": 1.0, "step": 1}, {"reward": 2.0, "step": 2},
        ...               {"train_runtime": 9.0, "step": 2}])
        {'reward': 2.0, 'step': 2}
    """
    for entry in reversed(list(history)):
        if "train_runtime" not in entry and ("reward" in entry or "loss" in entry):
            return {key: value for key, value in entry.items() if isinstance(value, int | float)}
    return {}
