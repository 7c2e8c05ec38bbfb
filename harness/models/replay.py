"""Replies made elsewhere, scored as if this harness had asked for them.

Reads this harness's responses.jsonl, the list of {video, query, model_output} that the official
inference script writes, and what replay_formats.py reads. Rows are matched by query text and by
video base name, with or without a video extension; ours by task and query id before that, and by
query id alone in a variant of the task they were made for.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.models.replay_formats import READERS, Format, detect_format, parse_json
from rarft.harness.parsing import FORMS
from rarft.harness.parsing.cleaning import collapse
from rarft.harness.reply_rows import reply_from_row
from rarft.harness.types import Query, Reply
from rarft.harness.video.locate import stem

Rows = dict[tuple[str, ...], Reply]

MODEL_ARGS: Final = ("path", "missing", "form", "format", "threshold")
NEWEST_SCHEMA_VERSION: Final = 1
ANY_TASK: Final = ""


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> ReplayModel:
    """Open the file named by model_args `path`.

    Raises:
        UserError: no path, an argument or a value that is not known, or the file is neither form.
    """
    unknown = ", ".join(sorted(set(model_args) - set(MODEL_ARGS)))
    if unknown:
        raise UserError(
            f"got model_args {unknown} for model replay, expected {', '.join(MODEL_ARGS)}; "
            "mend the name"
        )
    if "path" not in model_args:
        raise UserError("got no path for model replay, expected --model_args path=<replies>")
    missing = str(model_args.get("missing", "skip"))
    if missing not in ("skip", "error"):
        raise UserError(
            f"got missing={missing} for model replay, expected missing=skip or missing=error"
        )
    form = model_args.get("form", card.output.form)
    if form not in FORMS:
        raise UserError(
            f"got form={form} for model replay, expected one of {', '.join(FORMS)}; "
            "leave it out for the card's"
        )
    return ReplayModel(
        Path(str(model_args["path"])),
        is_missing_error=missing == "error",
        file_format=_format(model_args),
        threshold=_threshold(model_args),
    )


def _format(model_args: Mapping[str, Any]) -> Format:
    chosen = model_args.get("format", "auto")
    if chosen not in get_args(Format):
        raise UserError(
            f"got format={chosen} for model replay, expected one of {', '.join(get_args(Format))}; "
            "leave it out to have it found out"
        )
    named: Format = chosen
    return named


def _threshold(model_args: Mapping[str, Any]) -> float | None:
    value = model_args.get("threshold")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UserError(
            f"got threshold={value} for model replay, expected a number; leave it out for the "
            "project's own"
        )
    return float(value)


class ReplayModel:
    """The replies of one file."""

    def __init__(
        self,
        path: Path,
        *,
        is_missing_error: bool,
        file_format: Format = "auto",
        threshold: float | None = None,
    ) -> None:
        if not path.is_file():
            raise NotFoundError(
                f"got path={path} for model replay, expected a file of replies; check it"
            )
        content = path.read_bytes()
        self.path = path
        self.engine: Mapping[str, str] = {"replay_sha256": hashlib.sha256(content).hexdigest()}
        self._replies = read_replies(content, path, file_format=file_format, threshold=threshold)
        self._is_missing_error = is_missing_error

    def prepare(self, queries: Sequence[Query]) -> None:
        """Check that every query has a reply, where a missing one is an error.

        Raises:
            UserError: the file lacks a query.
        """
        lacking = [query for query in queries if self._find(query) is None]
        if lacking and self._is_missing_error:
            raise UserError(
                f"{self.path}: got no reply to {len(lacking)} of {len(queries)} queries, first on "
                f"video '{lacking[0].video}'; complete the file or give missing=skip"
            )

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Return the stored replies, each repeat its own; what the file lacks is missing."""
        return [self._find(r.query, r.repeat) or Reply(missing=True) for r in requests]

    def close(self) -> None:
        """Hold nothing."""

    def _find(self, query: Query, repeat: int = 0) -> Reply | None:
        asked = _asked(query.video, query.text, repeat)
        keys = ((query.task, query.id, *asked), (ANY_TASK, query.id, *asked), asked)
        return next((self._replies[key] for key in keys if key in self._replies), None)


def read_replies(
    content: bytes, path: Path, *, file_format: Format = "auto", threshold: float | None = None
) -> Rows:
    """Return replies by (video, query), and ours also by query id, in its task and in any.

    A last line that a kill tore is left out.

    Raises:
        UserError: the content is of no known form, or of a newer version of this package.
    """
    try:
        content = content.removeprefix(codecs.BOM_UTF8)
        if file_format == "auto":
            file_format = _found_format(content)
        if file_format in READERS:
            answered = READERS[file_format](parse_json(content.decode()), threshold=threshold)
            return {(_video(video), collapse(query)): reply for video, query, reply in answered}
        if threshold is not None:
            raise UserError(
                f"{path}: got threshold={threshold} for replies without a score, expected none; "
                "leave it out"
            )
        if file_format == "official":
            return _official_replies(json.loads(content.decode()))
        rows = _json_lines(content)
        _check_versions(rows, path)
        return _own_replies(rows)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: got a file that cannot be replayed ({reason}), expected "
            "responses.jsonl, a JSON list of {video, query, model_output}, or the predictions of "
            "NA-VMR or RaTSG"
        ) from error


def _found_format(content: bytes) -> Format:
    """Tell the formats apart by the first row; ours may be too large to be read twice."""
    text = content.lstrip()
    if text.startswith(b"["):
        return detect_format(json.loads(content.decode())) or "official"
    first_line = text.partition(b"\n")[0]
    try:
        first = json.loads(first_line.decode())
    except ValueError:
        # One object over several lines, or damage; a first line is never the one that a kill tore.
        first = json.loads(content.decode())
    return detect_format(first) or "own"


def _own_replies(rows: Sequence[Mapping[str, Any]]) -> Rows:
    replies: Rows = {}
    for row in rows:
        asked = _asked(row["video"], row["query"], row.get("repeat", 0))
        reply, named = reply_from_row(row), (row["query_id"], *asked)
        replies[asked] = replies[row["task"], *named] = replies[ANY_TASK, *named] = reply
    return replies


def _asked(video: str, text: str, repeat: int) -> tuple[str, ...]:
    """Return what a reply is matched by; the first repeat is matched as if there were no others.

    Spaces count for nothing, since other scripts strip what they read.
    """
    return (_video(video), collapse(text), *([str(repeat)] if repeat else []))


def _json_lines(content: bytes) -> list[dict[str, Any]]:
    """Read one JSON object a line; only a newline ends a line, whatever a reply holds."""
    *lines, last = content.split(b"\n")
    rows = [json.loads(line.decode()) for line in lines if line.strip()]
    try:
        rows += [json.loads(last.decode())] if last.strip() else []
    except ValueError:
        if not rows:
            raise
    if not rows:
        raise ValueError("it is empty")
    return rows


def _check_versions(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    newest = max(row.get("schema_version", NEWEST_SCHEMA_VERSION) for row in rows)
    if newest > NEWEST_SCHEMA_VERSION:
        raise UserError(
            f"{path}: got rows of schema_version {newest}, expected at most "
            f"{NEWEST_SCHEMA_VERSION}; replay them with the newer rarft that wrote them"
        )


def _video(name: str) -> str:
    """Return a video's base name without its video extension; a path may be a Windows one."""
    return stem(name.replace("\\", "/").rpartition("/")[2])


def _official_replies(rows: list[dict[str, Any]]) -> Rows:
    return {
        (_video(str(row["video"])), collapse(str(row["query"]))): Reply(
            text=str(row["model_output"] or "")
        )
        for row in rows
    }
