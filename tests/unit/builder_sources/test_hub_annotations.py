"""A Hub on loopback: a public file, one behind consent, one that needs a token."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

CONTENT = b"A 1.0 2.0##a dog runs\n"
READ = """
import json, sys
from rarft.dataset_builder.normalise import normalise
from rarft.harness.errors import UserError
said = []
for name in ("public/set", "gated/set", "private/set"):
    try:
        rows = list(normalise("charades_sta", f"hub:{name}/sta.txt", split="test"))
        said.append(rows[0].query.provenance)
    except UserError as error:
        said.append(str(error))
print(json.dumps(said))
"""


class Hub(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        if self.path.startswith("/datasets/public/set/resolve/main/sta.txt"):
            self.send_response(200)
            self.send_header("ETag", '"abc"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            if with_body:
                self.wfile.write(CONTENT)
            return
        self.send_response(401)
        if "gated" in self.path:
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_and_a_missing_token_is_one_line(endpoint: str, tmp_path: Path) -> None:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("HF_")}
    said = subprocess.run(
        [sys.executable, "-c", READ],
        env={**environment, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "NO_PROXY": "*"},
        capture_output=True,
        check=True,
        text=True,
    )
    public, gated, private = json.loads(said.stdout)
    assert public == "sta.txt#0"
    assert gated.startswith("got hub:gated/set/sta.txt, whose owners ask for consent")
    assert "set HF_TOKEN" in private
    assert "\n" not in gated + private
