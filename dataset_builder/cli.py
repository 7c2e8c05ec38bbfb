"""The command `rarft-data`: one command a step; results on stdout, everything else on stderr."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import typer

from rarft.harness.command_line import run_command

COMMANDS: Final = (
    "sources",
    "normalise",
    "build",
    "categorize",
    "plan",
    "rewrite",
    "verify",
    "balance",
    "guessability",
    "split",
    "shuffle",
    "corrections",
    "annotate",
    "card",
    "stats",
    "diff",
    "merge",
    "publish",
)
"""The commands in the order of the work; each is in the module of its name."""

app = typer.Typer(
    help="Build hard-irrelevant grounding data from any grounding annotation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def register_commands() -> None:
    """Add every command to the application."""
    for name in COMMANDS:
        module = importlib.import_module(f"rarft.dataset_builder.commands.{name}")
        app.command(name)(getattr(module, f"{name}_command"))


register_commands()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a user's mistake, or a path's fault, prints one line and returns 2."""
    return run_command(app, arguments, name="rarft-data", kept="what is stored stays stored")


if __name__ == "__main__":
    sys.exit(main())
