"""A packaged tiny model is the model that was trained, in half precision, under its own name."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import revision
from rarft.harness.models.card import Card
from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint
from rarft.trainer.load_network import find_base
from rarft.trainer.tiny.network import draw_network, export_network, write_processor
from rarft.trainer.tiny.packaged import MAX_BYTES, package_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A drawn network as a run leaves it: in single precision, with records beside it."""
    folder = tmp_path_factory.mktemp("trained")
    write_processor(folder / "processor")
    export_network(draw_network(folder / "processor", seed=1), folder / "processor", folder / "m")
    weights = folder / "m" / "model.safetensors"
    single = {name: tensor.float() * 1.0001 for name, tensor in load_file(weights).items()}
    save_file(single, weights, metadata={"format": "pt"})
    (folder / "m" / "README.md").write_text("a record")
    return folder / "m"


@pytest.fixture
def packaged(trained, tmp_path, monkeypatch) -> str:
    """The name of the packaged model, in a package that lies elsewhere."""
    package_model(trained, tmp_path / "tiny_trained")
    monkeypatch.setattr(revision, "__file__", str(tmp_path / "revision.py"))
    return "package:tiny_trained"


def test_it_is_what_was_trained_in_half_precision(trained, tmp_path) -> None:
    n_bytes = package_model(trained, tmp_path / "tiny_trained")
    files = list((tmp_path / "tiny_trained").iterdir())
    assert n_bytes == sum(path.stat().st_size for path in files) <= MAX_BYTES
    # Only these endings are package data.
    assert {path.suffix for path in files} == {".json", ".safetensors", ".jinja", ".py"}
    weights = tmp_path / "tiny_trained" / "model.safetensors"
    assert weights.stat().st_mode & 0o777 == 0o644
    own = load_file(weights)
    for name, tensor in load_file(trained / "model.safetensors").items():
        assert own[name].dtype == torch.float16
        torch.testing.assert_close(own[name].float(), tensor, rtol=1e-3, atol=1e-6)
    assert json.loads((tmp_path / "tiny_trained" / "config.json").read_text())["dtype"] == "float16"


def test_it_loads_by_its_packaged_name_without_drawing_weights(packaged, trained) -> None:
    loaded = load_checkpoint(
        CheckpointChoice(
            name=packaged,
            revision=None,
            dtype=torch.float32,
            device=torch.device("cpu"),
            attn_implementation="sdpa",
        )
    )
    weights = load_file(trained / "model.safetensors")
    parameters = dict(loaded.network.named_parameters())
    torch.testing.assert_close(
        parameters["lm_head.weight"].detach(), weights["lm_head.weight"].half().float()
    )
    assert loaded.own_generation.max_new_tokens == 160


def test_training_begins_from_its_packaged_name(packaged, tmp_path) -> None:
    card = Card(name="t", family="base", backend="hf", checkpoint=packaged, licence="", source="")
    base = find_base(card, name=None, revision=None)
    assert base.folder == tmp_path / "tiny_trained"
    assert base.revision == revision.resolve_revision(card, model_args={})


def test_a_folder_that_lacks_a_file_names_it(trained, tmp_path) -> None:
    shutil.copytree(trained, tmp_path / "m")
    (tmp_path / "m" / "tokenizer.json").unlink()
    with pytest.raises(NotFoundError, match=r"without tokenizer\.json"):
        package_model(tmp_path / "m", tmp_path / "tiny_trained")


def test_weights_that_half_precision_cannot_hold_are_refused(trained, tmp_path) -> None:
    shutil.copytree(trained, tmp_path / "m")
    weights = load_file(tmp_path / "m" / "model.safetensors")
    weights["lm_head.weight"][0, 0] = 1e6
    save_file(weights, tmp_path / "m" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lm_head\.weight with values beyond half precision"):
        package_model(tmp_path / "m", tmp_path / "tiny_trained")
    assert not (tmp_path / "tiny_trained").exists()


def test_a_packaged_model_is_not_overwritten(trained, tmp_path) -> None:
    package_model(trained, tmp_path / "tiny_trained")
    with pytest.raises(UserError, match="which is there already"):
        package_model(trained, tmp_path / "tiny_trained")
