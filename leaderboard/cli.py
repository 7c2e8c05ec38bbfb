"""The command `rarft-leaderboard`; results on stdout, everything else on stderr."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import typer
from typer.exceptions import TyperException

from rarft.harness.errors import RarftError, UserError

INTERRUPTED: Final = 130
COMMANDS: Final = ("submit", "verify", "rank", "compare", "build", "publish", "serve")
"""The commands in the order of the work; each is in the module of its name."""

app = typer.Typer(
    help="Entries that can be checked, their ranking, and the site that shows them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def register_commands() -> None:
    """Add every command to the application."""
    for name in COMMANDS:
        module = importlib.import_module(f"rarft.leaderboard.commands.{name}")
        app.command(name)(getattr(module, f"{name}_command"))


register_commands()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a user's mistake, or a path's fault, prints one line and returns 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        stopped = app(given, prog_name="rarft-leaderboard", standalone_mode=False)
    except UserError as error:
        print(f"rarft-leaderboard: {error}", file=sys.stderr)
        return 2
    except RarftError as error:
        print(f"rarft-leaderboard: stopped, {error}; what is written stays", file=sys.stderr)
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        print(
            f"rarft-leaderboard: got {error.filename}, which cannot be read or written "
            f"({error.strerror}), expected a path with room and rights; give another",
            file=sys.stderr,
        )
        return 2
    except TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        print(f"rarft-leaderboard: {message}; see `rarft-leaderboard --help`", file=sys.stderr)
        return 2
    if stopped == INTERRUPTED:
        print("rarft-leaderboard: interrupted; run the same command to go on", file=sys.stderr)
    return stopped if isinstance(stopped, int) else 0


if __name__ == "__main__":
    sys.exit(main())
