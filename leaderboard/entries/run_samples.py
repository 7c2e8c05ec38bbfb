"""The samples of a finished run as rows of an entry; no annotation is needed, and none is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.stages.append_log import read_rows
from rarft.harness.stages.response_store import read_responses
from rarft.harness.stages.run_record import KEYS, REQUESTS
from rarft.leaderboard.entries.refusal import EntryRefused
from rarft.leaderboard.entries.results_file import without_paths
from rarft.leaderboard.entries.safe_text import without_surrogates

_REQUIRED: Final = ("query_id", "status", "reply", "prediction")
_MEASURED: Final = ("n_prompt_tokens", "n_new_tokens", "n_frames", "effective_fps", "seconds")

Measured = Mapping[tuple[str, str], Mapping[str, Any]]
"""What each (task, query id) took and saw; a query without a stored reply is absent."""


def read_measured(run: Path) -> Measured:
    """Return the tokens, frames and seconds of the first reply to each query.

    It is empty where a run was copied without its replies.

    Raises:
        UserError: a file of the run is damaged.
    """
    rows = read_responses(run).rows
    first: dict[tuple[str, str], str] = {}
    for planned in read_rows(run / REQUESTS, required=KEYS):
        if not planned.get("repeat"):
            first[planned["task"], planned["query_id"]] = planned["request"]
    return {key: rows[(*key, request)] for key, request in first.items() if (*key, request) in rows}


def run_rows(run: Path, task: str, measured: Measured) -> list[dict[str, Any]]:
    """Return the rows of samples/<task>.parquet, in the order of the task.

    Raises:
        EntryRefused: the run has no samples of the task.
        UserError: its samples are damaged.
    """
    path = run / f"samples_{task}.jsonl"
    if not path.is_file():
        raise EntryRefused(
            "run_files",
            f"{run}: got no {path.name}, expected the samples of every task of results.json; "
            f"write them with rarft-eval score {run}",
        )
    return [
        _row(sample, measured.get((task, sample["query_id"]), {}))
        for sample in read_rows(path, required=_REQUIRED)
    ]


def _row(sample: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    failure = sample.get("failure")
    return {
        "query_id": sample["query_id"],
        "status": sample["status"],
        "failure": None if failure is None else without_paths(without_surrogates(str(failure))),
        "reply": without_surrogates(sample["reply"] or ""),
        "relevance_score": sample.get("relevance_score"),
        "prediction": None if sample["prediction"] is None else _json(sample["prediction"]),
        "judgements": _json(
            {
                measure: {
                    name: without_paths(value) if isinstance(value, str) else value
                    for name, value in judgement.items()
                }
                for measure, judgement in (sample.get("judgements") or {}).items()
            }
        ),
        **{name: measured.get(name) for name in _MEASURED},
    }


def _json(record: Any) -> str:
    return json.dumps(_utf8(record), ensure_ascii=False, allow_nan=False)


def _utf8(value: Any) -> Any:
    """Return JSON whose texts UTF-8 can hold."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, Mapping):
        return {name: _utf8(part) for name, part in value.items()}
    if isinstance(value, Sequence):
        return [_utf8(part) for part in value]
    return value
