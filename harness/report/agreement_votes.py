"""What one judge said of each query: from a run's judgements.jsonl, or from a CSV of people's.

A CSV has the columns query_id, optionally task, and one of score (0 to 5), categories (separated by
semicolons) and relevance (grounded, refused, unparsed, relevant or irrelevant). An empty cell is
unscored. A CSV names no reply: it is taken to be about that of the run.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.stages.append_log import read_rows
from rarft.harness.stages.response_store import read_responses
from rarft.harness.stages.run_record import read_repeats
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


REPLY_FIELDS: Final = ("video", "query", "text", "relevant", "spans")
"""What a judge may look at in a row of responses.jsonl; how long a reply took is not among it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """What one judge said; None where it could not say. `videos` names those that are known.

    `directory` is that of the run, None for a CSV; `requests` and `replies` hold the request of
    each judged reply and what the reply was, where responses.jsonl has it.
    """

    name: str
    votes: Mapping[QueryKey, Vote | None]
    videos: Mapping[QueryKey, str]
    names_tasks: bool = True
    directory: Path | None = None
    requests: Mapping[QueryKey, str] = field(default_factory=dict)
    replies: Mapping[QueryKey, str] = field(default_factory=dict)


def is_same_reply(a: Votes, b: Votes, key: QueryKey) -> bool:
    """Return whether two judges, both asked about a query, judged the same reply to it.

    Within one run the request tells; between two runs the stored replies do, and a reply that is
    not stored is not known to be the same.

    Example:
        >>> said = {"votes": {("t", "1"): 4.0}, "videos": {}}
        >>> a = Votes(name="a", directory=Path("a"), replies={("t", "1"): "No dog."}, **said)
        >>> b = Votes(name="b", directory=Path("b"), replies={("t", "1"): "No cat."}, **said)
        >>> is_same_reply(a, b, ("t", "1")), is_same_reply(a, Votes(name="c", **said), ("t", "1"))
        (False, True)
    """
    if a.directory is None or b.directory is None:
        return True
    if a.directory == b.directory:
        return a.requests[key] == b.requests[key]
    reply = a.replies.get(key)
    return reply is not None and reply == b.replies.get(key)


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
    # Of several replies to a query, the first is the one that is scored and judged.
    current = {key: requests[0] for key, requests in read_repeats(directory).items()}
    by_judge: dict[str, dict[QueryKey, tuple[str, Vote | None]]] = {}
    for row in read_rows(path, required=("task", "query_id", "request")):
        key = (str(row["task"]), str(row["query_id"]))
        # Before there were several measures, every row was about relevance.
        if row.get("measure", "relevance") != measure:
            continue
        if current and current.get(key) != row["request"]:
            continue
        # A later row judges the same reply again, by a newer prompt or reference.
        said = by_judge.setdefault(str(row.get("judge", "")), {})
        said[key] = (str(row["request"]), _stored_vote(row, measure, path))
    name = _chosen_judge(by_judge, judge, measure, directory)
    requests = {key: request for key, (request, _) in by_judge[name].items()}
    return Votes(
        name=f"{directory.resolve().name}: {name}",
        votes={key: vote for key, (_, vote) in by_judge[name].items()},
        videos=_videos(directory),
        directory=directory.resolve(),
        requests=requests,
        replies=_replies(directory, requests),
    )


def _replies(directory: Path, requests: Mapping[QueryKey, str]) -> dict[QueryKey, str]:
    """Return the stored reply of each request that has one, as text that equals for equal ones."""
    rows = read_responses(directory).rows
    stored = {key: rows.get((*key, request)) for key, request in requests.items()}
    return {
        key: json.dumps([row.get(name) for name in REPLY_FIELDS])
        for key, row in stored.items()
        if row is not None and row["status"] == "ok"
    }


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
        key = (row.get("task", "").strip(), row["query_id"].strip())
        if not key[1]:
            raise UserError(
                f"{path}, line {number}: got an empty query_id, expected the id of a query; "
                "fill the cell or delete the line"
            )
        if key in votes:
            raise UserError(
                f"{path}, line {number}: got query {_on_one_line(key[1])} twice, expected each "
                "once; delete one"
            )
        try:
            votes[key] = _written_vote(row[column].strip(), measure)
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{path}, line {number}: got {column} '{_on_one_line(row[column])}', expected "
                f"{_expected(measure)}; mend the cell or empty it"
            ) from error
    return Votes(name=path.name, votes=votes, videos={}, names_tasks=names_tasks)


def _csv_rows(path: Path, column: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of the last line of each row, and its cells by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = next(reader, [])
            for needed in ("query_id", column):
                if needed not in columns:
                    raise UserError(
                        f"{path}: got no column '{needed}', expected query_id and {column}, and "
                        "task where there are several; mend the first line"
                    )
            for cells in reader:
                if cells and len(cells) != len(columns):
                    named = _on_one_line(", ".join(columns))
                    raise UserError(
                        f"{path}, line {reader.line_num}: got a row of {len(cells)}, expected "
                        f"{len(columns)} cells ({named}); mend the row, and quote a cell that "
                        "holds a comma"
                    )
                if cells:
                    yield reader.line_num, dict(zip(columns, cells, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path}: got a file that is no CSV in UTF-8 ({error}), expected query_id and {column}"
        ) from error


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:80]


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
