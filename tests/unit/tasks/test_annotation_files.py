import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.tasks.annotation_files import annotation_file, git_blob_id, own_annotation

CONTENT = b'[{"video": "a.mp4"}]'
BLOB = hashlib.sha1(b"blob 20\0" + CONTENT, usedforsecurity=False).hexdigest()
COMMIT = "8843cbb259cd5661e59654ea609fc844b00a175b"


@dataclass
class Site:
    """A real HTTP server on loopback: path to body, and the paths it was asked for."""

    url: str
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    promised_bytes: int | None = None


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            body = served.bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(served.promised_bytes or len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Site(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.delenv("RARFT_OFFLINE")
        monkeypatch.setenv("RARFT_ANNOTATIONS_URL", f"{served.url}/anno/")
        yield served
        server.shutdown()
        thread.join()


def problem(blob: str = BLOB, commit: str | None = COMMIT) -> str:
    with pytest.raises(AnnotationError) as caught:
        annotation_file("anno.json", commit=commit, blob=blob)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_blob_id_is_the_one_git_gives() -> None:
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_download_is_kept_and_not_repeated(site: Site, own_cache: Path) -> None:
    site.bodies["/anno/anno.json"] = CONTENT
    path = annotation_file("anno.json", commit=COMMIT, blob=BLOB)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(own_cache)
    assert annotation_file("anno.json", commit=COMMIT, blob=BLOB) == path
    assert site.asked == ["/anno/anno.json"]
    assert [file.name for file in path.parent.iterdir()] == ["anno.json"]


def test_a_download_with_another_blob_is_refused_and_not_kept(site: Site, own_cache: Path) -> None:
    site.bodies["/anno/anno.json"] = CONTENT + b"\n"
    message = problem()
    assert f"got blob {git_blob_id(CONTENT + bytes([10]))}, expected {BLOB}" in message
    assert not list(own_cache.rglob("*.json"))


def test_a_missing_page_says_which_file_and_what_to_do(site: Site) -> None:
    message = problem()
    assert message.startswith("anno.json could not be downloaded (http://127.0.0.1:")
    assert "404" in message
    assert message.endswith("put it in a directory and set RARFT_ANNOTATIONS to that directory")


def test_a_download_that_breaks_off_is_an_error(site: Site, own_cache: Path) -> None:
    site.bodies["/anno/anno.json"] = CONTENT
    site.promised_bytes = 1000
    assert "could not be downloaded" in problem()
    assert not list(own_cache.rglob("*.json"))


def test_a_server_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS_URL", "http://127.0.0.1:9/anno")
    assert "could not be downloaded (http://127.0.0.1:9/anno/anno.json" in problem()


@pytest.mark.parametrize("url", ["nonsense", "http://[bad", "http://127.0.0.1:x/"])
def test_a_mirror_that_is_no_address_is_an_error(
    monkeypatch: pytest.MonkeyPatch, site: Site, url: str
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS_URL", url)
    assert "could not be downloaded" in problem()


@pytest.mark.parametrize(
    ("switch", "value"), [("RARFT_OFFLINE", "1"), ("HF_HUB_OFFLINE", "1"), ("RARFT_OFFLINE", "ON")]
)
def test_offline_nothing_is_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, switch: str, value: str
) -> None:
    monkeypatch.setenv(switch, value)
    assert f"could not be downloaded ({switch} is set)" in problem()
    assert site.asked == []


def test_without_a_commit_nothing_is_downloaded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RARFT_ANNOTATIONS_URL")
    assert "(the task states no commit)" in problem(commit=None)


def test_a_damaged_cache_is_downloaded_again(site: Site) -> None:
    site.bodies["/anno/anno.json"] = CONTENT
    path = annotation_file("anno.json", commit=COMMIT, blob=BLOB)
    path.write_bytes(CONTENT[:7])
    assert annotation_file("anno.json", commit=COMMIT, blob=BLOB).read_bytes() == CONTENT
    assert len(site.asked) == 2


def test_a_cache_that_cannot_be_written_is_one_line(site: Site, own_cache: Path) -> None:
    site.bodies["/anno/anno.json"] = CONTENT
    own_cache.write_text("a file where the directory should be")
    message = problem()
    assert "expected a writable cache" in message
    assert "RARFT_CACHE" in message


def test_a_full_disk_is_one_line_and_leaves_nothing(site: Site, own_cache: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    site.bodies["/anno/anno.json"] = CONTENT
    folder = own_cache / "annotations" / BLOB
    folder.mkdir(parents=True)
    (folder / f".anno.json.{os.getpid()}").symlink_to("/dev/full")
    message = problem()
    assert "got No space left on device while writing" in message
    assert not list(folder.iterdir())


def test_the_directory_comes_before_the_cache(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(tmp_path))
    local = tmp_path / "anno.json"
    local.write_bytes(CONTENT)
    assert annotation_file("anno.json", commit=COMMIT, blob=BLOB) == local
    assert site.asked == []


def test_another_file_of_that_name_in_the_directory_is_an_error(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.bodies["/anno/anno.json"] = CONTENT
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(tmp_path))
    local = tmp_path / "anno.json"
    local.write_bytes(b"[]")
    message = problem()
    assert message.startswith(f"{local}: got blob {git_blob_id(b'[]')}, expected {BLOB}; ")
    assert "delete the file" in message
    assert "no `blob`" in message
    local.write_bytes(CONTENT)
    assert annotation_file("anno.json", commit=COMMIT, blob=BLOB) == local
    assert site.asked == []


def test_a_directory_without_the_file_is_named_in_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(tmp_path))
    assert problem().startswith(f"anno.json is not in RARFT_ANNOTATIONS ({tmp_path}) and could not")


def test_a_directory_that_does_not_exist_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(tmp_path / "nowhere"))
    with pytest.raises(NotFoundError, match="expected a directory"):
        annotation_file("anno.json", commit=COMMIT, blob=BLOB)


def test_a_name_with_folders_never_leaves_the_directory() -> None:
    with pytest.raises(AnnotationError, match="expected a bare file name"):
        annotation_file("../anno.json", commit=COMMIT, blob=BLOB)


def test_ones_own_annotation_may_be_absolute(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(CONTENT)
    assert own_annotation(str(path), folders=()) == path
