"""A checkpoint is data: its own code and its pickles are never run."""

import json
from pathlib import Path

import pytest
import torch

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint
from rarft.harness.models.vllm_checkpoint import read_checkpoint

OWN_CODE = """
from pathlib import Path
from transformers import Qwen2_5_VLProcessor

Path({marker!r}).touch()

class OwnProcessor(Qwen2_5_VLProcessor):
    pass
"""


def choice(name: str, *, trusts_code: bool = False) -> CheckpointChoice:
    return CheckpointChoice(
        name=name,
        revision=None,
        dtype=torch.float32,
        device=torch.device("cpu"),
        attn_implementation="sdpa",
        trusts_code=trusts_code,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The packaged model, saved to a folder."""
    packaged = load_checkpoint(choice("package:tiny"))
    folder = tmp_path / "saved"
    packaged.network.save_pretrained(folder)
    packaged.processor.save_pretrained(folder)
    return folder


class Pickled:
    """Runs a command where it is opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.pth"])
def test_pickled_weights_are_refused_in_one_line_and_not_opened(
    saved: Path, tmp_path: Path, name: str
) -> None:
    (saved / "model.safetensors").unlink()
    torch.save({"weight": Pickled(tmp_path / "opened")}, saved / name)
    with pytest.raises(NotFoundError, match="no weights as safetensors") as caught:
        load_checkpoint(choice(str(saved)))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("processor_class", ["OwnProcessor", "Qwen2_5_VLProcessor"])
def test_code_that_comes_with_a_checkpoint_is_not_run(
    saved: Path, tmp_path: Path, processor_class: str
) -> None:
    marker = tmp_path / "ran"
    (saved / "own.py").write_text(OWN_CODE.format(marker=str(marker)))
    path = saved / "processor_config.json"
    content = json.loads(path.read_text())
    content |= {"auto_map": {"AutoProcessor": "own.OwnProcessor"}}
    path.write_text(json.dumps(content | {"processor_class": processor_class}))
    if processor_class == "OwnProcessor":
        with pytest.raises(UserError, match="trust_remote_code=true, which runs it") as caught:
            load_checkpoint(choice(str(saved)))
        assert "\n" not in str(caught.value)
    else:
        assert type(load_checkpoint(choice(str(saved))).processor).__name__ == processor_class
    assert not marker.exists()


def test_code_that_the_user_trusts_is_run(saved: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (saved / "own.py").write_text(OWN_CODE.format(marker=str(marker)))
    path = saved / "processor_config.json"
    own = {"auto_map": {"AutoProcessor": "own.OwnProcessor"}, "processor_class": "OwnProcessor"}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    loaded = load_checkpoint(choice(str(saved), trusts_code=True))
    assert type(loaded.processor).__name__ == "OwnProcessor"
    assert marker.exists()


def test_vllm_runs_no_code_either_and_names_the_flag(saved: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (saved / "own.py").write_text(OWN_CODE.format(marker=str(marker)))
    path = saved / "processor_config.json"
    own = {"auto_map": {"AutoProcessor": "own.OwnProcessor"}, "processor_class": "OwnProcessor"}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    with pytest.raises(UserError, match="trust_remote_code=true, which runs it") as caught:
        read_checkpoint(str(saved), None, cache=tmp_path, allows_time_mismatch=False)
    assert "\n" not in str(caught.value)
    assert not marker.exists()
