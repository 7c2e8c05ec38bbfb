"""Why an entry is refused: one word that programs can tell apart, and one line for people."""

from __future__ import annotations

from typing import Literal

from rarft.harness.errors import UserError

RefusalReason = Literal[
    # what lies in the directory
    "not_an_entry",
    "unsafe_path",
    "not_a_plain_file",
    "unlisted_file",
    "missing_file",
    "hash_mismatch",
    "too_large",
    # what a file holds
    "bad_text",
    "malformed_json",
    "too_deep",
    "duplicate_key",
    "not_finite",
    "schema",
    "schema_version",
    "malformed_parquet",
    "parquet_layout",
    # what a row says
    "bad_sample",
    "bad_judgement",
    "duplicate_query",
    # what the task says
    "unknown_task",
    "task_version",
    "task_rows",
    "unknown_query",
    "missing_query",
    "query_order",
    # what follows from the samples
    "prediction_differs",
    "judgement_differs",
    "score_differs",
    "interval_differs",
    "count_differs",
    "floor_differs",
    "provenance_differs",
    "claimed_tier",
    # what `submit` was given
    "unfinished_run",
    "run_files",
]
"""A reason; docs/leaderboard_entries.md says what each one means."""

MAX_SHOWN = 60


class EntryRefused(UserError):  # noqa: N818 (the reason ends the name)
    """An entry, or a run that was to become one, cannot be taken.

    `reason` names why; the message says what was got, what is expected and what to do.
    """

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason: RefusalReason = reason


def shown(value: object) -> str:
    r"""Return hostile content so that it can stand in a message: one line of ASCII, and short.

    Example:
        >>> shown("a" * 100)
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'"
        >>> print(shown("x" + chr(0x202E) + chr(10)))
        'x\u202e\n'
    """
    # Cut before it is written out: a text of megabytes would be escaped whole.
    text = ascii(value[:MAX_SHOWN] if isinstance(value, str | bytes) else value)
    is_cut = len(text) > MAX_SHOWN or (isinstance(value, str) and len(value) > MAX_SHOWN)
    if not is_cut:
        return text
    closing = text[-1] if isinstance(value, str | bytes) else ""
    return f"{text[: MAX_SHOWN - 2]}…{closing}"
