"""Publishing: what licences forbid, and what reaches a Hub, by the real client."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard

from rarft.dataset_builder.commands.publish import publish_command
from rarft.dataset_builder.output import publish, write_output
from rarft.dataset_builder.output.licences import combine, spdx
from rarft.dataset_builder.output.tally import SourceCount
from rarft.harness.errors import UserError

_SPEC = importlib.util.spec_from_file_location(
    "model_hub_server", Path(__file__).parents[2] / "servers" / "hub_server.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
hub_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hub_server)


def of(source, licence, *, redistributable=True):
    return SourceCount(
        source=source,
        split="train",
        licence=licence,
        redistributable=redistributable,
        citation="",
        n_rows=1,
    )


@pytest.fixture
def hub():
    server = hub_server.Hub()
    yield server
    server.close()


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture
def no_token(monkeypatch, tmp_path):
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))


@pytest.fixture
def ego4d(make_rows, make_build, tmp_path):
    """A set with rows of Ego4D, which must not be handed on."""
    rows = make_rows("v0")
    closed = replace(
        rows[0].origin,
        source="ego4d_nlq",
        licence="Ego4D licence agreement",
        redistributable=False,
    )
    rows += make_rows("v1", origin=closed)
    return write_output(make_build(tmp_path / "ego", rows)).folder


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (["MIT"], "MIT"),
        (["apache-2.0", "MIT"], "Apache-2.0"),
        (["MIT", "CC-BY-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
        (["MIT", "CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-SA-4.0"),
        (["CC-BY-SA-4.0", "CC-BY-4.0"], "CC-BY-SA-4.0"),
        (["MIT", "Kitchen licence"], "other"),
        (["Kitchen licence", "Garden licence"], "other"),
    ],
)
def test_licences_that_can_be_mixed_give_the_one_that_asks_the_most(licences, expected):
    combined = combine([of(f"s{place}", licence) for place, licence in enumerate(licences)])
    assert (combined.licence, combined.problems) == (expected, ())


@pytest.mark.parametrize(
    "licences",
    [
        ["CC-BY-SA-4.0", "CC-BY-NC-4.0"],
        ["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"],
        ["CC-BY-SA-3.0", "CC-BY-SA-4.0"],
        ["CC-BY-NC-SA-4.0", "Kitchen licence"],
        ["CC-BY-ND-4.0"],
    ],
)
def test_licences_that_cannot_be_mixed_are_one_problem(licences):
    combined = combine([of(f"s{place}", licence) for place, licence in enumerate(licences)])
    assert combined.licence == "other"
    assert len(combined.problems) == 1


def test_a_licence_is_known_however_it_is_written():
    assert spdx(" cc-by-nc-sa-4.0 ") == "CC-BY-NC-SA-4.0"
    assert spdx("not stated") is None


def test_a_source_that_must_not_be_handed_on_stops_before_anything_is_sent(ego4d, hub, online):
    with pytest.raises(UserError, match="licence of ego4d_nlq") as caught:
        publish(ego4d, "owner/name", token="hf_secret", endpoint=hub.address)
    assert "\n" not in str(caught.value)
    assert not hub.tokens
    assert "must not be published" in (ego4d / "README.md").read_text()


def test_an_edited_card_does_not_open_a_licence(ego4d):
    (ego4d / "README.md").write_text("---\nlicense: mit\n---\n")
    with pytest.raises(UserError, match="ego4d_nlq"):
        publish(ego4d, "owner/name", is_dry=True)


def test_a_mixture_that_is_not_allowed_names_both_sources(make_rows, make_build, tmp_path):
    rows = make_rows("v0")
    for source, licence in (("qv", "CC-BY-NC-SA-4.0"), ("wiki", "CC-BY-SA-4.0")):
        rows += make_rows(source, origin=replace(rows[0].origin, source=source, licence=licence))
    folder = write_output(make_build(tmp_path / "mixed", rows)).folder
    expected = r"CC-BY-NC-SA-4\.0 \(qv\) and CC-BY-SA-4\.0 \(wiki\) cannot be mixed in one set"
    with pytest.raises(UserError, match=expected):
        publish(folder, "owner/name", is_dry=True)
    front = DatasetCard.load(folder / "README.md").data
    assert (front.license, front.license_name) == ("other", "terms-of-each-source")


def test_a_set_reaches_the_hub_whole(kitchen, hub, online):
    folder = write_output(kitchen).folder
    (folder / "notes.txt").write_text("mine")
    published = publish(
        folder, "owner/name", is_private=True, token="hf_secret", endpoint=hub.address
    )
    assert published.address.endswith(hub_server.COMMIT)
    assert hub.repositories[0]["type"] == "dataset"
    assert hub.repositories[0]["visibility"] == "private"
    assert set(hub.files) == {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    } - {"notes.txt"}
    name = "data/test-00000-of-00001.parquet"
    assert hub.files[name] == (folder / name).read_bytes()
    assert hub.tokens == {"Bearer hf_secret"}


def test_no_token_is_one_line_and_sends_nothing(kitchen, hub, online, no_token):
    folder = write_output(kitchen).folder
    with pytest.raises(UserError, match="got no token of the Hub, expected one") as caught:
        publish(folder, "owner/name", endpoint=hub.address)
    assert "\n" not in str(caught.value)
    assert not hub.tokens


def test_a_hub_that_refuses_is_one_line_without_the_token(kitchen, online):
    server = hub_server.Hub(refuses=True)
    folder = write_output(kitchen).folder
    with pytest.raises(UserError, match="got owner/name, which cannot be published") as caught:
        publish(folder, "owner/name", token="hf_secret", endpoint=server.address)
    server.close()
    assert "hf_secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dry_run_needs_no_token_and_lists_the_files(kitchen, no_token, capsys):
    folder = write_output(kitchen).folder
    publish_command(folder, "owner/name", dry_run=True, endpoint=None, private=False)
    said = capsys.readouterr()
    assert "README.md" in said.out.splitlines()
    assert "nothing was sent" in said.err


@pytest.mark.parametrize("repo_id", ["name", "owner/name/more", "", "owner /name"])
def test_an_id_that_no_repository_has_is_refused(kitchen, repo_id):
    with pytest.raises(UserError, match="expected <owner>/<name>"):
        publish(write_output(kitchen).folder, repo_id, is_dry=True)


def test_a_set_that_lacks_a_file_is_not_published(kitchen):
    folder = write_output(kitchen).folder
    (folder / "official" / "kitchen_train.json").unlink()
    with pytest.raises(UserError, match=r"without official/kitchen_train\.json"):
        publish(folder, "owner/name", is_dry=True)
    (folder / "output.json").write_text("{")
    with pytest.raises(UserError, match=r"without a readable output\.json"):
        publish(folder, "owner/name", is_dry=True)


def test_the_card_tells_how_the_set_was_made(kitchen):
    card = DatasetCard.load(write_output(kitchen).folder / "README.md")
    front = card.data.to_dict()
    assert front["license"] == "cc-by-4.0"
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-*.parquet"},
        {"split": "test", "path": "data/test-*.parquet"},
    ]
    for said in (
        "4 relevant and 12 irrelevant queries about 4 videos",
        "| train | 3 | 9 | 3 | `kitchen_train` |",
        "| test | 1 | 3 | 1 | `kitchen` |",
        "| strong | 4 |",
        "| Action/FineGrainedAction | 0 | 4 | 4 | 8 |",
        "| kitchen | train | 12 | CC-BY-4.0 | yes |",
        "- Cook, Kitchen Videos, 2020",
        "written by writer-1, seed 3",
        "| usd | 0.25 |",
        "| rewrite | a1b2 |",
        "| before.auc | 0.81 |",
        "| after.auc | 0.57 |",
    ):
        assert said in card.text, said


def test_a_text_of_a_source_cannot_break_the_card(make_rows, make_build, tmp_path):
    rows = make_rows("v0")
    odd = replace(rows[0].origin, source="a|b\n# x", licence="<script>", citation="{{ 1 }}\n- y")
    rows = [replace(row, origin=odd) for row in rows]
    text = write_output(make_build(tmp_path / "odd", rows)).folder.joinpath("README.md").read_text()
    assert "| a\\|b # x | test | 4 | &lt;script> | yes |" in text
    assert "- {{ 1 }} - y" in text


def test_a_build_that_fell_short_says_so_in_its_card(make_rows, make_build, tmp_path):
    record = {
        "config": {},
        "complete": False,
        "missing": {"not categorized yet": 2},
        "guessability": {"target_met": False, "leakage_after": 0.71, "target": 0.6},
    }
    folder = write_output(make_build(tmp_path / "half", make_rows("v0"), record=record)).folder
    text = (folder / "README.md").read_text()
    assert "- The build was not complete when this set was written." in text
    assert "| not categorized yet | 2 |" in text
    assert "- Words alone still tell the classes: leakage 0.71 against a target of 0.6." in text


@pytest.mark.parametrize(("n_queries", "is_told"), [(16, True), (12, False)])
def test_a_measurement_of_these_rows_is_in_the_card(kitchen, n_queries, is_told):
    blind = {"auc": 0.56, "leakage": 0.56, "roc": [[0.0, 0.0], [1.0, 1.0]]}
    measured = {"n_queries": n_queries, "blind": blind, "second": None, "target": 0.6}
    (kitchen / "guessability.json").write_text(json.dumps(measured))
    text = (write_output(kitchen).folder / "README.md").read_text()
    assert ("| measured.blind.auc | 0.56 |" in text) == is_told
    assert "roc" not in text


def test_a_damaged_measurement_is_one_line(kitchen):
    (kitchen / "guessability.json").write_text("[]")
    with pytest.raises(UserError, match=r"guessability\.json that cannot be read"):
        write_output(kitchen)


def test_a_damaged_record_is_one_line(kitchen):
    (kitchen / "build.json").write_text(json.dumps({"config": {}, "costs": [1]}))
    with pytest.raises(UserError, match="with costs: "):
        write_output(kitchen)
