"""A made set of videos, a running page, and a browser that real mouse and key events drive."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from rarft.tasks.synth_hi.files import make_dataset

COMMAND = """
import typer
from rarft.dataset_builder.commands.annotate import annotate_command
app = typer.Typer()
app.command("annotate")(annotate_command)
app.command("other")(lambda: None)
app(["annotate", *__import__("sys").argv[1:]])
"""
WAIT_S = 30.0


class Browser:
    """A headless Chromium with one page, driven over the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session_id: str, pid: int) -> None:
        self._socket = socket
        self._session_id = session_id
        self._number = 0
        self._pid = pid

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command to the page and return its result."""
        self._number += 1
        await self._socket.send_json(
            {
                "id": self._number,
                "method": method,
                "params": parameters,
                "sessionId": self._session_id,
            }
        )
        while True:
            answer = await self._socket.receive_json(timeout=WAIT_S)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    async def value_of(self, expression: str) -> Any:
        """Return what an expression is on the page; promises are waited for."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """Wait until an expression is true on the page, whatever is not there yet."""
        tried = f"(() => {{ try {{ return {expression} }} catch {{ return null }} }})()"
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while asyncio.get_running_loop().time() < deadline:
            if found := await self.value_of(tried):
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{expression} did not come true")

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=url)

    async def centre_of(self, selector: str) -> tuple[float, float]:
        """Return the middle of an element in pixels of the window."""
        box = await self.until(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "if (!e) return null; e.scrollIntoView({block: 'nearest'});"
            "const b = e.getBoundingClientRect();"
            "return [b.left + b.width / 2, b.top + b.height / 2] })()"
        )
        return box[0], box[1]

    async def mouse(self, kind: str, x: float, y: float, *, buttons: int = 1) -> None:
        """Move the mouse, or press or release its left button."""
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        await self.call(
            "Input.dispatchMouseEvent",
            type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1,
        )  # fmt: skip

    async def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = await self.centre_of(selector)
        await self.mouse("mouseMoved", x, y, buttons=0)
        await self.mouse("mousePressed", x, y)
        await self.mouse("mouseReleased", x, y, buttons=0)

    async def drag(self, selector: str, *, by: float, steps: int = 8) -> None:
        """Drag an element to the right by so many pixels, in steps as a hand does."""
        x, y = await self.centre_of(selector)
        await self.mouse("mouseMoved", x, y, buttons=0)
        await self.mouse("mousePressed", x, y)
        for number in range(1, steps + 1):
            await self.mouse("mouseMoved", x + by * number / steps, y)
        await self.mouse("mouseReleased", x + by, y, buttons=0)

    async def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, *, text: str = "") -> None:
        """Press and release a key; `text` is what it types."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **typed)

    async def screenshot(self) -> bytes:
        """Return the window as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    def kill(self) -> None:
        """End every process of the browser at once, as a crash does."""
        os.killpg(self._pid, signal.SIGKILL)


@asynccontextmanager
async def running_browser(profile: Path, *, dark: bool = False) -> AsyncIterator[Browser]:
    """Yield a browser with its own profile, which outlives it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium is not None
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
            "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
            "--remote-debugging-port=0", "--window-size=1440,1000", f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(int(WAIT_S / 0.05)):
            if port_file.is_file() and port_file.read_text().count("\n"):
                break
            await asyncio.sleep(0.05)
        port, path = port_file.read_text().split("\n")[:2]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0) as socket,
        ):
            browser = Browser(socket, await _attach(socket), process.pid)
            await browser.call("Page.enable")
            await browser.call(
                "Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
            )
            yield browser
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _attach(socket: aiohttp.ClientWebSocketResponse) -> str:
    """Return the session of the page that the browser began with."""

    async def ask(number: int, method: str, **parameters: Any) -> Any:
        await socket.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await socket.receive_json(timeout=WAIT_S)).get("id") != number:
            pass
        return answer["result"]

    targets = (await ask(-1, "Target.getTargets"))["targetInfos"]
    page = next(target for target in targets if target["type"] == "page")
    attached = await ask(-2, "Target.attachToTarget", targetId=page["targetId"], flatten=True)
    return str(attached["sessionId"])


class RunningPage:
    """The command in a process of its own, with the address it printed."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.communicate()[1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="session")
def synth_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of eight made videos with two queries each."""
    return make_dataset(tmp_path_factory.mktemp("synth") / "set", n_queries=16, seed=0, workers=1)


@pytest.fixture
def running_page() -> Iterator[Callable[..., RunningPage]]:
    """A function that starts `rarft-data annotate` with its arguments; it ends with the test."""
    started: list[RunningPage] = []

    def start(*arguments: str | Path, port: int = 0) -> RunningPage:
        started.append(RunningPage(*map(str, arguments), "--port", str(port)))
        return started[-1]

    yield start
    for page in started:
        page.__exit__()


@pytest.fixture
def browser_in() -> Callable[..., Any]:
    """`running_browser`, skipped where there is no Chromium."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("needs Chromium")
    return running_browser
