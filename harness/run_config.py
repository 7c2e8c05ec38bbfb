"""One run, resolved: every flag that can change a digit, written into its results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.judges.judge_config import JudgeConfig, judge_config_from_json
from rarft.harness.models.card import PromptMode
from rarft.harness.replies import Policy
from rarft.harness.video.input import VideoInput

N_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """The flags of `rarft-eval run`, with lm-eval's names and meanings.

    `limit` is a number of queries per task, or below 1 a share of them. `batch_size` None is
    lm-eval's auto; `prompt_mode` None leaves the choice to each task. `repeats` is how often each
    query is asked, with a seed of its own each time.

    Raises:
        UserError: a value is out of range.
    """

    model: str
    tasks: tuple[str, ...]
    model_args: Mapping[str, Any] = field(default_factory=dict)
    gen_kwargs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    include_path: tuple[str, ...] = ()
    batch_size: int | None = None
    limit: float | None = None
    seed: int = 0
    policy: Policy = "paper"
    prompt_mode: PromptMode | None = None
    prompt_file: str | None = None
    video_input: VideoInput = "shown"
    repeats: int = 1
    n_resamples: int = N_RESAMPLES
    judging: JudgeConfig = field(default_factory=JudgeConfig)

    def __post_init__(self) -> None:
        checks: dict[str, tuple[object, bool, str]] = {
            "limit": (self.limit, self.limit is None or self.limit > 0, "a number above 0"),
            "batch_size": (
                self.batch_size,
                self.batch_size is None or self.batch_size > 0,
                "a number above 0, or auto",
            ),
            "n_resamples": (self.n_resamples, self.n_resamples > 0, "a number above 0"),
            "repeats": (self.repeats, self.repeats > 0, "a number above 0"),
            "video_input": (
                self.video_input,
                self.video_input in get_args(VideoInput),
                "shown, black or other",
            ),
            "seed": (self.seed, self.seed >= 0, "a number from 0"),
            "policy": (self.policy, self.policy in get_args(Policy), "paper or strict"),
            "prompt_mode": (
                self.prompt_mode,
                self.prompt_mode in (None, *get_args(PromptMode)),
                "refusal or native",
            ),
        }
        for name in ("model_args", "gen_kwargs", "metadata"):
            value = getattr(self, name)
            checks[name] = (value, _is_json(value), "values that JSON can hold")
        for name, (got, is_right, expected) in checks.items():
            if not is_right:
                raise UserError(f"got --{name} {got}, expected {expected}")

    def to_json(self) -> dict[str, Any]:
        """Return the flags as a JSON object."""
        return asdict(self) | {
            "tasks": list(self.tasks),
            "include_path": list(self.include_path),
            "judging": self.judging.to_json(),
        }

    @property
    def include_folders(self) -> tuple[Path, ...]:
        """Return the user's folders of tasks and cards."""
        return tuple(map(Path, self.include_path))


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def read_config(path: Path) -> RunConfig:
    """Read the flags a results.json or run.json was made with.

    Raises:
        UserError: the file does not exist, is not JSON, or holds no such flags.
    """
    if not path.is_file():
        raise NotFoundError(f"got --config {path}, expected a results.json; check the path")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["config"]
        return config_from_json(config)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: got a file without a run's flags ({reason}), expected a results.json"
        ) from error


def config_from_json(config: Mapping[str, Any]) -> RunConfig:
    """Build the flags from their JSON object; keys of other versions are left out."""
    known = {item.name for item in fields(RunConfig)}
    values = {key: value for key, value in config.items() if key in known}
    values["tasks"] = tuple(values["tasks"])
    values["include_path"] = tuple(values.get("include_path", ()))
    values["judging"] = judge_config_from_json(values.get("judging", {}))
    return RunConfig(**values)
