"""results.json and samples_<task>.jsonl as typed objects, checked once while they are read.

Keys that lm-eval adds for its own use are ignored. docs/results_schema.md describes every field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rarft.harness.errors import UserError

SCHEMA_VERSION: Final = 1
Scores = Mapping[str, Any]
"""Figures of one system on one task, by lm-eval key such as `ra_miou,none`."""


class ModelEntry(BaseModel):
    """The model of a run, as its card described it.

    `backend` is the one that ran, `card_backend` the one that the card names. `form` is the output
    form by which replies are read.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    name: str
    title: str | None = None
    status: str | None = None
    family: str | None = None
    backend: str | None = None
    card_backend: str | None = None
    checkpoint: str | None = None
    revision: str | None = None
    form: str | None = None
    licence: str | None = None

    @property
    def label(self) -> str:
        """Return the name with the status, which is never left out.

        Example:
            >>> ModelEntry(name="tiny", status="untrained").label
            'tiny (untrained)'
        """
        return f"{self.name} ({self.status})" if self.status else self.name


class Results(BaseModel):
    """One results.json."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    schema_version: Literal[1]
    model: ModelEntry
    results: dict[str, dict[str, Any]]
    floors: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    versions: dict[str, Any] = Field(default_factory=dict)
    n_samples: dict[str, Any] = Field(default_factory=dict, alias="n-samples")
    load_reports: dict[str, dict[str, Any] | None] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the names of the evaluated tasks, in the file's order."""
        return tuple(self.results)

    @property
    def asked(self) -> str:
        """Return which queries of each task were asked, empty when all were.

        As in lm-eval, a limit below 1 is a share of the task.
        """
        limit = self.config.get("limit")
        if not isinstance(limit, int | float):
            return ""
        return f"the first {limit:g}" if limit >= 1 else f"the first {100 * limit:g} %"

    def prompt_mark(self, task: str) -> str:
        """Say in whose words a task was asked, empty where the model reads none but the query.

        Example:
            >>> run = Results(schema_version=1, model=ModelEntry(name="m"), results={"t": {}},
            ...               provenance={"tasks": {"t": {"prompt_mode": "native"}},
            ...                           "prompts": {"native": {"origin": "reworded"}}})
            >>> run.prompt_mark("t"), run.prompt_mark("another")
            ('reworded prompt', '')
        """
        mode = _part(_part(self.provenance, "tasks"), task).get("prompt_mode")
        origin = _part(_part(self.provenance, "prompts"), mode).get("origin")
        return f"{origin} prompt" if origin else ""


class SamplePrediction(BaseModel):
    """What the parser made of one reply."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    kind: Literal["grounded", "refused", "unparsed"]
    spans: tuple[tuple[float, float], ...] = ()
    explanation: str = ""
    correction: str | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""
    format_ok: bool = False
    candidates: tuple[tuple[float, float], ...] = ()


class SampleJudgement(BaseModel):
    """What one judge made of one reply: a value, or unscored with the reason."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    judge: str
    version: str
    model: str = ""
    value: tuple[str, ...] | float | None = None
    reason: str = ""


class Sample(BaseModel):
    """One row of samples_<task>.jsonl: a query, its reference, the reply and how it scored."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    schema_version: Literal[1] = 1
    query_id: str
    video: str
    text: str
    relevant: bool
    level: str | None = None
    categories: tuple[str, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    duration_s: float | None = None
    prediction: SamplePrediction | None = None
    status: Literal["scored", "missing", "failed", "unjudged"] = "scored"
    failure: str | None = None
    reply: str | None = None
    iou: float | None = None
    ra_iou: float | None = None
    refusal: str | None = None
    relevant_query: str | None = None
    relevance_score: float | None = None
    judgements: dict[str, SampleJudgement] = Field(default_factory=dict)
    explanation: dict[str, float] = Field(default_factory=dict)
    unscored: tuple[str, ...] = ()


def parse_results(content: str | bytes, *, source: str) -> Results:
    """Read the text of a results.json; `source` names it in messages.

    Raises:
        UserError: not JSON, another schema version, or a field missing or of the wrong type.
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{source}: got a file that is not JSON ({error}); write it again with rarft-eval score"
        ) from error
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{source}: got schema_version {version!r}, expected {SCHEMA_VERSION}; "
            "write it again with rarft-eval score"
        )
    try:
        return Results.model_validate(record)
    except ValidationError as error:
        raise UserError(
            f"{source}: {_first_fault(error)}; write it again with rarft-eval score"
        ) from error


def read_samples(path: Path) -> tuple[Sample, ...]:
    """Read one samples_<task>.jsonl.

    Raises:
        UserError: a line is not JSON or lacks a field; the message names the file and line.
    """
    samples = []
    # Only "\n" ends a row: replies may hold other line separators.
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            samples.append(Sample.model_validate(json.loads(line)))
        except ValidationError as error:
            raise UserError(
                f"{path}, line {number}: {_first_fault(error)}; "
                "write it again with rarft-eval score"
            ) from error
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{path}, line {number}: got a row that is not JSON; "
                "write it again with rarft-eval score"
            ) from error
    return tuple(samples)


def number_of(scores: Scores, key: str) -> float | None:
    """Return a stored number, or None where it is absent, null, NaN or not a number.

    Example:
        >>> number_of({"ra_miou,none": 0.5, "f1_avg,none": None}, "ra_miou")
        0.5
        >>> number_of({"ra_miou,none": 0.5, "f1_avg,none": None}, "f1_avg") is None
        True
    """
    value = scores.get(f"{key},none")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _part(record: Mapping[Any, Any], key: Any) -> Mapping[Any, Any]:
    """Return an object within another, empty where it is absent."""
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"]) or "the whole"
    got = repr(fault["input"])
    return f"field {field}: {fault['msg'].lower()}, got {got[:60]}"
