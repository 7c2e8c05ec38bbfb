"""A recipe and a command line as one set of values, all of them texts as argparse reads them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rarft.harness.errors import UserError

Values = Mapping[str, tuple[str, ...]]

NOTHING: Final = ("null",)
"""A key with this value has its default."""
_OF_LAUNCHERS: Final = ("local_rank",)
"""What DeepSpeed's launcher adds; the environment says the same."""


def recipe_values(recipe: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the values of a YAML file as texts.

    Raises:
        UserError: a value is nested where no key of ours is.

    Example:
        >>> recipe_values({"beta": 0.04, "rewards": ["format", "explain"], "bf16": True})
        {'beta': ('0.04',), 'rewards': ('format', 'explain'), 'bf16': ('true',)}
    """
    return {
        key: tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)
        for key, value in recipe.items()
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def command_values(tokens: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of a command line; the last of several equal keys counts.

    Raises:
        UserError: a value stands before any key.

    Example:
        >>> command_values(["--beta", "0.04", "--rewards", "format", "explain", "--dry-run"])
        {'beta': ('0.04',), 'rewards': ('format', 'explain'), 'dry_run': ('true',)}
        >>> command_values(["--learning_rate=1e-6"])
        {'learning_rate': ('1e-6',)}
    """
    values: dict[str, list[str]] = {}
    current: list[str] | None = None
    for token in tokens:
        if token.startswith("--") and len(token) > 2:
            key, has_value, value = token[2:].partition("=")
            current = [value] if has_value else []
            values[key.replace("-", "_")] = current
        elif current is None:
            raise UserError(
                f"got '{token}' before any key, expected --key value; see `rarft-train --help`"
            )
        else:
            current.append(token)
    return {
        key: tuple(value) or ("true",) for key, value in values.items() if key not in _OF_LAUNCHERS
    }


def merged(recipe: Values, command: Values) -> dict[str, tuple[str, ...]]:
    """Return a recipe with the command line over it, keys that are `null` left out.

    Example:
        >>> merged({"beta": ("0.04",), "deepspeed": ("zero3",)}, {"deepspeed": ("null",)})
        {'beta': ('0.04',)}
    """
    return {key: value for key, value in {**recipe, **command}.items() if value != NOTHING}


def is_true(values: Values, key: str) -> bool:
    """Say whether a switch is on, before anything heavy is imported to read it properly.

    Example:
        >>> is_true({"use_cpu": ("True",)}, "use_cpu"), is_true({}, "use_cpu")
        (True, False)
    """
    return values.get(key, ("",))[0].lower() in ("true", "1", "yes", "y", "t")


def check_keys(values: Iterable[str], known: Iterable[str], *, source: str) -> None:
    """Make sure that every key is one.

    Args:
        values: The keys that were given.
        known: Those that exist.
        source: Where they were given.

    Raises:
        UserError: one is unknown; the nearest is suggested.

    Example:
        >>> check_keys(["learning_rat"], ["learning_rate", "beta"], source="a.yaml")
        Traceback (most recent call last):
        rarft.harness.errors.UserError: a.yaml: got the unknown key learning_rat; \
did you mean learning_rate?
    """
    names = set(known)
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "docs/training.md names all keys"
            raise UserError(f"{source}: got the unknown key {key}; {hint}")


def as_tokens(values: Values) -> list[str]:
    """Return values as a command line.

    Example:
        >>> as_tokens({"rewards": ("format", "explain")})
        ['--rewards', 'format', 'explain']
    """
    return [token for key, value in values.items() for token in (f"--{key}", *value)]
