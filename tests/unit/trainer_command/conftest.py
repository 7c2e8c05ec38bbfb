"""The command in this process, on a network and rows that take a second."""

import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # It imports vllm where that is installed, and vllm what torch is about to drop.
    warnings.simplefilter("ignore")
    import trl.trainer.grpo_trainer  # noqa: F401


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Where drawn weights and rendered videos are kept while these tests run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def train(cache, tmp_path, monkeypatch, capsys):
    """A function that runs the command and returns its exit code, stdout and stderr."""
    from rarft.trainer.cli import main

    monkeypatch.setenv("RARFT_CACHE", str(cache))

    def run(*arguments: str, recipe: str | None = "tiny_grpo", out: str = "out"):
        smallest = {
            "output_dir": tmp_path / out,
            "synth_videos": 3,
            "max_steps": 2,
            "num_generations": 2,
            "per_device_train_batch_size": 2,
            "gradient_accumulation_steps": 1,
            "max_completion_length": 4,
            "disable_tqdm": "true",
            "save_steps": 1,
        }
        given = [token for key, value in smallest.items() for token in (f"--{key}", str(value))]
        named = ["--config", recipe] if recipe else []
        code = main([*named, *given, *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def complaint(train):
    """A function that runs the command, which must refuse in one line, and returns the line."""

    def run(*arguments: str, **named: str) -> str:
        code, out, err = train(*arguments, **named)
        lines = [line for line in err.splitlines() if line.startswith("rarft-train")]
        assert code == 2
        assert out == ""
        assert len(lines) == 1, err
        assert "Traceback" not in err
        return lines[0]

    return run
