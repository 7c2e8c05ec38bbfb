"""Each package's `__all__` says exactly what it offers."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent / "src"


def packages() -> list[str]:
    found = sorted((ROOT / "rarft").glob("*/**/__init__.py"))
    return [".".join(path.parent.relative_to(ROOT).parts) for path in found]


def packages_with_all() -> list[str]:
    return [
        name
        for name in packages()
        if "__all__" in (ROOT / name.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    ]


def offered(module: ModuleType) -> set[str]:
    """Return the public names that the package defines: no submodules, nothing from elsewhere."""
    named = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {
        name
        for name, value in named.items()
        if not isinstance(value, ModuleType)
        and name != "annotations"
        and (getattr(value, "__module__", None) or module.__name__).startswith(module.__name__)
    }


def sort_key(name: str) -> tuple[int, str]:
    """Order constants, then classes, then functions, as ruff's RUF022 does."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_harness_states_what_it_offers() -> None:
    assert "rarft.harness" in packages_with_all()


@pytest.mark.parametrize("name", packages_with_all())
def test_all_is_sorted_and_without_repetition(name: str) -> None:
    exported = importlib.import_module(name).__all__
    assert list(exported) == sorted(set(exported), key=sort_key)


@pytest.mark.parametrize("name", packages_with_all())
def test_every_exported_name_can_be_imported(name: str) -> None:
    module = importlib.import_module(name)
    assert [exported for exported in module.__all__ if not hasattr(module, exported)] == []


@pytest.mark.parametrize("name", packages_with_all())
def test_every_public_name_is_exported(name: str) -> None:
    module = importlib.import_module(name)
    assert offered(module) - set(module.__all__) == set()


def test_the_harness_offers_at_most_25_names() -> None:
    assert len(importlib.import_module("rarft.harness").__all__) <= 25
