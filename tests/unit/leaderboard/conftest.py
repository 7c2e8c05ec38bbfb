"""A headless Chromium that opens the site, counts its requests and hears its complaints."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import rarft.leaderboard

SITE = Path(rarft.leaderboard.__file__).parent / "site"
WAIT_S = 30.0
WIDE = (1440, 1000)
PHONE = (375, 812)
AXE_PACKAGES = ("axe_playwright_python", "axe_core_python")
"""Packages that carry axe.min.js as a file, the newer one first; nothing of theirs is imported."""


class Browser:
    """A headless Chromium with one page, driven over the DevTools protocol.

    `requests` holds every address that was asked for, `complaints` what reached the console as a
    warning or an error, broken rules of the Content-Security-Policy among them.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session_id: str) -> None:
        self._socket = socket
        self._session_id = session_id
        self._number = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []

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
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Log.entryAdded" if parameters["entry"]["level"] in ("warning", "error"):
                entry = parameters["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(parameters["exceptionDetails"])[:2000])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("warning", "error", "assert"):
                self.complaints.append(json.dumps(parameters["args"])[:2000])

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
            with suppress(AssertionError):  # The page may be on its way to another one.
                if found := await self.value_of(tried):
                    return found
            await asyncio.sleep(0.03)
        raise AssertionError(f"{expression} did not come true; {self.complaints}")

    async def texts_of(self, selector: str) -> list[str]:
        """Return the text of every element, as it is in the document."""
        return await self.value_of(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"
        )

    async def open(self, url: str, *, ready: str = "document.readyState === 'complete'") -> None:
        """Go to an address, anew even where only its part behind the # differs, and wait."""
        await self.call("Page.navigate", url="about:blank")
        await self.until("location.href === 'about:blank'")
        self.requests.clear()
        self.complaints.clear()
        await self.call("Page.navigate", url=url)
        await self.until(f"location.href !== 'about:blank' && ({ready})")

    async def resize(self, width: int, height: int) -> None:
        """Give the window a size; narrow ones are those of a phone."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def use_theme(self, theme: str) -> None:
        """Let the system ask for `light` or `dark`."""
        await self.media(prefers_color_scheme=theme)

    async def media(self, kind: str = "", **features: str) -> None:
        """Emulate a medium such as print, and features such as prefers_color_scheme."""
        named = [{"name": name.replace("_", "-"), "value": to} for name, to in features.items()]
        await self.call("Emulation.setEmulatedMedia", media=kind, features=named)

    async def centre_of(self, selector: str) -> tuple[float, float]:
        """Return the middle of an element in pixels of the window."""
        box = await self.until(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "if (!e) return null; e.scrollIntoView({block: 'nearest', behavior: 'instant'});"
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

    async def hover(self, selector: str) -> None:
        """Move the mouse to the middle of an element."""
        await self.mouse("mouseMoved", *await self.centre_of(selector), buttons=0)

    async def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = await self.centre_of(selector)
        await self.mouse("mouseMoved", x, y, buttons=0)
        await self.mouse("mousePressed", x, y)
        await self.mouse("mouseReleased", x, y, buttons=0)

    async def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key; a key of one letter also types it."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        named = {"windowsVirtualKeyCode": codes[key]} if key in codes else {}
        for kind in ("keyDown", "keyUp"):
            typed = {"text": "\r" if key == "Enter" else key}
            given = typed if kind == "keyDown" and (len(key) == 1 or key == "Enter") else {}
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 * shift, **named, **given
            )

    async def violations(self, axe: str) -> list[dict[str, Any]]:
        """Return what axe-core finds of serious or critical impact, with the places."""
        if not await self.value_of("typeof axe === 'object'"):
            await self.call("Runtime.evaluate", expression=f"{axe}; undefined")
        return await self.value_of(
            "axe.run(document, {resultTypes: ['violations'], preload: false})"
            ".then(r => r.violations"
            ".filter(v => ['serious', 'critical'].includes(v.impact))"
            ".map(v => ({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 5)"
            ".map(n => n.html.slice(0, 200) + ' ' + n.failureSummary)})))"
        )

    async def screenshot(self) -> bytes:
        """Return the window as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@contextmanager
def running_chromium(profile: Path) -> Iterator[str]:
    """Run a headless Chromium with its own profile and yield the address of its DevTools."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium is not None
    port_file = profile / "DevToolsActivePort"
    process = subprocess.Popen(
        [
            chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
            "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(int(WAIT_S / 0.05)):
            if port_file.is_file() and port_file.read_text().count("\n"):
                break
            time.sleep(0.05)
        port, path = port_file.read_text().split("\n")[:2]
        yield f"ws://127.0.0.1:{port}{path}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@asynccontextmanager
async def new_page(address: str) -> AsyncIterator[Browser]:
    """Yield a page that shares nothing with others, and that listens before it opens anything."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, max_msg_size=0) as socket,
    ):
        numbers = count(-1, -1)

        async def ask(method: str, **parameters: Any) -> Any:
            number = next(numbers)
            await socket.send_json({"id": number, "method": method, "params": parameters})
            while (answer := await socket.receive_json(timeout=WAIT_S)).get("id") != number:
                pass
            return answer["result"]

        context = (await ask("Target.createBrowserContext"))["browserContextId"]
        page = await ask("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        browser = Browser(socket, str(attached["sessionId"]))
        for domain in ("Page", "Network", "Log", "Runtime"):
            await browser.call(f"{domain}.enable")
        # A page without the focus hears nothing of what is focused on it.
        await browser.call("Emulation.setFocusEmulationEnabled", enabled=True)
        await browser.use_theme("light")
        await browser.resize(*WIDE)
        try:
            yield browser
        finally:
            await ask("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def running_browser(profile: Path) -> AsyncIterator[Browser]:
    """Yield the page of a browser of its own."""
    with running_chromium(profile) as address:
        async with new_page(address) as browser:
            yield browser


def data_text(key: str, value: object) -> str:
    """Return the script that hands a value to the pages under a key."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'rarft.receive("{key}",{text});\n'


def put_site(folder: Path, values: dict[str, tuple[str, object]]) -> Path:
    """Copy the pages and write data beside them: by file below data/, its key and its value."""
    shutil.copytree(SITE, folder)
    for file, (key, value) in values.items():
        path = folder / "data" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.js").write_text(data_text(key, value), "utf-8")
    return folder


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one Chromium for all tests, which are skipped where there is none."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("needs Chromium")
    with running_chromium(tmp_path_factory.mktemp("profile")) as address:
        yield address


@pytest.fixture
def in_browser(chromium: str) -> Callable[..., Any]:
    """A function that runs `act(browser)` on a page of its own and returns what it returns."""

    def run(act: Callable[[Browser], Any]) -> Any:
        async def acted() -> Any:
            async with new_page(chromium) as browser:
                return await act(browser)

        return asyncio.run(acted())

    return run


@pytest.fixture
def make_site(tmp_path: Path) -> Callable[[dict[str, tuple[str, object]]], Path]:
    """A function that makes a site of the pages and given data, as `put_site` takes them."""
    return lambda values: put_site(tmp_path / "site", values)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder on loopback and returns its address, ending with a slash."""
    servers: list[ThreadingHTTPServer] = []

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, skipped where no package carries it."""
    for name in AXE_PACKAGES:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")
    pytest.skip("needs axe-core-python")
