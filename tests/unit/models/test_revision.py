"""What a checkpoint name stands for: real folders, a real snapshot cache, a Hub on loopback."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import torch
from huggingface_hub import HfApi, constants

from rarft.harness.errors import NotFoundError
from rarft.harness.models import revision, tiny_weights
from rarft.harness.models.card import Card
from rarft.harness.models.revision import hub_commit, resolve_revision

OLD, NEW, DEV = "0" * 39 + "1", "0" * 39 + "2", "0" * 39 + "3"
MIB = 1024**2


def card(checkpoint: str | None = None, revision: str | None = None) -> Card:
    return Card(
        name="m",
        family="base",
        backend="hf",
        checkpoint=checkpoint,
        revision=revision,
        licence="Apache-2.0",
        source="this package",
    )


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    """Forget the commits known so far, and what the machine's own switches say."""
    revision._known_commit.cache_clear()
    for name in ("RARFT_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    # huggingface_hub reads its switch once, when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield
    revision._known_commit.cache_clear()


@pytest.fixture
def snapshots(tmp_path: Path, monkeypatch) -> Path:
    """A snapshot cache where branch main of org/model is at OLD."""
    folder = tmp_path / "hub"
    model = folder / "models--org--model"
    (model / "snapshots" / OLD).mkdir(parents=True)
    (model / "snapshots" / OLD / "config.json").write_text("{}")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(OLD)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return model


@pytest.fixture
def hub(snapshots, monkeypatch) -> Iterator[dict[str, str]]:
    """A Hub on loopback: the commits it knows, by the path of the question."""
    commits: dict[str, str] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            commit = commits.get(self.path)
            body = json.dumps({"id": "org/model", "sha": commit} if commit else {"error": "no"})
            self.send_response(200 if commit else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield commits
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_network(snapshots, monkeypatch):
    """Every connection is refused, as on a machine without a network."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        with pytest.raises(httpx.ConnectError):
            HfApi().model_info("org/model")
        yield


def test_the_revision_given_is_resolved_and_not_that_of_the_card(hub):
    hub["/api/models/org/model/revision/dev"] = DEV
    hub["/api/models/org/model/revision/main"] = NEW
    known = card("org/model", "main")
    assert resolve_revision(known, model_args={"revision": "dev"}) == DEV
    assert resolve_revision(known, model_args={}) == NEW


def test_another_checkpoint_does_not_take_the_revision_of_the_card(hub):
    hub["/api/models/org/other/revision/main"] = NEW
    hub["/api/models/org/other/revision/v2"] = OLD
    hub["/api/models/org/other/revision/dev"] = DEV
    known = card("org/model", "v2")
    assert resolve_revision(known, model_args={"pretrained": "org/other"}) == NEW
    asked = {"pretrained": "org/other", "revision": "dev"}
    assert resolve_revision(known, model_args=asked) == DEV


def test_a_commit_names_itself_without_a_question(no_network):
    assert resolve_revision(card("org/model", DEV), model_args={}) == DEV


def test_a_branch_that_moves_between_naming_and_loading_changes_nothing(hub):
    hub["/api/models/org/model/revision/main"] = OLD
    assert resolve_revision(card("org/model"), model_args={}) == OLD
    hub["/api/models/org/model/revision/main"] = NEW
    assert hub_commit("org/model", None) == OLD


def test_without_a_network_the_local_snapshot_answers(no_network):
    assert resolve_revision(card("org/model", "main"), model_args={}) == OLD


@pytest.mark.parametrize(("asked", "expected"), [({}, "main"), ({"revision": "dev"}, "dev")])
def test_without_network_and_snapshot_the_revision_asked_for_is_returned(
    asked, expected, no_network
):
    model_args = {"pretrained": "org/elsewhere", **asked}
    assert resolve_revision(card("org/model", "v2"), model_args=model_args) == expected


def test_a_revision_that_the_hub_does_not_know_is_returned(hub):
    assert resolve_revision(card("org/model", "gone"), model_args={}) == "gone"


@pytest.mark.parametrize("switch", ["RARFT_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_no_connection_is_tried(switch, hub, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    hub["/api/models/org/model/revision/main"] = NEW
    monkeypatch.setenv(switch, "1")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert resolve_revision(card("org/model", "main"), model_args={}) == OLD
    assert resolve_revision(card("org/model", "dev"), model_args={}) == "dev"


@pytest.mark.parametrize("name", ["/no/such", "./no/such", "a/b/c", "package:nowhere"])
def test_a_name_that_is_neither_a_folder_nor_a_hub_id_is_refused_in_one_line(name, snapshots):
    with pytest.raises(NotFoundError, match=f"^got pretrained={name}, which") as caught:
        resolve_revision(card("org/model"), model_args={"pretrained": name})
    assert "\n" not in str(caught.value)


def test_a_model_without_a_checkpoint_has_no_revision():
    assert resolve_revision(card(), model_args={}) is None


def digest_of(folder: Path) -> str:
    named = resolve_revision(card(), model_args={"pretrained": str(folder)})
    assert named is not None
    return named


@pytest.mark.parametrize("position", [0, 2 * MIB, 4 * MIB - 1])
def test_one_byte_anywhere_in_a_file_of_4_mib_counts(position, tmp_path):
    path = tmp_path / "model.safetensors"
    content = bytearray(4 * MIB)
    path.write_bytes(content)
    before = digest_of(tmp_path)
    content[position] = 1
    path.write_bytes(content)
    assert digest_of(tmp_path) != before


@pytest.mark.parametrize(
    ("position", "length"), [(0, 1), (64 * MIB - 1, 1), (2 * MIB, 300_000), (50 * MIB, 300_000)]
)
def test_any_stretch_longer_than_two_blocks_are_apart_counts_in_a_large_file(
    position, length, tmp_path
):
    """Blocks start every (64 MiB - 64 KiB) / 255, about 263 kB."""
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.truncate(64 * MIB)
    before = digest_of(tmp_path)
    with path.open("r+b") as file:
        file.seek(position)
        file.write(b"x" * length)
    assert digest_of(tmp_path) != before


def test_names_sizes_and_nothing_else_of_a_folder_count(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    before = digest_of(tmp_path)
    (tmp_path / "optimizer.pt").write_text("no part of the checkpoint")
    assert digest_of(tmp_path) == before
    (tmp_path / "config.json").rename(tmp_path / "generation_config.json")
    assert digest_of(tmp_path) != before


def test_one_file_of_weights_is_known_by_its_content(tmp_path):
    weights = tmp_path / "timechat_7b.pth"
    weights.write_bytes(b"weights")
    bridged = card(str(weights)).model_copy(update={"backend": "bridge"})
    before = resolve_revision(bridged, model_args={})
    assert before is not None
    assert before.startswith("sha256:")
    weights.write_bytes(b"Weights")
    assert resolve_revision(bridged, model_args={}) != before


def test_the_weights_that_only_a_runner_loads_count_for_it_alone(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    bridged = card(str(tmp_path)).model_copy(update={"backend": "bridge"})
    before = digest_of(tmp_path), resolve_revision(bridged, model_args={})
    (tmp_path / "best.t7").write_bytes(b"weights")
    assert digest_of(tmp_path) == before[0]
    assert resolve_revision(bridged, model_args={}) != before[1]


@pytest.mark.parametrize("name", ["SEED", "WEIGHTS_VERSION"])
def test_how_the_weights_of_tiny_are_drawn_is_part_of_its_revision(name, monkeypatch):
    tiny = card("package:tiny")
    before = resolve_revision(tiny, model_args={})
    monkeypatch.setattr(tiny_weights, name, 99)
    assert resolve_revision(tiny, model_args={}) != before


def test_the_weights_version_stands_for_these_weights():
    """Whoever changes them raises WEIGHTS_VERSION and writes the new numbers here."""
    layer = torch.nn.Linear(4, 2)
    tiny_weights.draw_weights(layer)
    drawn = [round(value, 3) for value in layer.weight.flatten().tolist()]
    assert (tiny_weights.WEIGHTS_VERSION, drawn) == (
        1,
        [-0.603, 0.031, 0.582, -0.75, -0.797, -0.009, -1.066, -0.264],
    )
    assert layer.bias.tolist() == [0, 0]
