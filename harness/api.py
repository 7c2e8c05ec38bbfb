"""`evaluate`: the command as one typed call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rarft.harness.flags import parse_pairs
from rarft.harness.judges.judge_config import JudgeConfig, JudgeEffort
from rarft.harness.models.card import PromptMode
from rarft.harness.replies import Policy
from rarft.harness.run_config import N_RESAMPLES, RunConfig
from rarft.harness.video.input import VideoInput


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
    video_input: VideoInput = "shown",
    repeats: int = 1,
    n_resamples: int = N_RESAMPLES,
    judging: JudgeConfig | None = None,
    judge_effort: JudgeEffort | None = None,
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
        output_path: The run's directory, which others may share; None keeps nothing.
        gen_kwargs: Generation settings over the card's.
        seed: Seed of the model and of the bootstrap.
        metadata: Arguments for the task loaders.
        include_path: Folders with more tasks and model cards.
        policy: `paper` counts an unparsed reply as a refusal, `strict` as wrong.
        prompt_mode: `refusal` or `native`; None leaves it to each task.
        prompt_file: A prompt with `{query}` in it, instead of the card's.
        video_input: `black` shows black frames instead of each video, `other` another video.
        repeats: How often each query is asked; above 1 needs sampling.
        n_resamples: Resamples of the interval bootstrap.
        judging: Who judges explanations; None is what needs no network.
        judge_effort: Budget and concurrency of judges that ask an LLM.
        fresh: Forget what the directory holds.
        show_progress: Show bars on stderr.

    Raises:
        UserError: a flag, a task, a card or an annotation is wrong.
    """
    from rarft.harness.run import run_to_results as run

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
        video_input=video_input,
        repeats=repeats,
        n_resamples=n_resamples,
        judging=judging or JudgeConfig(),
    )
    if output_path is not None:
        return run(
            config,
            Path(output_path),
            fresh=fresh,
            show_progress=show_progress,
            effort=judge_effort,
        )
    with tempfile.TemporaryDirectory(prefix="rarft-") as directory:
        return run(config, Path(directory), show_progress=show_progress, effort=judge_effort)


def _pairs(value: str | Mapping[str, Any], *, flag: str) -> dict[str, Any]:
    return parse_pairs(value, flag=flag) if isinstance(value, str) else dict(value)
