"""A typer application run as a command: mistakes are one line on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import typer
from typer.exceptions import TyperException

from rarft.harness.errors import RarftError, UserError

INTERRUPTED: Final = 130


def run_command(app: typer.Typer, arguments: Sequence[str] | None, *, name: str, kept: str) -> int:
    """Run a command and return its exit code; a user's mistake, or a path's fault, gives 2.

    Args:
        app: the application.
        arguments: what stands behind the command's name, None for those of this process.
        name: the command's name, which opens every line.
        kept: what a stopped command leaves, in words such as "what is stored stays stored".

    Raises:
        OSError: something fails that is about no file.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        stopped = app(given, prog_name=name, standalone_mode=False)
    except UserError as error:
        typer.echo(f"{name}: {error}", err=True)
        return 2
    except RarftError as error:
        typer.echo(f"{name}: stopped, {error}; {kept}", err=True)
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(
            f"{name}: got {error.filename}, which cannot be read or written "
            f"({error.strerror}), expected a path with room and rights; give another",
            err=True,
        )
        return 2
    except TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        typer.echo(f"{name}: {message}; see `{name} --help`", err=True)
        return 2
    if stopped == INTERRUPTED:
        typer.echo(f"{name}: interrupted; run the same command to go on", err=True)
    return stopped if isinstance(stopped, int) else 0
