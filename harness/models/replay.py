"""Replies made elsewhere, scored as if this harness had asked for them.

Reads this harness's responses.jsonl, and the list of {video, query, model_output} that the official
inference script writes. Official rows are matched by video base name and query text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.base import Request
from rarft.harness.models.card import Card
from rarft.harness.reply_rows import reply_from_row
from rarft.harness.types import Query, Reply

Rows = dict[tuple[str, str], Reply]


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
        UserError: no path, another `missing`, or the file is neither form.
    """
    if "path" not in model_args:
        raise UserError("got no path for model replay, expected --model_args path=<replies>")
    missing = str(model_args.get("missing", "skip"))
    if missing not in ("skip", "error"):
        raise UserError(
            f"got missing={missing} for model replay, expected missing=skip or missing=error"
        )
    return ReplayModel(Path(str(model_args["path"])), is_missing_error=missing == "error")


class ReplayModel:
    """The replies of one file."""

    def __init__(self, path: Path, *, is_missing_error: bool) -> None:
        if not path.is_file():
            raise NotFoundError(
                f"got path={path} for model replay, expected a file of replies; check it"
            )
        content = path.read_bytes()
        self.path = path
        self.engine: Mapping[str, str] = {"replay_sha256": hashlib.sha256(content).hexdigest()}
        self._replies = read_replies(content, path)
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
        """Return the stored replies; a query the file lacks is a missing reply."""
        return [self._find(request.query) or Reply(missing=True) for request in requests]

    def close(self) -> None:
        """Hold nothing."""

    def _find(self, query: Query) -> Reply | None:
        own = self._replies.get((query.task, query.id))
        return own or self._replies.get((Path(query.video).stem, _words(query.text)))


def read_replies(content: bytes, path: Path) -> Rows:
    """Return replies by (task, query id) for our rows and by (video stem, query) for official ones.

    Raises:
        UserError: the content is neither form.
    """
    try:
        text = content.decode("utf-8")
        if text.lstrip().startswith("["):
            return _official_replies(json.loads(text))
        return _own_replies(json.loads(line) for line in text.splitlines() if line.strip())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: got a file that cannot be replayed ({reason}), expected "
            "responses.jsonl or a JSON list of {video, query, model_output}"
        ) from error


def _words(text: str) -> str:
    """Return the text with single spaces, since other scripts strip what they read."""
    return " ".join(text.split())


def _own_replies(rows: Any) -> Rows:
    return {(row["task"], row["query_id"]): reply_from_row(row) for row in rows}


def _official_replies(rows: list[dict[str, Any]]) -> Rows:
    replies: Rows = {}
    for row in rows:
        stem = Path(str(row["video"])).stem
        replies[stem, _words(str(row["query"]))] = Reply(text=str(row["model_output"] or ""))
    return replies
