"""results.json of an entry as it is read: sections, texts and flags that lead to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.report.schema import Results, parse_results
from rarft.leaderboard.entries.limits import (
    MAX_KEY,
    MAX_LINE,
    MAX_RESAMPLES,
    MAX_STRING,
    MAX_TASKS,
)
from rarft.leaderboard.entries.names import is_task
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.entries.results_file import SECTIONS, entry_config
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.safe_text import check_text


def parse_entry_results(content: bytes, *, place: str) -> Results:
    """Read results.json of an entry; `place` names it in messages.

    Raises:
        EntryRefused: it is malformed, has sections that no entry has, or texts that cannot be
            shown.
    """
    record = read_json(content, place=place)
    if not isinstance(record, dict):
        raise EntryRefused(
            "schema", f"{place}: got {shown(record)}, expected a JSON object; make the entry again"
        )
    for name in record:
        if name not in SECTIONS:
            raise EntryRefused(
                "schema",
                f"{place}: got the section {shown(name)}, expected "
                f"{', '.join(SECTIONS)}; remove it",
            )
    check_texts(record, place=place)
    _check_version(record, place)
    try:
        results = parse_results(content.decode(), source=place)
    except UserError as error:
        raise EntryRefused("schema", str(error)) from error
    _check_results(results, place)
    return results


def check_texts(record: Mapping[str, Any], *, place: str) -> None:
    """Make sure that every key and text of a JSON object can be shown.

    Raises:
        EntryRefused: one is too long, or holds a character that is not seen.
    """
    for where, text in _texts(record):
        is_key = where.endswith(" (key)")
        check_text(
            text,
            place=f"{place}: {where}",
            max_chars=MAX_KEY if is_key else MAX_STRING,
            is_line=is_key,
        )


def _texts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every key and every text with the place where it stands, without recursion."""
    waiting: list[tuple[str, Any]] = [("", record)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, dict):
            for name, part in value.items():
                yield f"{where or 'top'} (key)", name
                waiting.append((f"{where}.{shown(name)[1:-1]}".lstrip("."), part))
        elif isinstance(value, list):
            waiting += [(where, part) for part in value]
        elif isinstance(value, str):
            yield where, value


def _check_version(record: Mapping[str, Any], place: str) -> None:
    version = record.get("schema_version")
    if version != 1 or version is True:
        raise EntryRefused(
            "schema_version",
            f"{place}: got schema_version {shown(version)}, expected 1; score the run with this "
            "version of rarft and submit it again",
        )


def _check_config(results: Results, place: str) -> None:
    """Make sure that the flags, by which a verifier loads tasks, lead to no file and no server."""
    is_local = entry_config(results.config, results.provenance) != results.config
    texts = (text for _, text in _texts(results.config))
    if is_local or any(".." in re.split(r"[\\/]", text) for text in texts):
        raise EntryRefused(
            "unsafe_path",
            f"{place}: config: got a folder, a local address or a secret, expected flags that lead "
            "to nothing on a verifier's machine; submit the run again",
        )


def _check_results(results: Results, place: str) -> None:
    if not 0 < len(results.tasks) <= MAX_TASKS:
        raise EntryRefused(
            "schema",
            f"{place}: got {len(results.tasks)} tasks, expected 1 to {MAX_TASKS}; mend the run",
        )
    for task in results.tasks:
        if not is_task(task):
            raise EntryRefused(
                "unsafe_path",
                f"{place}: got a task named {shown(task)}, expected letters, digits and '_' with "
                "single '.' or '-' between them; rename the task",
            )
    others = [task for task in results.floors if task not in results.results]
    if others:
        raise EntryRefused(
            "schema",
            f"{place}: got floors of {shown(others[0])}, expected those of tasks with results; "
            "make the entry again",
        )
    for name, text in results.model.model_dump().items():
        if text is not None:
            check_text(text, place=f"{place}: model.{name}", max_chars=MAX_LINE)
    _check_config(results, place)
    resamples = results.config.get("n_resamples", 0)
    if isinstance(resamples, bool) or not isinstance(resamples, int) or resamples < 0:
        raise EntryRefused(
            "schema",
            f"{place}: config.n_resamples: got {shown(resamples)}, expected a number above 0; "
            "score the run again",
        )
    if resamples > MAX_RESAMPLES:
        raise EntryRefused(
            "too_large",
            f"{place}: config.n_resamples: got {resamples}, expected at most {MAX_RESAMPLES}; "
            "score the run again with fewer",
        )
