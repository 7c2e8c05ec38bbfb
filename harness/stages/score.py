"""score: stored replies and judgements become results.json and samples, with no model loaded.

lm-eval's evaluator computes the figures over a replaying model; the harness computes them a second
time with their intervals and slices, and stops if the two differ.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import RarftError, UserError
from rarft.harness.judges.sample_agreement import agree
from rarft.harness.metrics import QueryOutcome, outcome
from rarft.harness.replies import ScoredText
from rarft.harness.stages.append_log import SCHEMA_VERSION
from rarft.harness.stages.floors import floor_figures
from rarft.harness.stages.judge import Judged, JudgementKey, judge_identities
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.response_store import Responses, count_workers
from rarft.harness.stages.run_record import RepeatKeys, RunRecord
from rarft.harness.stages.samples import Answer, remove_other_samples, write_samples
from rarft.harness.stages.task_figures import FILTER, task_figures

RESULTS = "results.json"
TOLERANCE = 1e-9
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def collect_answers(
    tasks: Sequence[LoadedTask],
    repeats: RepeatKeys,
    responses: Responses,
    judged: Judged,
) -> dict[tuple[str, str], Answer]:
    """Find the stored reply to each query's request of this run; none is a missing reply.

    Raises:
        UserError: the plan lacks a query, so requests.jsonl is damaged.
    """
    answers = {}
    for query in (query for task in tasks for query in task.asked):
        if (query.task, query.id) not in repeats:
            raise UserError(
                f"got no request of query {query.id} of task {query.task} in the plan of this run, "
                "expected one; run the command of the run again"
            )
        keys = [(query.task, query.id, request) for request in repeats[query.task, query.id]]
        answers[query.task, query.id] = _answer(keys, responses, judged)
    return answers


def _answer(keys: Sequence[JudgementKey], responses: Responses, judged: Judged) -> Answer:
    """Put the first reply to a query together with what the others say about its certainty."""
    row = responses.rows.get(keys[0])
    prediction = judged.predictions.get(keys[0])
    relevance_score = (row or {}).get("relevance_score")
    if len(keys) > 1:
        samples = [judged.by_rule[key] for key in keys if key in judged.by_rule]
        share, candidates = agree(samples)
        # The share of fewer samples than were asked for would not be comparable.
        relevance_score = share if len(samples) == len(keys) else None
        if prediction is not None and prediction.kind != "grounded":
            prediction = replace(prediction, candidates=candidates)
    return Answer(
        row=row,
        prediction=prediction,
        judgements=judged.judgements.get(keys[0], {}),
        relevance_score=relevance_score,
        unread=judged.unread.get(keys[0]),
    )


def score(
    record: RunRecord,
    tasks: Sequence[LoadedTask],
    answers: Mapping[tuple[str, str], Answer],
    directory: Path,
) -> dict[str, Any]:
    """Score every task, write results.json and samples_<task>.jsonl, and return the results."""
    evaluated = evaluate_stored(record, tasks, answers)
    results: dict[str, Any] = {}
    floors: dict[str, Any] = {}
    for task in tasks:
        outcomes = [_outcome(task, index, answers, record) for index in range(task.n_asked)]
        own = task_figures(outcomes, n_resamples=record.config.n_resamples, seed=record.config.seed)
        results[task.name] = merge_figures(evaluated["results"][task.name], own, task=task.name)
        floors[task.name] = floor_figures(task, record.config)
        write_samples(task, answers, outcomes, directory)
    remove_other_samples([task.name for task in tasks], directory)
    content = {
        "schema_version": SCHEMA_VERSION,
        "results": results,
        "floors": floors,
        **{
            name: evaluated[name]
            for name in ("versions", "n-shot", "higher_is_better", "n-samples")
        },
        "configs": named_functions(evaluated["configs"]),
        "load_reports": {task.name: task.load_report for task in tasks},
        "model": dict(record.model),
        "config": record.config.to_json(),
        "provenance": _provenance(record, n_workers=count_workers(directory)),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(directory / RESULTS, text.encode())
    return content


def named_functions(config: Any) -> Any:
    """Return lm-eval's task configs with functions by name: their addresses differ every time.

    Example:
        >>> named_functions({"aggregation": math.sqrt, "text": "<function f at 0x7f00>"})
        {'aggregation': 'math.sqrt', 'text': '<function f>'}
    """
    if isinstance(config, Mapping):
        return {str(key): named_functions(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [named_functions(value) for value in config]
    if callable(config):
        return f"{config.__module__}.{config.__qualname__}"
    return ADDRESS.sub("", config) if isinstance(config, str) else config


def evaluate_stored(
    record: RunRecord,
    tasks: Sequence[LoadedTask],
    answers: Mapping[tuple[str, str], Answer],
) -> Mapping[str, Any]:
    """Run lm-eval's evaluator over the stored replies."""
    from lm_eval.evaluator import evaluate

    from rarft.harness.stages.replay_lm import ReplayLM

    policy = record.config.policy
    texts = {
        key: ScoredText(
            answer.text, prediction=answer.prediction, status=answer.status, policy=policy
        )
        for key, answer in answers.items()
    }
    model = ReplayLM(texts, missing=ScoredText(status="missing", policy=policy))
    for task in tasks:
        # Scoring looks at no video, and by now it may be gone or never have been made.
        task.task.doc_to_image = _no_visual
    limit: Any = record.config.limit
    # lm-eval draws a bar for each task on stderr although nothing here takes long.
    with redirect_stderr(io.StringIO()):
        evaluated: Mapping[str, Any] | None = evaluate(
            model,
            {"tasks": {task.name: task.task for task in tasks}, "groups": {}},
            limit=limit,
            bootstrap_iters=0,
            log_samples=False,
        )
    if evaluated is None:
        raise RarftError("got no results from lm-eval, expected them on this process")
    return evaluated


def _no_visual(doc: Mapping[str, Any]) -> list[str]:
    return []


def merge_figures(
    evaluated: Mapping[str, Any], own: Mapping[str, Any], *, task: str
) -> dict[str, Any]:
    """Return lm-eval's figures with our slices, intervals and counts beside them.

    Raises:
        RarftError: lm-eval and the harness give different values for one figure.
    """
    merged = {
        key: value for key, value in evaluated.items() if not key.endswith(f"_stderr,{FILTER}")
    }
    for key, value in own.items():
        theirs = merged.get(key)
        if theirs is not None and not _agree(theirs, value):
            raise RarftError(f"{task}: lm-eval gives {key} = {theirs}, the harness {value}")
        merged[key] = value
    return merged


def _agree(theirs: float, ours: float | None) -> bool:
    if ours is None or math.isnan(theirs):
        return ours is None
    return abs(theirs - ours) <= TOLERANCE


def _outcome(
    task: LoadedTask,
    index: int,
    answers: Mapping[tuple[str, str], Answer],
    record: RunRecord,
) -> QueryOutcome:
    query = task.queries[index]
    answer = answers[query.task, query.id]
    return outcome(
        query,
        answer.prediction,
        policy=record.config.policy,
        status=answer.status,
        judgements=answer.judgements,
        judged=record.config.judging.judged,
        speaks=answer.speaks,
        relevance_score=answer.relevance_score,
    )


def _provenance(record: RunRecord, *, n_workers: int) -> dict[str, Any]:
    identity = record.identity
    return {
        "n_workers": n_workers,
        "rarft_version": record.rarft_version,
        "lm_eval_version": version("lm_eval"),
        "seed": record.config.seed,
        "backend": identity["backend"],
        "card_backend": record.model.get("card_backend", identity["backend"]),
        "engine": identity["engine"],
        "frames_policy": identity["frames"],
        "generation": identity["generation"],
        "prompts": dict(record.prompts),
        "judges": judge_identities(record.config.judging),
        "tasks": dict(record.tasks),
    }
