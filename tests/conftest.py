"""What every test shares: its own cache, the official annotations, and the rule for GPU tests."""

import importlib.util
import os
import signal
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Send caches to a temporary folder, before a test module or a doctest is imported.

    The workers of one run share the folder, as two runs share a user's cache.
    """
    # What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder = tempfile.TemporaryDirectory(prefix="rarft-test-cache-")
    config.add_cleanup(folder.cleanup)
    os.environ["RARFT_CACHE"] = folder.name


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a GPU test where there is no GPU, or fail it under FAIL_WITHOUT_CUDA=1."""
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if torch.cuda.is_available():
        return
    if os.environ.get("FAIL_WITHOUT_CUDA") == "1":
        pytest.fail("FAIL_WITHOUT_CUDA=1 is set, and torch finds no CUDA device")
    pytest.skip("torch finds no CUDA device")


@pytest.fixture(scope="session")
def annotations_dir() -> Path:
    """Return the folder of the official annotation files; `RARFT_ANNOTATIONS` names it."""
    named = os.environ.get("RARFT_ANNOTATIONS")
    if not named:
        pytest.skip("RARFT_ANNOTATIONS names no folder with the official annotation files")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"RARFT_ANNOTATIONS is {folder}, which is not a folder")
    return folder


@pytest.fixture(scope="session")
def servers() -> ModuleType:
    """Return the module that runs the loopback judge: `running_server` and `ask_server`."""
    path = Path(__file__).parent / "servers" / "running_server.py"
    spec = importlib.util.spec_from_file_location("running_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def isolated_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give one test an empty cache of its own."""
    folder = tmp_path / "rarft-cache"
    monkeypatch.setenv("RARFT_CACHE", str(folder))
    return folder
