"""judge: rows of responses.jsonl become rows of judgements.jsonl, with no model loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def read_judgements(directory: Path, *, form: Form) -> dict[JudgementKey, Prediction]:
    """Return this version's predictions for a form, by (task, query id, request)."""
    wanted = (rule.NAME, rule.VERSION, form)
    return {
        (row["task"], row["query_id"], row["request"]): prediction_from_row(row["prediction"])
        for row in read_rows(directory / JUDGEMENTS)
        if (row["judge"], row["judge_version"], row["form"]) == wanted
    }


def judge(
    responses: Responses, queries: Iterable[Query], directory: Path, *, form: Form
) -> dict[JudgementKey, Prediction]:
    """Judge every answered row that has no judgement yet, and return all of them."""
    judged = read_judgements(directory, form=form)
    query_of = {(query.task, query.id): query for query in queries}
    rows: list[Mapping[str, Any]] = []
    with AppendLog(directory / JUDGEMENTS) as log:
        for key, row in responses.rows.items():
            if row["status"] != "ok" or key in judged or key[:2] not in query_of:
                continue
            query = query_of[key[:2]]
            judged[key] = rule.judge_reply(
                reply_from_row(row), form=form, duration_s=query.duration_s, clip=query.clip
            )
            rows.append(_judgement_row(key, judged[key], form))
            if len(rows) == GROUP_ROWS:
                log.append(rows)
                rows = []
        log.append(rows)
    return judged


def _judgement_row(key: JudgementKey, prediction: Prediction, form: Form) -> dict[str, Any]:
    task, query_id, request = key
    return {
        "task": task,
        "query_id": query_id,
        "request": request,
        "judge": rule.NAME,
        "judge_version": rule.VERSION,
        "form": form,
        "prediction": row_from_prediction(prediction),
    }
