"""The look at home: what a running server gives, and what it keeps to itself."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.leaderboard.commands.serve import serve_command
from rarft.leaderboard.publish.local_server import served_file

COMMAND = """
import typer
from rarft.leaderboard.commands.serve import serve_command
app = typer.Typer()
app.command("serve")(serve_command)
app.command("other")(lambda: None)
app(["serve", *__import__("sys").argv[1:]])
"""
VIDEO = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("served")
    site = root / "site"
    for name in ("assets", "data", "videos", ".git"):
        (site / name).mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html><title>board</title>")
    (site / "assets" / "table.js").write_text("'use strict';")
    (site / "data" / "board.json").write_text("{}")
    (site / "videos" / "a.mp4").write_bytes(VIDEO)
    (site / ".git" / "config.txt").write_text("secret")
    (site / "notes.py").write_text("secret")
    (root / "secret.json").write_text("secret")
    (site / "data" / "out.json").symlink_to(root / "secret.json")
    return site


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    address = urlsplit(process.stdout.readline().strip())
    assert address.hostname == "127.0.0.1"
    yield int(address.port or 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?task=synth_hi", "text/html; charset=utf-8"),
        ("/assets/table.js", "text/javascript; charset=utf-8"),
        ("/data/board.json", "application/json"),
        ("/videos/a.mp4", "video/mp4"),
    ],
)
def test_a_file_of_the_site_comes_with_its_type_and_forbids_everything_else(port, path, kind):
    answer, _ = ask(port, path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "connect-src 'none'" in policy


def test_a_part_of_a_video_comes_alone_so_that_a_browser_can_seek(port):
    answer, body = ask(port, "/videos/a.mp4", Range="bytes=1000-1009")
    assert (answer.status, body) == (206, VIDEO[1000:1010])
    assert answer.headers["Content-Range"] == f"bytes 1000-1009/{len(VIDEO)}"
    answer, body = ask(port, "/videos/a.mp4", Range="bytes=-5")
    assert (answer.status, body) == (206, VIDEO[-5:])
    answer, _ = ask(port, "/videos/a.mp4", Range=f"bytes={len(VIDEO)}-")
    assert answer.status == 416


@pytest.mark.parametrize(
    "path",
    [
        "/assets/", "/assets", "/data", "/notes.py", "/.git/config.txt", "/data/out.json",
        "/../secret.json", "/data/../../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json",
        "/data/%00.json", "//etc/passwd", "/missing.html", "/data\\board.json",
    ],
)  # fmt: skip
def test_what_is_not_a_file_of_the_site_is_not_there(port, path):
    answer, body = ask(port, path)
    assert answer.status in (403, 404)
    assert b"secret" not in body
    assert b"table.js" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(port, method):
    assert ask(port, "/index.html", method)[0].status == 405


def test_a_page_of_another_name_cannot_read_it(port):
    answer, body = ask(port, "/", Host="evil.example")
    assert (answer.status, b"board" in body) == (403, False)
    assert ask(port, "/", Host=f"localhost:{port}")[0].status == 200


def test_a_link_out_of_the_site_is_not_followed(folder):
    assert served_file(folder, "data/out.json") is None
    assert served_file(folder, "data/board.json") == folder / "data" / "board.json"


def test_it_listens_on_loopback_alone(port):
    if not Path("/proc/net/tcp").exists():
        pytest.skip("asks Linux")
    listening = [
        socket.inet_ntoa(bytes.fromhex(found[1])[::-1])  # The kernel writes it back to front.
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if (found := re.match(r"\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) 00000000:0000 0A", line))
        and int(found[2], 16) == port
    ]
    assert listening == ["127.0.0.1"]


def test_a_folder_without_a_site_is_one_line(tmp_path):
    with pytest.raises(NotFoundError, match=r"without index\.html") as caught:
        serve_command(tmp_path, host=None, port=0)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_taken_is_one_line(folder):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UserError, match="cannot be listened on") as caught,
    ):
        serve_command(folder, host=None, port=taken.getsockname()[1])
    assert "\n" not in str(caught.value)
