"""samples_<task>.jsonl: every query with its reply, what it was read as, and how it scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rarft.harness.atomic_file import write_atomic
from rarft.harness.metrics import QueryOutcome
from rarft.harness.metrics.explanations import EXPLANATION_KEYS
from rarft.harness.replies import Status
from rarft.harness.reply_rows import row_from_prediction
from rarft.harness.stages.append_log import encode_row
from rarft.harness.stages.judgement_store import value_to_json
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.types import Judgement, Measure, Prediction, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The stored row of one query with what the judges say of it, or nothing."""

    row: Mapping[str, Any] | None
    prediction: Prediction | None
    judgements: Mapping[Measure, Judgement] = field(default_factory=dict)
    relevance_score: float | None = None
    unread: str | None = None

    @property
    def status(self) -> Status:
        """Return whether the answer can be scored."""
        if self.row is None or self.row["status"] == "missing":
            return "missing"
        if self.row["status"] == "failed":
            return "failed"
        return "unjudged" if self.prediction is None else "scored"

    @property
    def speaks(self) -> bool:
        """Return whether the reply has words, which could explain something."""
        return self.row is not None and self.row.get("text") is not None

    @property
    def text(self) -> str:
        """Return the reply's text; a structured reply has none."""
        return str((self.row or {}).get("text") or "")


def write_samples(
    task: LoadedTask,
    answers: Mapping[tuple[str, str], Answer],
    outcomes: Sequence[QueryOutcome],
    directory: Path,
) -> None:
    """Write one row a query, in the task's order."""
    rows = (
        _sample(index, query, answers[query.task, query.id], result)
        for index, (query, result) in enumerate(zip(task.asked, outcomes, strict=True))
    )
    write_atomic(directory / f"samples_{task.name}.jsonl", b"".join(map(encode_row, rows)))


def remove_other_samples(tasks: Sequence[str], directory: Path) -> None:
    """Remove the samples of tasks that results.json says nothing of."""
    kept = {f"samples_{task}.jsonl" for task in tasks}
    for path in directory.glob("samples_*.jsonl"):
        if path.name not in kept:
            path.unlink()


def _sample(index: int, query: Query, answer: Answer, result: QueryOutcome) -> dict[str, Any]:
    doc = query.to_doc()
    prediction = row_from_prediction(answer.prediction) if answer.prediction else None
    return {
        "doc_id": index,
        "query_id": doc.pop("id"),
        **doc,
        "status": answer.status,
        "failure": (answer.row or {}).get("failure") or answer.unread,
        "reply": answer.text,
        "relevance_score": answer.relevance_score,
        "prediction": prediction,
        "iou": result.iou,
        "ra_iou": result.ra_iou,
        **_explained(answer, result),
    }


def _explained(answer: Answer, result: QueryOutcome) -> dict[str, Any]:
    """Return how the refusal of an irrelevant query was judged; nothing for other queries."""
    if result.explanation is None:
        return {}
    scores = {key: getattr(result.explanation, key) for key in EXPLANATION_KEYS}
    judgements = {
        measure: {
            "judge": one.judge,
            "version": one.version,
            "model": one.model,
            "value": value_to_json(one),
            "reason": one.reason,
        }
        for measure, one in answer.judgements.items()
    }
    return {
        "judgements": judgements,
        "explanation": {key: score for key, score in scores.items() if score is not None},
        "unscored": list(result.explanation.unscored),
    }
