"""The form of every data file of a site; the JSON Schemas in schema/ are made from it.

docs/leaderboard_data.md says what the fields mean. `python -m
rarft.leaderboard.site_data.record_models` writes the schemas anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from rarft.leaderboard.site_data.board_columns import Unit
from rarft.leaderboard.site_data.shown_figure import Flag
from rarft.leaderboard.types import RowKind, Tier

SCHEMAS: Final = Path(__file__).with_name("schema")

Packed = list[float | int | None]
"""[v, low, high, rank, first, last, flags, note], without what says nothing at the end."""
Pair = tuple[str, str]


class Record(BaseModel):
    """A record without keys that the documentation does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


class TaskOfBoard(Record):
    """One task, or a group of tasks."""

    name: str
    title: str
    kind: Literal["task", "group"]
    members: list[str]
    pattern: str = ""
    n_queries: int
    n_relevant: int
    n_irrelevant: int
    n_videos: int
    version: str
    licence: str
    levels: list[str]
    categories: list[str]
    pairs: bool
    texts: bool
    n_chunks: int
    groups: list[str]
    condition: str


class ColumnOfBoard(Record):
    """One column."""

    key: str
    group: str
    label: str
    title: str
    unit: Unit
    higher_is_better: bool | None
    digits: int
    paper: bool
    ranked: bool


class Counts(Record):
    """How many queries there are of each kind."""

    queries: int | None = None
    scored: int | None = None
    unparsed: int = 0
    missing: int = 0
    failed: int = 0
    unjudged: int = 0
    unscored: dict[str, int] = Field(default_factory=dict)


class RowOnTask(Record):
    """A row's main figures on one task."""

    figures: dict[str, Packed]
    n: Counts


class RowOfBoard(Record):
    """One row."""

    id: str
    name: str
    title: str
    kind: RowKind
    tier: Tier
    family: str
    size: str
    hardware: str
    url: str
    prompt: str
    policy: Literal["paper", "strict"]
    video_input: str
    notes: list[str]
    tasks: dict[str, RowOnTask]


class Compared(Record):
    """Which comparisons exist."""

    all: bool
    pairs: list[Pair] = Field(default_factory=list)


class RankingSaid(Record):
    """How rows were ranked."""

    alpha: float
    confidence: float
    n_resamples: int
    seed: int
    unit: Literal["video"]
    family: str


class BoardFile(Record):
    """board.json."""

    schema_version: Literal[1]
    generated_by: str
    tasks: list[TaskOfBoard]
    columns: list[ColumnOfBoard]
    notes: list[str]
    private: list[str]
    entries: list[RowOfBoard]
    compare: Compared
    ranking: RankingSaid


class SlicesOfRow(Record):
    """A row's figures by slice and column."""

    levels: dict[str, dict[str, Packed]]
    categories: dict[str, dict[str, Packed]]


class SlicesFile(Record):
    """slices/<task>.json."""

    schema_version: Literal[1]
    task: str
    levels: list[str]
    categories: list[str]
    columns: list[str]
    entries: dict[str, SlicesOfRow]


class FigureOfEntry(Record):
    """A figure in full."""

    value: float
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    first: int | None = None
    last: int | None = None
    flags: list[Flag] = Field(default_factory=list)
    note: str = ""
    source: str = ""


class Cost(Record):
    """Means a query, and dollars for 1,000 of them."""

    n_prompt_tokens: float | None = None
    n_new_tokens: float | None = None
    seconds: float | None = None
    usd_per_1000: float | None = None


class SamplesSaid(Record):
    """How many replies there are."""

    n_chunks: int
    n_queries: int
    n_shown: int


class TaskOfEntry(Record):
    """A row on one task in full."""

    title: str
    figures: dict[str, FigureOfEntry]
    counts: dict[str, int] = Field(default_factory=dict)
    cost: Cost | None = None
    samples: SamplesSaid | None = None
    risk_coverage: list[tuple[float, float, float]] = Field(default_factory=list)


class EntryFile(Record):
    """entries/<id>.json."""

    schema_version: Literal[1]
    id: str
    kind: RowKind
    tier: Tier
    name: str
    title: str
    family: str
    size: str
    submitter: str
    url: str
    paper_url: str
    hardware: str
    policy: Literal["paper", "strict"]
    prompt: str
    video_input: str
    about: str
    licence: str
    notes: list[str]
    manifest_sha256: str
    rarft_version: str
    model: dict[str, Any]
    settings: dict[str, Any]
    provenance: dict[str, Any]
    train: dict[str, Any] | None = None
    verification: dict[str, Any]
    tasks: dict[str, TaskOfEntry]
    compared: list[str]


class SampleRow(Record):
    """One reply."""

    query_id: str
    status: str
    kind: Literal["grounded", "refused", "unparsed"] | None = None
    counts_as: Literal["grounded", "refused", "unparsed"] | None = None
    spans: list[tuple[float, float]] = Field(default_factory=list)
    explanation: str = ""
    correction: str | None = None
    reply: str = ""
    reason: str = ""
    failure: str | None = None
    flags: list[str] = Field(default_factory=list)
    iou: float | None = None
    relevance_score: float | None = None
    judgements: dict[str, Any] = Field(default_factory=dict)
    scores: dict[str, float] = Field(default_factory=dict)


class SamplesFile(Record):
    """samples/<id>/<task>.<chunk>.json."""

    schema_version: Literal[1]
    id: str
    task: str
    chunk: int
    samples: list[SampleRow]


class QueryRow(Record):
    """One query; the last four only where texts are shown."""

    query_id: str
    video: str
    duration_s: float | None = None
    relevant: bool
    level: str | None = None
    categories: list[str]
    clip: tuple[float, float] | None = None
    blind_right: bool | None = None
    file: str | None = None
    text: str | None = None
    spans: list[tuple[float, float]] | None = None
    refusal: str | None = None
    relevant_query: str | None = None


class QueriesFile(Record):
    """queries/<task>.<chunk>.json."""

    schema_version: Literal[1]
    task: str
    chunk: int
    n_queries: int
    queries: list[QueryRow]


class ComparedFigureRow(Record):
    """One figure of two rows."""

    a: float | None = None
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    p: float | None = None
    p_holm: float | None
    minimum_detectable: float | None = None


class McNemarSaid(Record):
    """McNemar's test."""

    b: int
    c: int
    n: int
    p: float
    mid_p: float
    p_clustered: float | None = None
    difference: float | None = None


class TaskCompared(Record):
    """Two rows on one task; of rows that cannot be compared only the reason, under `all`."""

    n_paired: int | None = None
    n_videos: int | None = None
    n_only_a: int | None = None
    n_only_b: int | None = None
    n_neither: int | None = None
    figures: dict[str, ComparedFigureRow] = Field(default_factory=dict)
    not_comparable: dict[str, str]
    mcnemar: McNemarSaid | None = None
    only_a_right: list[int] = Field(default_factory=list)
    only_b_right: list[int] = Field(default_factory=list)


class CompareFile(Record):
    """compare/<a>..<b>.json."""

    schema_version: Literal[1]
    a: str
    b: str
    titles: Pair
    tasks: dict[str, TaskCompared]


FILES: Final[dict[str, type[Record]]] = {
    "board": BoardFile,
    "slices": SlicesFile,
    "entry": EntryFile,
    "samples": SamplesFile,
    "queries": QueriesFile,
    "compare": CompareFile,
}
"""The form of each file by the first part of its key."""


def schema_text(name: str) -> str:
    """Return the JSON Schema of one kind of file."""
    schema = FILES[name].model_json_schema()
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_schemas(folder: Path = SCHEMAS) -> None:
    """Write the JSON Schema of every kind of file."""
    for name in FILES:
        (folder / f"{name}.json").write_text(schema_text(name), encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
