"""What a worker process tells the one that started it: JSON lines on its stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from rarft.harness.run_config import RunConfig, config_from_json

Kind = Literal["planned", "entered", "done", "failed", "noise"]
Watch = Callable[[Kind, int], None]
"""Told `planned`, then `entered` with how many requests are left, then `done` with how many more
are done, by whomever."""

_KINDS: Final = ("planned", "entered", "done", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    `n` counts requests, `is_user_error` says whether who asked can mend what failed.
    """

    kind: Kind
    n: int = 0
    text: str = ""
    is_user_error: bool = False


def encode_event(event: Event) -> str:
    """Return an event as one line.

    Example:
        >>> decode_event(encode_event(Event(kind="done", n=4))).n
        4
        >>> decode_event("something else").kind
        'noise'
    """
    return json.dumps(asdict(event)) + "\n"


def decode_event(line: str) -> Event:
    """Read one line; what is no event is noise, with its text."""
    try:
        content = json.loads(line)
        event = Event(**content)
    except (ValueError, TypeError):
        return Event(kind="noise", text=line.rstrip("\n"))
    return event if event.kind in _KINDS else Event(kind="noise", text=line.rstrip("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker process is told on its stdin, in one line."""

    config: RunConfig
    directory: Path
    launch: str
    fresh: bool


def encode_assignment(assignment: Assignment) -> str:
    """Return an assignment as one line."""
    content = {
        "config": assignment.config.to_json(),
        "directory": str(assignment.directory),
        "launch": assignment.launch,
        "fresh": assignment.fresh,
    }
    return json.dumps(content) + "\n"


def decode_assignment(line: str) -> Assignment:
    """Read the line back."""
    content: Mapping[str, Any] = json.loads(line)
    return Assignment(
        config=config_from_json(content["config"]),
        directory=Path(content["directory"]),
        launch=content["launch"],
        fresh=content["fresh"],
    )
