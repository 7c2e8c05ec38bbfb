"""What reaches a Hub on loopback, sent by the real client, and what a Hub may answer."""

import importlib.util
import os
import socket
import warnings
from pathlib import Path

import pytest

from rarft.harness.errors import UserError
from rarft.leaderboard.publish import PlannedFile, Publication, push
from rarft.leaderboard.publish.entries_dataset import dataset_card
from rarft.leaderboard.publish.repository_id import check_repository_id

_SPEC = importlib.util.spec_from_file_location(
    "leaderboard_hub_server", Path(__file__).parents[2] / "servers" / "hub_server.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
hub_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hub_server)

PARQUET = os.urandom(70_000) + b"0123" * 40_000


def dataset(**files: bytes) -> Publication:
    """A plan with one entry; the names of files have `__` for `/` and `_` for `.`."""
    return Publication(
        place="dataset",
        target="me/entries",
        files=tuple(
            PlannedFile(path=f"entries/mine/{name.replace('__', '/').replace('_', '.')}", content=c)
            for name, c in files.items()
        ),
        replaces=("entries/mine/",),
        card=dataset_card,
    )


@pytest.fixture
def hub():
    server = hub_server.Hub(token="hf_secret")
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


pytestmark = pytest.mark.usefixtures("online")


def test_an_entry_reaches_the_hub_whole_and_parquet_by_way_of_the_store_of_chunks(hub, tmp_path):
    samples = tmp_path / "synth.parquet"
    samples.write_bytes(PARQUET)
    plan = dataset(manifest_json=b"{}")
    plan = Publication(
        place="dataset",
        target="me/entries",
        files=(
            *plan.files,
            PlannedFile(path="entries/mine/samples/synth.parquet", content=samples),
        ),
        replaces=plan.replaces,
        card=dataset_card,
    )
    address = push(plan, is_private=True, token="hf_secret", endpoint=hub.address)
    assert address == f"{hub.address}/datasets/me/entries"
    assert hub.repositories == [
        {"name": "entries", "organization": "me", "type": "dataset", "visibility": "private"}
    ]
    assert hub.transfers == {"xet"}
    assert hub.files["entries/mine/samples/synth.parquet"] == PARQUET
    assert hub.files["entries/mine/manifest.json"] == b"{}"
    assert b"config_name: synth\n" in hub.files["README.md"]


# Raised by the client, of the library that it sends by.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_parquet_goes_by_git_lfs_where_the_client_is_told_so(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    push(dataset(samples__a_parquet=PARQUET), token="hf_secret", endpoint=hub.address)
    assert hub.transfers == {"lfs"}
    assert hub.files["entries/mine/samples/a.parquet"] == PARQUET


def test_a_file_that_an_entry_no_longer_has_goes_and_other_entries_stay(hub):
    push(dataset(train_json=b"{}", entry_json=b"1"), token="hf_secret", endpoint=hub.address)
    held = hub.contents["dataset", "me/entries"]
    held["entries/other/samples/b.parquet"] = b"theirs"
    held["notes.txt"] = b"theirs"
    push(dataset(entry_json=b"2"), token="hf_secret", endpoint=hub.address)
    assert set(hub.files) == {
        "README.md", "entries/mine/entry.json", "entries/other/samples/b.parquet", "notes.txt"
    }  # fmt: skip
    assert hub.files["entries/mine/entry.json"] == b"2"
    assert b"config_name: b\n" in hub.files["README.md"]
    assert ".gitattributes" in held


def test_what_is_there_already_is_not_committed_again(hub):
    for _ in range(2):
        push(dataset(entry_json=b"1"), token="hf_secret", endpoint=hub.address)
    assert hub.n_commits == 1


def test_a_space_is_static_and_holds_the_site_alone(hub):
    plan = Publication(
        place="space",
        target="me/board",
        files=(
            PlannedFile(path="index.html", content=b"<!doctype html>"),
            PlannedFile(path="data/board.json", content=b"{}"),
        ),
        replaces=("",),
        card=lambda _paths: "---\nsdk: static\n---\n",
    )
    push(plan, token="hf_secret", endpoint=hub.address)
    hub.contents["space", "me/board"]["old.html"] = b"old"
    address = push(plan, token="hf_secret", endpoint=hub.address)
    assert address == f"{hub.address}/spaces/me/board"
    assert hub.repositories[0]["sdk"] == "static"
    assert set(hub.files) == {"README.md", "index.html", "data/board.json"}


def test_a_space_with_something_else_is_left_alone(hub):
    hub.contents["space", "me/app"] = {"README.md": b"", "app.py": b"mine"}
    plan = Publication(place="space", target="me/app", files=(), replaces=("",))
    with pytest.raises(UserError, match=r"holds app\.py and no data/board\.json"):
        push(plan, token="hf_secret", endpoint=hub.address)
    assert hub.files == {"README.md": b"", "app.py": b"mine"}


def test_many_files_go_in_several_commits(hub, monkeypatch):
    monkeypatch.setattr("rarft.leaderboard.publish.hub.MAX_FILES_A_COMMIT", 2)
    push(
        dataset(a_json=b"1", b_json=b"2", c_json=b"3", d_json=b"4"),
        token="hf_secret",
        endpoint=hub.address,
    )
    assert hub.n_commits == 3
    assert len(hub.files) == 5


def refused(endpoint, token="hf_secret"):
    with pytest.raises(UserError) as caught:
        push(dataset(entry_json=b"1"), token=token, endpoint=endpoint)
    message = str(caught.value)
    assert "\n" not in message
    assert "hf_secret" not in message
    return message


def test_no_token_is_one_line_and_sends_nothing(hub, no_token):
    assert refused(hub.address, token=None).startswith("got no token of the Hub, expected one")
    assert not hub.tokens


def test_a_token_that_the_hub_does_not_know_is_one_line(hub):
    assert "a token that http://127.0.0.1" in refused(hub.address, token="hf_other")
    assert hub.contents == {}


def test_a_hub_that_refuses_is_one_line_without_the_token():
    server = hub_server.Hub(refuses=True)
    assert "which the token must not write to" in refused(server.address)
    server.close()


def test_a_hub_that_is_not_there_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert f"http://127.0.0.1:{port} cannot be reached" in refused(f"http://127.0.0.1:{port}")


def test_a_hub_that_loses_a_large_file_is_one_line(hub, monkeypatch):
    monkeypatch.setattr(hub, "keep", lambda oid, content: None)
    with pytest.raises(UserError, match=r"did not arrive") as caught:
        push(dataset(samples__a_parquet=PARQUET), token="hf_secret", endpoint=hub.address)
    assert "\n" not in str(caught.value)


def test_a_machine_that_is_told_to_stay_offline_says_so(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refused(hub.address)


@pytest.mark.parametrize(
    "repo_id",
    ["name", "owner/name/more", "", "owner /name", "../x", "a/..", "a/b..c", "a/" + "b" * 99],
)
def test_an_id_that_no_repository_has_is_refused(repo_id):
    with pytest.raises(UserError, match="expected OWNER/NAME"):
        check_repository_id(repo_id, flag="--dataset")


def test_the_card_names_a_configuration_for_every_task():
    from huggingface_hub import DatasetCard

    paths = ["entries/a/samples/t1.parquet", "entries/b/samples/t2.parquet", "entries/b/entry.json"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        card = DatasetCard(dataset_card(paths))
    assert [one["config_name"] for one in card.data.to_dict()["configs"]] == ["t1", "t2"]
    assert "| `b` | t2 |" in card.text
