"""A vLLM server as a process of its own, for benches and for the tests that need a real one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

START_LIMIT_S: Final = 240.0
END_LIMIT_S: Final = 30.0
_OWN_ENVIRONMENT: Final = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server as a process, with its address and the log that it writes."""

    url: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]


@contextmanager
def vllm_server(checkpoint: Path, name: str, *flags: str) -> Iterator[Server]:
    """Start a vLLM that serves a folder under a name; it ends with the block.

    It has to load first: `until_healthy` waits for it.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    command = [
        # The `vllm` command looks for the package of the GPU build, this module for neither.
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(checkpoint), "--served-model-name", name),
        *("--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"),
        *flags,
    ]
    environment = os.environ | _OWN_ENVIRONMENT
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            yield Server(url=f"http://127.0.0.1:{port}", process=process, log=log)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until_healthy(server: Server) -> None:
    """Wait for a server to answer; raises RuntimeError with the end of its log."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=5):
                return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                server.log.seek(0)
                shown = server.log.read().decode(errors="replace")[-3000:]
                raise RuntimeError(f"got no answer of vLLM: {shown}") from None
            time.sleep(0.5)
