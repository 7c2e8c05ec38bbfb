"""judge: rows of responses.jsonl become rows of judgements.jsonl, with no model loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rarft.harness.judges import rule
from rarft.harness.parsing import Form
from rarft.harness.reply_rows import prediction_from_row, reply_from_row, row_from_prediction
from rarft.harness.stages.append_log import AppendLog, read_rows
from rarft.harness.stages.infer import Responses
from rarft.harness.types import Prediction, Query

JUDGEMENTS = "judgements.jsonl"
GROUP_ROWS = 4096

JudgementKey = tuple[str, str, str]


def read_judgements(
    queries: Mapping[JudgementKey, Query], directory: Path, *, form: Form
) -> dict[JudgementKey, Prediction]:
    """Return the stored predictions that this judge would give again, by (task, id, request)."""
    stored: dict[JudgementKey, Prediction] = {}
    for row in read_rows(directory / JUDGEMENTS, required=("task", "query_id", "request")):
        key = (row["task"], row["query_id"], row["request"])
        query = queries.get(key)
        if query is not None and all(row.get(k) == v for k, v in _basis(query, form).items()):
            stored[key] = prediction_from_row(row["prediction"])
    return stored


def _basis(query: Query, form: Form) -> dict[str, Any]:
    """Return what a verdict rests on beside the reply."""
    return {
        "judge": rule.NAME,
        "judge_version": rule.VERSION,
        "form": form,
        "duration_s": query.duration_s,
        "clip": [query.clip.start_s, query.clip.end_s] if query.clip else None,
    }


def judge(
    responses: Responses,
    queries: Mapping[JudgementKey, Query],
    directory: Path,
    *,
    form: Form,
) -> dict[JudgementKey, Prediction]:
    """Judge every answered query that has no judgement yet, and return all of them."""
    judged = read_judgements(queries, directory, form=form)
    rows: list[Mapping[str, Any]] = []
    with AppendLog(directory / JUDGEMENTS) as log:
        for key, query in queries.items():
            row = responses.rows.get(key)
            if row is None or row["status"] != "ok" or key in judged:
                continue
            judged[key] = rule.judge_reply(
                reply_from_row(row), form=form, duration_s=query.duration_s, clip=query.clip
            )
            rows.append(_judgement_row(key, judged[key], _basis(query, form)))
            if len(rows) == GROUP_ROWS:
                log.append(rows)
                rows = []
        log.append(rows)
    return judged


def _judgement_row(
    key: JudgementKey, prediction: Prediction, basis: Mapping[str, Any]
) -> dict[str, Any]:
    task, query_id, request = key
    return {
        "task": task,
        "query_id": query_id,
        "request": request,
        **basis,
        "prediction": row_from_prediction(prediction),
    }
