"""What a run leaves behind: the exported model, train.json, the card, and its way to the Hub."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from transformers import AutoModelForImageTextToText

from rarft.harness.errors import UserError
from rarft.harness.models import find_card, prompt_text, read_card
from rarft.harness.models.revision import resolve_revision
from rarft.harness.report import parse_results
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.dry_run.network_shape import meta_network
from rarft.trainer.exported_model import export_model
from rarft.trainer.final_evaluation import (
    card_name,
    evaluate_checkpoint,
    trained_card,
    write_card,
)
from rarft.trainer.model_card import model_card, push_model, write_model_card
from rarft.trainer.train_record import (
    TrainRecord,
    found_versions,
    read_train_record,
    write_train_record,
)

_SPEC = importlib.util.spec_from_file_location(
    "hub_server", Path(__file__).parents[2] / "servers" / "hub_server.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
hub_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hub_server)

RECORD = TrainRecord(
    name="rarft_7b",
    method="grpo",
    base="Qwen/Qwen2.5-VL-7B-Instruct",
    base_revision="a" * 40,
    checkpoint="b" * 64,
    recipe={"beta": 0.04, "rewards": ["format", "refuse_iou"], "seed": 3},
    fingerprint="c" * 16,
    seeds={"seed": 3, "data_seed": None},
    data={"name": "hi_vtg_train", "rows_sha256": "d" * 64, "n_videos": 10, "n_rows": 20},
    n_processes=8,
    n_steps=120,
    n_epochs=3.0,
    hours=1.5,
    n_skipped_videos=1,
    skipped_videos={"a.mp4": "a.mp4: cannot be decoded"},
    warnings=("step 9: the policy refuses everything (..)",),
    evaluation="evaluate_on names no task",
    versions={"torch": "2.13.0"},
)


def card(model="owner/model"):
    base, path = find_card("tiny")
    return trained_card(
        base,
        name="RA-RFT 7B",
        method="grpo",
        policy=FramesPolicy(fps=1.0, max_frames=16),
        mode="refusal",
        prompt=prompt_text(base, path, mode="refusal"),
        model=model,
    )


def results():
    figures = {"f1_avg,none": 0.5, "f1_avg_stderr,none": 0.01}
    content = {"schema_version": 1, "model": {"name": "m"}, "results": {"synth_hi": figures}}
    return parse_results(json.dumps(content).encode(), source="results.json")


def test_a_record_is_read_back_as_it_was_written(tmp_path):
    assert read_train_record(write_train_record(RECORD, tmp_path)) == RECORD


def test_a_record_of_another_version_is_refused(tmp_path):
    path = write_train_record(RECORD, tmp_path)
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(UserError, match="got schema_version 2, expected 1"):
        read_train_record(path)


def test_a_damaged_record_is_refused_in_one_line(tmp_path):
    (tmp_path / "train.json").write_text("{")
    with pytest.raises(UserError, match=r"expected a train\.json") as caught:
        read_train_record(tmp_path / "train.json")
    assert "\n" not in str(caught.value)


def test_versions_are_those_that_train():
    assert {"python", "torch", "transformers", "trl"} <= set(found_versions())


def test_the_trained_card_keeps_what_it_was_trained_with(tmp_path):
    trained = card()
    path = write_card(trained, tmp_path)
    assert path.name == "ra_rft_7b.yaml"
    assert read_card(path) == trained
    assert find_card("ra_rft_7b", [tmp_path])[0].frames == FramesPolicy(fps=1.0, max_frames=16)
    assert (trained.family, trained.checkpoint) == ("rft", "owner/model")
    assert "{query}" in trained.prompt["refusal"]


@pytest.mark.parametrize(
    ("name", "expected"), [("a.b-C", "a_b_c"), ("__", "trained"), ("run 1", "run_1")]
)
def test_a_run_gives_its_card_a_name(name, expected):
    assert card_name(name) == expected


def test_a_model_card_holds_recipe_data_and_results():
    text = model_card(RECORD, card=card(), results=results())
    front = ModelCard(text).data
    assert front.base_model == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert front.license == "apache-2.0"
    recipe = text.split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(recipe) == RECORD.recipe
    for said in ("hi_vtg_train", "120 (3.00 epochs) on 8 processes", "1.50 hours", "50.0"):
        assert said in text
    assert "step 9: the policy refuses everything" in text
    assert "Not evaluated" not in text


def test_a_model_that_was_not_evaluated_says_why():
    text = model_card(RECORD, card=card(), results=None)
    assert "Not evaluated: evaluate_on names no task." in text


def test_a_local_base_is_named_without_its_folder():
    text = model_card(replace(RECORD, base="/srv/me/base"), card=card(), results=None)
    assert "/srv/me" not in text
    assert ModelCard(text).data.base_model is None


def test_an_exported_model_has_its_own_bytes_and_name(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoint-5").mkdir(parents=True)
    (run / "checkpoint-5" / "model.safetensors").write_bytes(b"older")
    (run / "model.safetensors").write_bytes(b"weights")
    (run / "config.json").write_text("{}")
    (run / "trainer_state.json").write_text("{}")
    folder = export_model(run, base=tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    before = resolve_revision(card(), model_args={"pretrained": str(folder)})
    (run / "eval").mkdir()
    (run / "eval" / "results.json").write_text("{}")
    assert resolve_revision(card(), model_args={"pretrained": str(folder)}) == before
    assert export_model(run, base=tmp_path) == folder


def test_adapters_are_added_to_the_weights_they_were_trained_on(tmp_path, small_folder):
    peft = pytest.importorskip("peft")
    base, run = tmp_path / "base", tmp_path / "run"
    network = meta_network(small_folder).to_empty(device="cpu")
    network.tie_weights()
    for one in network.parameters():
        torch.nn.init.normal_(one, std=0.02)
    network.save_pretrained(base)
    name = "model.language_model.layers.0.self_attn.q_proj"
    before = network.get_submodule(name).weight.detach().clone()
    adapters = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"])
    adapted = peft.get_peft_model(network, adapters)
    added = adapted.get_base_model().get_submodule(name)
    torch.nn.init.ones_(added.lora_B["default"].weight)
    # Scaled by lora_alpha / r.
    expected = before + 2 * added.lora_B["default"].weight @ added.lora_A["default"].weight
    adapted.save_pretrained(run)
    (run / "tokenizer.json").write_text("{}")
    folder = export_model(run, base=base)
    merged = AutoModelForImageTextToText.from_pretrained(folder)
    torch.testing.assert_close(merged.get_submodule(name).weight, expected)
    assert not list(folder.glob("adapter*"))
    assert (folder / "tokenizer.json").is_file()


def test_a_run_without_weights_is_not_exported(tmp_path):
    with pytest.raises(UserError, match="got no weights"):
        export_model(tmp_path, base=tmp_path)


@pytest.mark.parametrize("tasks", [(), ("none",)])
def test_no_task_skips_the_evaluation_and_says_so(tmp_path, tasks):
    evaluated = evaluate_checkpoint(tmp_path, tmp_path / "eval", card=card(), tasks=tasks)
    assert (evaluated.results, evaluated.reason) == (None, "evaluate_on names no task")
    assert not (tmp_path / "eval").exists()


@pytest.mark.slow
def test_a_failed_evaluation_is_told_and_does_not_raise(tmp_path):
    write_card(card(), tmp_path / "cards")
    evaluated = evaluate_checkpoint(
        tmp_path,
        tmp_path / "eval",
        card=card(),
        tasks=["no_such_task"],
        include_path=[str(tmp_path / "cards")],
    )
    assert evaluated.results is None
    assert "no_such_task" in evaluated.reason
    assert "\n" not in evaluated.reason


@pytest.fixture
def hub():
    server = hub_server.Hub()
    yield server
    server.close()


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def test_a_model_reaches_the_hub_whole(tmp_path, hub, online):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    write_card(card(), tmp_path / "cards")
    write_model_card(RECORD, tmp_path, card=card(), results=None)
    address = push_model(
        tmp_path, "owner/model", is_private=True, token="hf_secret", endpoint=hub.address
    )
    assert address.endswith(hub_server.COMMIT)
    assert hub.repositories[0]["visibility"] == "private"
    assert hub.files["model.safetensors"] == b"weights"
    assert {"README.md", "cards/ra_rft_7b.yaml"} <= set(hub.files)
    assert hub.tokens == {"Bearer hf_secret"}


def test_a_hub_that_refuses_is_one_line_without_the_token(tmp_path, online):
    server = hub_server.Hub(refuses=True)
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(UserError, match="got hub_model_id=owner/model, which cannot be") as caught:
        push_model(tmp_path, "owner/model", token="hf_secret", endpoint=server.address)
    server.close()
    assert "hf_secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
