"""The runs of a comparison: read, checked that they answered the same, and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.metrics import QueryOutcome
from rarft.harness.replies import Policy
from rarft.harness.report.compare_judges import judge_notes
from rarft.harness.report.runs import RunView, read_run
from rarft.harness.report.sample_outcomes import read_outcomes
from rarft.harness.report.schema import Results

NOTED: Final[dict[str, str]] = {
    "limit": "--limit",
    "prompt_mode": "--prompt_mode",
    "video_input": "--video_input",
    "repeats": "--repeats",
    "model_args": "--model_args",
    "gen_kwargs": "--gen_kwargs",
    "seed": "--seed",
}
"""Settings that runs may differ in, which whoever reads the comparison must know."""
_SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run, with the outcomes of each task that all runs share."""

    name: str
    results: Results
    policy: Policy
    outcomes: Mapping[str, tuple[QueryOutcome, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRuns:
    """The runs in the order they were given; `notes` is what sets them apart beside the model."""

    runs: tuple[ComparedRun, ...]
    tasks: tuple[str, ...]
    notes: tuple[str, ...]


def read_compared_runs(directories: Sequence[Path]) -> ComparedRuns:
    """Read the runs and check that they can be compared.

    Raises:
        UserError: there are fewer than two runs or one comes twice, a run cannot be read, no task
            is in all of them, or they differ in the rows of a task or in the scoring policy.
    """
    if len(directories) < 2:
        raise UserError(
            f"got {len(directories)} run to compare, expected two or more; name their directories"
        )
    if len({path.resolve() for path in directories}) < len(directories):
        raise UserError("got the same run twice, expected different output directories")
    views = [read_run(path) for path in directories]
    names = run_names(directories)
    tasks = _shared_tasks(views, names)
    policy = _shared_policy(views, names)
    for task in tasks:
        _check_rows(views, names, task)
    runs = [
        ComparedRun(
            name=name,
            results=view.results,
            policy=policy,
            outcomes={task: read_outcomes(path, task, policy) for task in tasks},
        )
        for path, name, view in zip(directories, names, views, strict=True)
    ]
    return ComparedRuns(runs=tuple(runs), tasks=tasks, notes=tuple(_notes(runs)))


def run_names(directories: Sequence[Path]) -> list[str]:
    """Name each run by its directory, with the folders that tell equal names apart.

    Example:
        >>> run_names([Path("one/qwen"), Path("two/qwen"), Path("out/vlp")])
        ['one/qwen', 'two/qwen', 'vlp']
    """
    parts = [path.resolve().parts for path in directories]
    shared = Counter(one[-1] for one in parts)
    length = 1
    while True:
        names = [
            Path(*one[-length:]).as_posix() if shared[one[-1]] > 1 else one[-1] for one in parts
        ]
        if len(set(names)) == len(set(parts)) or length > max(map(len, parts)):
            return names
        length += 1


def _shared_tasks(views: Sequence[RunView], names: Sequence[str]) -> tuple[str, ...]:
    shared = [
        task for task in views[0].results.tasks if all(task in v.results.tasks for v in views)
    ]
    if not shared:
        held = "; ".join(
            f"{name}: {', '.join(view.results.tasks)}"
            for name, view in zip(names, views, strict=True)
        )
        raise UserError(f"got runs with no task in common ({held}), expected one; run them on it")
    return tuple(shared)


def _shared_policy(views: Sequence[RunView], names: Sequence[str]) -> Policy:
    policies = [view.results.config.get("policy", "paper") for view in views]
    if len(set(policies)) > 1:
        held = ", ".join(f"{name}: {one}" for name, one in zip(names, policies, strict=True))
        raise UserError(
            f"got runs scored by different policies ({held}), expected one; score them again with "
            "rarft-eval score DIRECTORY --policy POLICY"
        )
    return "strict" if policies[0] == "strict" else "paper"


def _check_rows(views: Sequence[RunView], names: Sequence[str], task: str) -> None:
    digests = [_provenance(view.results, task).get("rows_sha256") for view in views]
    for name, digest in zip(names, digests, strict=True):
        if digest != digests[0]:
            raise UserError(
                f"got other rows of task {task} in {name} than in {names[0]}, expected the same "
                "annotation; run both on it"
            )


def _provenance(results: Results, task: str) -> Mapping[str, Any]:
    named: Mapping[str, Any] = results.provenance.get("tasks", {}).get(task) or {}
    return named


def _notes(runs: Sequence[ComparedRun]) -> list[str]:
    notes = []
    every = {task for run in runs for task in run.results.tasks}
    left_out = sorted(every - set(runs[0].outcomes))
    if left_out:
        notes.append(f"Not in every run, and left out: {', '.join(left_out)}.")
    for key, flag in NOTED.items():
        values = [run.results.config.get(key) for run in runs]
        if any(value != values[0] for value in values):
            written = [_setting(key, run.results, values) for run in runs]
            notes.append(f"The runs differ in {flag}: {_by_run(runs, written)}.")
    for task in runs[0].outcomes:
        versions = [_provenance(run.results, task).get("version") for run in runs]
        if any(version != versions[0] for version in versions):
            notes.append(f"The runs differ in the version of {task}: {_by_run(runs, versions)}.")
    prompts = [_prompt_digest(run.results) for run in runs]
    if any(digest != prompts[0] for digest in prompts):
        notes.append("The runs used different prompts.")
    marks = [", ".join(_prompt_marks(run)) for run in runs]
    if any(marks):
        notes.append(f"Asked by: {_by_run(runs, [one or 'no prompt' for one in marks])}.")
    notes += judge_notes([run.results for run in runs], [run.name for run in runs])
    return notes


def _prompt_digest(results: Results) -> dict[str, Any]:
    prompts = results.provenance.get("prompts") or {}
    return {mode: (prompt or {}).get("sha256") for mode, prompt in prompts.items()}


def _setting(key: str, results: Results, values: Sequence[Any]) -> str:
    """Write a setting of one run; of several arguments, those that are not the same in all runs."""
    value = results.config.get(key)
    if key == "limit":
        return results.asked or "all"
    if isinstance(value, Mapping):
        others = [one if isinstance(one, Mapping) else {} for one in values]
        own = [
            f"{name}={_shortened(one)}"
            for name, one in value.items()
            if any(name not in other or other[name] != one for other in others)
        ]
        return " ".join(own) or "none"
    return "not given" if value is None else _shortened(value)


def _shortened(value: object) -> str:
    """Return a value on one line; of a long one, such as a path, the end."""
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"…{text[1 - _SHOWN_CHARACTERS :]}"


def _prompt_marks(run: ComparedRun) -> list[str]:
    """Return in whose words a run asked the compared tasks, each once."""
    marks = (run.results.prompt_mark(task) for task in run.outcomes)
    return sorted({mark for mark in marks if mark})


def _by_run(runs: Sequence[ComparedRun], values: Sequence[Any]) -> str:
    return ", ".join(f"{run.name} {value}" for run, value in zip(runs, values, strict=True))
