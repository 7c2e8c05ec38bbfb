"""`rarft-leaderboard verify`: compute every figure of an entry again, and say how far it holds."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rarft.leaderboard.verification import Verified

REFUSED = 2


def verify_command(
    entry: Annotated[Path, typer.Argument(metavar="ENTRY_DIR", help="The directory of an entry.")],
    include_path: Annotated[
        list[Path] | None,
        typer.Option("--include_path", help="Your folder with more tasks and cards; repeatable."),
    ] = None,
    metadata: Annotated[
        str, typer.Option("--metadata", help="Your arguments for the task loaders, as JSON.")
    ] = "",
    rejudge: Annotated[
        Literal["none", "some", "all"],
        typer.Option(
            "--rejudge",
            help="Judgements made again: none, 100 of each measure, or all; never by an LLM.",
        ),
    ] = "some",
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Where to write the report.")
    ] = None,
) -> None:
    """Compute every figure of an entry again; 0 and the tier where all hold, 2 and why if not."""
    from rarft.harness.flags import parse_object
    from rarft.leaderboard.entries.refusal import EntryRefused
    from rarft.leaderboard.verification import TaskShelf, verify

    # As in scoring: a large entry is a few million small objects, of which none is garbage.
    gc.set_threshold(200_000, 50, 50)
    own = parse_object(metadata, flag="--metadata") if metadata else {}
    shelf = TaskShelf(include_path or (), own)
    try:
        verified = verify(entry, shelf=shelf, rejudge=rejudge, say=_say)
    except EntryRefused as refused:
        message = str(refused)
        refusal = {"reason": refused.reason, "message": message}
        _write({"schema_version": 1, "entry": entry.name, "refused": refusal}, json_path)
        _say(f"rarft-leaderboard: refused, {refused.reason}: {message}")
        raise typer.Exit(REFUSED) from refused
    _write(verified.to_json(), json_path)
    _print(verified)


def _print(verified: Verified) -> None:
    print(f"{verified.entry.slug}: {verified.tier}")
    marks = {"passed": "+", "taken": "=", "lacking": "-"}
    for check in verified.to_json()["checks"]:
        task = f"{check['task']}: " if check["task"] else ""
        print(f"  {marks[check['outcome']]} {check['name']}: {task}{check['detail']}")
    print("  (+ computed again, = taken as the entry says, - why it is partial)")


def _write(report: dict[str, Any], path: Path | None) -> None:
    from rarft.harness.atomic_file import write_atomic

    if path is not None:
        text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
        write_atomic(path, f"{text}\n".encode())


def _say(line: str) -> None:
    typer.echo(line, err=True)
