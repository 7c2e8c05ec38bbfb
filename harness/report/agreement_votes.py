"""What one judge said of each query: from a run's judgements.jsonl, or from a CSV of people's.

A CSV has the columns query_id, optionally task, and one of score (0 to 5), categories (separated by
semicolons) and relevance (grounded, refused, unparsed, relevant or irrelevant). An empty cell is
unscored.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.stages.append_log import read_rows
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Kind

AgreementMeasure = Literal["reasoning", "categories", "relevance"]
Vote = float | tuple[str, ...] | str
"""A score, a set of categories, or the kind of a reply."""
QueryKey = tuple[str, str]
"""Task and query id; the task is empty where a CSV names none."""

MAX_SCORE: Final = 5.0
COLUMNS: Final[dict[AgreementMeasure, str]] = {
    "reasoning": "score",
    "categories": "categories",
    "relevance": "relevance",
}
KINDS: Final[dict[str, Kind]] = {
    **{kind: kind for kind in get_args(Kind)},
    "relevant": "grounded",
    "irrelevant": "refused",
}
CHILDREN: Final = {category.partition("/")[2].lower(): category for category in CATEGORIES} | {
    category.lower(): category for category in CATEGORIES
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """What one judge said; None where it could not say. `videos` names those that are known."""

    name: str
    votes: Mapping[QueryKey, Vote | None]
    videos: Mapping[QueryKey, str]
    names_tasks: bool = True


def read_votes(path: Path, measure: AgreementMeasure, *, judge: str | None = None) -> Votes:
    """Read the votes of a run directory or of a CSV file.

    Args:
        path: the directory or the file.
        measure: what was judged.
        judge: the judge to take, where a run has several.

    Raises:
        UserError: nothing is there, a row cannot be read, or the judge is not clear.
    """
    if path.is_dir():
        return _run_votes(path, measure, judge=judge)
    if path.is_file():
        return _csv_votes(path, measure)
    raise NotFoundError(
        f"got {path}, expected a run's output directory or a CSV file; check the path"
    )


def _run_votes(directory: Path, measure: AgreementMeasure, *, judge: str | None) -> Votes:
    path = directory / "judgements.jsonl"
    current = _current_requests(directory)
    by_judge: dict[str, dict[QueryKey, Vote | None]] = {}
    for row in read_rows(path, required=("task", "query_id", "request")):
        key = (str(row["task"]), str(row["query_id"]))
        # Before there were several measures, every row was about relevance.
        if row.get("measure", "relevance") != measure:
            continue
        if current and current.get(key) != row["request"]:
            continue
        # A later row judges the same reply again, by a newer prompt or reference.
        by_judge.setdefault(str(row.get("judge", "")), {})[key] = _stored_vote(row, measure, path)
    name = _chosen_judge(by_judge, judge, measure, directory)
    return Votes(
        name=f"{directory.resolve().name}: {name}",
        votes=by_judge[name],
        videos=_videos(directory),
    )


def _current_requests(directory: Path) -> dict[QueryKey, str]:
    """Return the first request of each query in the run's plan, empty without one."""
    current: dict[QueryKey, str] = {}
    rows = read_rows(directory / "requests.jsonl", required=("task", "query_id", "request"))
    for row in rows:
        current.setdefault((str(row["task"]), str(row["query_id"])), row["request"])
    return current


def _stored_vote(row: Mapping[str, Any], measure: AgreementMeasure, path: Path) -> Vote | None:
    value = row.get("value")
    try:
        if measure == "relevance":
            prediction = row.get("prediction") or value
            return None if prediction is None else KINDS[prediction["kind"]]
        if value is None:
            return None
        return float(value) if measure == "reasoning" else tuple(map(str, value))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: got a {measure} judgement of query {row['query_id']} that cannot be read, "
            "expected one as the judge stage writes it; judge the run again"
        ) from error


def _chosen_judge(
    by_judge: Mapping[str, object], judge: str | None, measure: str, directory: Path
) -> str:
    held = ", ".join(sorted(by_judge)) or "none"
    if judge is not None and judge in by_judge:
        return judge
    if judge is None and len(by_judge) == 1:
        return next(iter(by_judge))
    wanted = f"judge {judge}" if judge is not None else "one judge, or --judges with two names"
    raise UserError(
        f"{directory}: got {measure} judgements by {held}, expected {wanted}; "
        "judge the run with rarft-eval judge, or name a judge it has"
    )


def _videos(directory: Path) -> dict[QueryKey, str]:
    videos = {}
    for path in sorted(directory.glob("samples_*.jsonl")):
        task = path.name.removeprefix("samples_").removesuffix(".jsonl")
        for row in read_rows(path, required=("query_id", "video")):
            videos[task, str(row["query_id"])] = str(row["video"])
    return videos


def _csv_votes(path: Path, measure: AgreementMeasure) -> Votes:
    votes: dict[QueryKey, Vote | None] = {}
    column = COLUMNS[measure]
    names_tasks = False
    for number, row in _csv_rows(path, column):
        names_tasks = "task" in row
        key = ((row.get("task") or "").strip(), (row["query_id"] or "").strip())
        if key in votes:
            raise UserError(
                f"{path}, line {number}: got query {key[1]} twice, expected each once; delete one"
            )
        try:
            votes[key] = _written_vote((row[column] or "").strip(), measure)
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{path}, line {number}: got {column} '{row[column]}', expected "
                f"{_expected(measure)}; mend the cell or empty it"
            ) from error
    return Votes(name=path.name, votes=votes, videos={}, names_tasks=names_tasks)


def _csv_rows(path: Path, column: str) -> Iterator[tuple[int, dict[str, str | None]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for needed in ("query_id", column):
                if needed not in (reader.fieldnames or ()):
                    raise UserError(
                        f"{path}: got no column '{needed}', expected query_id and {column}, and "
                        "task where there are several; mend the first line"
                    )
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path}: got a file that is no CSV in UTF-8 ({error}), expected query_id and {column}"
        ) from error


def _written_vote(text: str, measure: AgreementMeasure) -> Vote | None:
    if not text:
        return None
    if measure == "reasoning":
        score = float(text)
        if not (math.isfinite(score) and 0.0 <= score <= MAX_SCORE):
            raise ValueError(text)
        return score
    if measure == "relevance":
        return KINDS[text.lower()]
    if text.lower() == "none":
        return ()
    return tuple(CHILDREN[part.strip().lower()] for part in text.split(";") if part.strip())


def _expected(measure: AgreementMeasure) -> str:
    if measure == "reasoning":
        return f"a number from 0 to {MAX_SCORE:g}"
    if measure == "relevance":
        return f"one of {', '.join(KINDS)}"
    return "categories separated by semicolons, such as Attribute/Counting, or none"
