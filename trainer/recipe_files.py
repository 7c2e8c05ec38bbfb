"""Recipes: YAML files of `rarft-train`, packaged ones by their bare name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rarft.harness.errors import NotFoundError, UserError

PACKAGED_RECIPES: Final = Path(__file__).parent / "recipes"
DEEPSPEED: Final = Path(__file__).parent / "deepspeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One recipe: its name, what its first comment says of it, and its keys as written."""

    name: str
    purpose: str
    values: Mapping[str, Any]


def packaged_recipes() -> list[Recipe]:
    """Return the recipes of this package by name."""
    return [read_recipe(path) for path in sorted(PACKAGED_RECIPES.glob("*.yaml"))]


def find_recipe(name: str) -> Path:
    """Return the file of a recipe: a path, or the name of a packaged one.

    Raises:
        NotFoundError: there is no such recipe; the nearest name is suggested.

    Example:
        >>> find_recipe("rarft_7b").name
        'rarft_7b.yaml'
    """
    for path in (Path(name), PACKAGED_RECIPES / f"{name}.yaml"):
        if path.is_file():
            return path
    names = [path.stem for path in sorted(PACKAGED_RECIPES.glob("*.yaml"))]
    near = difflib.get_close_matches(Path(name).stem, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "see `rarft-train --list`"
    raise NotFoundError(
        f"got the recipe {name}, expected a YAML file or one of {', '.join(names)}; {hint}"
    )


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        UserError: the file is not YAML, or no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: got a recipe that is not YAML ({reason}), expected keys and values; mend it"
        ) from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UserError(
            f"{path}: got {type(values).__name__}, expected a mapping of keys to values; "
            "mend the recipe"
        )
    first = text.splitlines()[0]
    purpose = first.removeprefix("#").strip() if first.startswith("#") else ""
    return Recipe(name=path.stem, purpose=purpose, values=values)


def deepspeed_file(name: str) -> str:
    """Return the path of a DeepSpeed configuration: a file, or a packaged one by its name.

    Raises:
        NotFoundError: there is none.

    Example:
        >>> Path(deepspeed_file("zero3")).name
        'zero3.json'
    """
    for path in (Path(name), DEEPSPEED / f"{name}.json"):
        if path.is_file():
            return str(path)
    names = ", ".join(path.stem for path in sorted(DEEPSPEED.glob("*.json")))
    raise NotFoundError(f"got deepspeed={name}, expected a JSON file or one of {names}")
