"""Run a loopback server as a process of its own, for as long as it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@contextmanager
def running_server(*arguments: str, script: str = "judge_server.py") -> Iterator[str]:
    """Yield the address of a server beside this file; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, FOLDER / script, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"{script} ended with code {process.wait()}")
        yield url
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ask_server(url: str, *, send: dict[str, Any] | None = None) -> Any:
    """Return the JSON of an address; with `send`, of a POST."""
    content = None if send is None else json.dumps(send).encode()
    request = urllib.request.Request(url, data=content)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)
