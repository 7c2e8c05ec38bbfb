"""The command that starts a runner, from a card's or a user's text, and how long to wait for it."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.card import Card
from rarft.harness.models.revision import checkpoint_folder, named_checkpoint

MODEL_ARGS: Final = (
    *("command", "python", "pretrained", "revision", "runners", "cwd", "env"),
    *("hello_timeout_s", "timeout_s", "max_deaths"),
)
RUNNERS: Final = Path(__file__).resolve().parents[2] / "runners"

_ENV_PREFIX: Final = "env."
_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """A runner's command, and the limits of the harness's patience.

    `hello_timeout_s` is for the start, loading the weights included; `timeout_s` is for one
    request. After `max_deaths` deaths in a row without an answer the run stops.
    """

    arguments: tuple[str, ...]
    cwd: Path | None = None
    environment: Mapping[str, str] | None = None
    hello_timeout_s: float = 600.0
    timeout_s: float = 600.0
    max_deaths: int = 8

    @property
    def command(self) -> str:
        """Return the command as one line, for messages."""
        return shlex.join(self.arguments)


def bridge_settings(card: Card, model_args: Mapping[str, Any]) -> BridgeSettings:
    """Return what the card and the user's arguments ask for.

    Raises:
        UserError: there is no runner, an argument is unknown or wrong, or a `{place}` of the
            command has no value.
    """
    given = {name: value for name, value in model_args.items() if value is not None}
    cwd = given.get("cwd")
    if cwd is not None and not Path(str(cwd)).is_dir():
        raise NotFoundError(f"got cwd={cwd}, expected a folder that is there; check the path")
    return BridgeSettings(
        arguments=_command(card, given) if "command" in given else _runner(card, given),
        cwd=Path(str(cwd)) if cwd is not None else None,
        environment=_environment(given),
        hello_timeout_s=_number(given, "hello_timeout_s", 600.0),
        timeout_s=_number(given, "timeout_s", 600.0),
        max_deaths=int(_number(given, "max_deaths", 8)),
    )


def _runner(card: Card, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command of a card's runner; arguments that are not the harness's are its options.

    Raises:
        UserError: the card has no runner, or its script is not there.
    """
    if card.runner is None:
        raise UserError(
            f"got no command for model '{card.name}', expected what starts its runner; give "
            "--model_args command='python my_runner.py …', or add runner to its card"
        )
    folder = Path(str(given["runners"])) if "runners" in given else RUNNERS
    script = folder / Path(card.runner).name
    if not script.is_file():
        raise NotFoundError(
            f"got the runner {script} for model '{card.name}', which is not there, expected the "
            "folder runners of the repository; give --model_args runners=FOLDER"
        )
    checkpoint, revision = _checkpoint(card, given)
    options = {"checkpoint": checkpoint, "revision": revision} | {
        name: value
        for name, value in given.items()
        if name not in MODEL_ARGS and not name.startswith(_ENV_PREFIX)
    }
    words = [str(given.get("python", sys.executable)), str(script.resolve())]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    return tuple(words)


def _command(card: Card, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the user's own command; a `{place}` in it is filled, and blanks in it stay in a word.

    Raises:
        UserError: the command cannot be split, an argument is unknown, or a place has no value.
    """
    pieces = _pieces(str(given["command"]))
    places = {name for piece in pieces for name in _PLACE.findall(piece)}
    known = {*MODEL_ARGS, *places}
    unknown = [name for name in given if name not in known and not name.startswith(_ENV_PREFIX)]
    if unknown:
        raise UserError(
            f"got the model argument {unknown[0]}, which is no {{place}} of the command, expected "
            f"one of {', '.join(sorted(known))} or env.NAME; mend the name"
        )
    checkpoint, revision = _checkpoint(card, given)
    own = {"python": sys.executable, "checkpoint": checkpoint, "revision": revision}
    values = {name: str(value) for name, value in {**own, **given}.items() if value is not None}

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            argument = "pretrained" if name == "checkpoint" else name
            raise UserError(
                f"got no {argument} for model '{card.name}', expected it for {{{name}}} in its "
                f"command; give --model_args {argument}=…"
            )
        return values[name]

    return tuple(_PLACE.sub(value_of, piece) for piece in pieces)


def _checkpoint(card: Card, given: Mapping[str, Any]) -> tuple[str | None, str | None]:
    checkpoint, revision = named_checkpoint(card, given)
    return (checkpoint_folder(checkpoint) if checkpoint else None, revision)


def scripts_digest(arguments: Sequence[str], *, cwd: Path | None) -> str | None:
    """Return the digest of the Python scripts a command names, so that an edited one is another."""
    paths = [(cwd or Path()) / argument for argument in arguments if argument.endswith(".py")]
    contents = [path.read_bytes() for path in paths if path.is_file()]
    if not contents:
        return None
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def _pieces(text: str) -> list[str]:
    try:
        pieces = shlex.split(text)
    except ValueError as error:
        raise UserError(
            f"got the command {text}, which cannot be split into words ({error}); mend its quotes"
        ) from error
    if not pieces:
        raise UserError(f"got the command '{text}', expected a program; name one")
    return pieces


def _environment(model_args: Mapping[str, Any]) -> dict[str, str]:
    whole = model_args.get("env") or {}
    if not isinstance(whole, Mapping):
        raise UserError(
            f"got env={whole}, expected a JSON object of variables; or give env.NAME=value"
        )
    prefixed = {
        name.removeprefix(_ENV_PREFIX): value
        for name, value in model_args.items()
        if name.startswith(_ENV_PREFIX)
    }
    return {str(name): str(value) for name, value in {**whole, **prefixed}.items()}


def _number(model_args: Mapping[str, Any], name: str, default: float) -> float:
    value = model_args.get(name, default)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf or (name == "max_deaths" and value != int(value)):
        kind = "a whole number above 0" if name == "max_deaths" else "a number of seconds above 0"
        raise UserError(f"got {name}={value}, expected {kind}")
    return float(value)
