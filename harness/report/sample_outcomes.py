"""What became of each query, read back from samples_<task>.jsonl.

A row holds the reference, what the reply was read as and how it was judged, so the figures of a run
can be resampled without its annotation, its replies or its judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.metrics import QueryOutcome, outcome
from rarft.harness.metrics.explanations import EXPLANATION_KEYS, ExplanationScores
from rarft.harness.replies import Policy
from rarft.harness.reply_rows import prediction_from_row
from rarft.harness.stages.append_log import read_rows
from rarft.harness.types import query_from_doc


def read_outcomes(directory: Path, task: str, policy: Policy) -> tuple[QueryOutcome, ...]:
    """Read the outcomes of one task of a run, in the order of the task.

    Raises:
        UserError: the run has no samples of the task, or a row cannot be read.
    """
    path = directory / f"samples_{task}.jsonl"
    if not path.is_file():
        raise NotFoundError(
            f"{directory}: got no samples of task {task}, expected {path.name}; "
            f"write it with rarft-eval score {directory}"
        )
    outcomes = []
    for row in read_rows(path, required=("query_id", "video", "text", "relevant")):
        try:
            outcomes.append(outcome_from_sample(row, policy))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = " ".join(repr(error).split())
            raise UserError(
                f"{path}: got a row of query {row['query_id']} that cannot be read ({reason}), "
                f"expected one as written by rarft-eval score; run it on {directory}"
            ) from error
    return tuple(outcomes)


def outcome_from_sample(sample: Mapping[str, Any], policy: Policy) -> QueryOutcome:
    """Return the outcome of one row of samples_<task>.jsonl.

    Raises:
        KeyError: the row lacks a field that every row has.
        ValueError: a field holds what it cannot hold.

    Example:
        >>> sample = {"query_id": "1", "video": "a.mp4", "text": "a man cooks", "relevant": False,
        ...           "status": "missing", "prediction": None}
        >>> outcome_from_sample(sample, "paper").status
        'missing'
    """
    stored = sample.get("prediction")
    judged = outcome(
        query_from_doc({**sample, "id": sample["query_id"]}, task=""),
        None if stored is None else prediction_from_row(stored),
        policy=policy,
        status=sample.get("status", "scored"),
        relevance_score=sample.get("relevance_score"),
    )
    explained = sample.get("explanation")
    if judged.counts_as is None or judged.relevant or explained is None:
        return judged
    scores = ExplanationScores(
        **{key: explained.get(key) for key in EXPLANATION_KEYS},
        unscored=tuple(sample.get("unscored") or ()),
    )
    return replace(judged, explanation=scores)
