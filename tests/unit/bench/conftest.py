"""The scripts of bench/ as modules, which import each other by their bare names."""

import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture
def script(monkeypatch):
    """A function that imports a script of bench/ by its name."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module
