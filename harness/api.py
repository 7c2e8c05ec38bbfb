"""`evaluate`: the command as one typed call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rarft.harness.flags import parse_pairs
from rarft.harness.models.card import PromptMode
from rarft.harness.replies import Policy
from rarft.harness.run_config import N_RESAMPLES, RunConfig


def evaluate(
    model: str,
    tasks: str | Sequence[str],
    *,
    model_args: str | Mapping[str, Any] = "",
    batch_size: int | None = None,
    limit: float | None = None,
    output_path: str | Path | None = None,
    gen_kwargs: str | Mapping[str, Any] = "",
    seed: int = 0,
    metadata: Mapping[str, Any] | None = None,
    include_path: Sequence[str | Path] = (),
    policy: Policy = "paper",
    prompt_mode: PromptMode | None = None,
    prompt_file: str | Path | None = None,
    n_resamples: int = N_RESAMPLES,
    fresh: bool = False,
    show_progress: bool = False,
) -> dict[str, Any]:
    """Evaluate a model on tasks and return what results.json holds.

    Args:
        model: A model card's name.
        tasks: Task names or patterns, as a list or comma separated.
        model_args: Backend arguments, as a mapping or `key=value,key=value`.
        batch_size: Requests a batch; None leaves it to the backend.
        limit: Queries per task, or below 1 a share of them.
        output_path: The run's directory, which a later call resumes; None keeps nothing.
        gen_kwargs: Generation settings over the card's.
        seed: Seed of the model and of the bootstrap.
        metadata: Arguments for the task loaders.
        include_path: Folders with more tasks and model cards.
        policy: `paper` counts an unparsed reply as a refusal, `strict` as wrong.
        prompt_mode: `refusal` or `native`; None leaves it to each task.
        prompt_file: A prompt with `{query}` in it, instead of the card's.
        n_resamples: Resamples of the interval bootstrap.
        fresh: Forget what the directory holds.
        show_progress: Show bars on stderr.

    Raises:
        UserError: a flag, a task, a card or an annotation is wrong.
    """
    from rarft.harness.run import run

    config = RunConfig(
        model=model,
        tasks=tuple(tasks.split(",") if isinstance(tasks, str) else tasks),
        model_args=_pairs(model_args, flag="model_args"),
        gen_kwargs=_pairs(gen_kwargs, flag="gen_kwargs"),
        metadata=dict(metadata or {}),
        include_path=tuple(map(str, include_path)),
        batch_size=batch_size,
        limit=limit,
        seed=seed,
        policy=policy,
        prompt_mode=prompt_mode,
        prompt_file=str(prompt_file) if prompt_file is not None else None,
        n_resamples=n_resamples,
    )
    if output_path is not None:
        return run(config, Path(output_path), fresh=fresh, show_progress=show_progress)
    with tempfile.TemporaryDirectory(prefix="rarft-") as directory:
        return run(config, Path(directory), show_progress=show_progress)


def _pairs(value: str | Mapping[str, Any], *, flag: str) -> dict[str, Any]:
    return parse_pairs(value, flag=flag) if isinstance(value, str) else dict(value)
