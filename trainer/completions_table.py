"""A table of the completions of each logging step, as JSON lines, a few of which are printed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from transformers import TrainerCallback

from rarft.harness.atomic_file import write_atomic
from rarft.trainer.reward_texts import completion_text
from rarft.trainer.watched_rewards import KIND, QUERY_ID

FOLDER: Final = "completions"
SCHEMA_VERSION: Final = 1
N_PRINTED: Final = 3
_WIDEST: Final = 300


def completion_rows(logs: Mapping[str, Any], *, step: int) -> list[dict[str, Any]]:
    """Return one row for each completion that TRL remembers: those of the last generation.

    A reward that does not apply to a query is None.

    Args:
        logs: TRL's own buffers, columns of equal length: completion, advantages, and by name
            rewards and what reward functions logged.
        step: The update that was learned from them.

    Example:
        >>> rows = completion_rows({"completion": ["a"], "advantages": [0.5],
        ...     "rewards": {"format": [1.0]}, "extra": {"kind": ["refused"]}}, step=3)
        >>> rows[0]["rewards"], rows[0]["kind"], rows[0]["advantage"]
        ({'format': 1.0}, 'refused', 0.5)
    """
    extra = logs["extra"]
    rows = []
    for position, completion in enumerate(logs["completion"]):
        rows.append(
            {
                "schema_version": SCHEMA_VERSION,
                "step": step,
                "query_id": extra[QUERY_ID][position] if QUERY_ID in extra else None,
                "kind": extra[KIND][position] if KIND in extra else None,
                "rewards": {
                    name: _number(values[position]) for name, values in logs["rewards"].items()
                },
                "advantage": _number(logs["advantages"][position]),
                "text": completion_text(completion),
            }
        )
    return rows


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows as JSON lines.

    Raises:
        UserError: the file cannot be written.
    """
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    write_atomic(path, ("\n".join(lines) + "\n").encode("utf-8", errors="replace"))


def sample_table(rows: Sequence[Mapping[str, Any]], *, n_rows: int = N_PRINTED) -> Table:
    """Return a few completions for the terminal: the best, the worst, and some between."""
    ranked = sorted(rows, key=lambda row: -(row["advantage"] or 0.0))
    n_shown = min(n_rows, len(ranked))
    last = max(n_shown - 1, 1)
    positions = [round(number * (len(ranked) - 1) / last) for number in range(n_shown)]
    table = Table(title=f"completions of step {rows[0]['step']}", show_lines=True)
    for title in ("query", "kind", "rewards", "advantage", "text"):
        table.add_column(title)
    for row in (ranked[position] for position in positions):
        text = row["text"] if len(row["text"]) <= _WIDEST else row["text"][: _WIDEST - 1] + "…"
        rewards = "\n".join(f"{name} {_shown(value)}" for name, value in row["rewards"].items())
        table.add_row(
            *map(_plain, (row["query_id"], row["kind"], rewards)),
            _shown(row["advantage"]),
            _plain(text),
        )
    return table


class CompletionsTable(TrainerCallback):
    """Writes and prints the completions of each logging step, in the main process.

    Args:
        logs: TRL's buffers, filled in place.
        n_printed: How many are printed; 0 prints none.
        console: Where they are printed, stderr by default.
    """

    def __init__(
        self,
        logs: Mapping[str, Any],
        *,
        n_printed: int = N_PRINTED,
        console: Console | None = None,
    ) -> None:
        self._logs = logs
        self._n_printed = n_printed
        self._console = console or Console(stderr=True)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the table of a logging step of training."""
        if not state.is_world_process_zero or logs is None or "reward" not in logs:
            return
        rows = completion_rows(self._logs, step=state.global_step)
        if not rows:
            return
        write_rows(
            rows, Path(args.output_dir) / FOLDER / f"completions_{state.global_step:05d}.jsonl"
        )
        if self._n_printed:
            self._console.print(sample_table(rows, n_rows=self._n_printed))


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _plain(value: Any) -> str:
    """Return a cell that no completion can turn into markup."""
    return str(value).replace("[", "\\[")
