"""The server of a built site: its files with byte ranges for video, and nothing beside them."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from rarft.harness.errors import NotFoundError, UserError

INDEX: Final = "index.html"
_ROOT: Final = web.AppKey("root", Path)
_TYPES: Final = {
    ".avi": "video/x-msvideo",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webm": "video/webm",
}
"""What is served: the type comes from here and never from the content or the machine's tables."""
_HEADERS: Final = {
    # Videos that the reader picks from a disk are blobs of the page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; font-src 'self'; connect-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(site: Path, *, is_loopback_only: bool) -> web.Application:
    """Return the application that serves a folder; files are read as they are asked for.

    Raises:
        NotFoundError: the folder holds no built site.
    """
    if not (site / INDEX).is_file():
        raise NotFoundError(
            f"got {site} without {INDEX}, expected what rarft-leaderboard build wrote; "
            "build it first"
        )
    app = web.Application(middlewares=[_guard] if is_loopback_only else [])
    app[_ROOT] = site.resolve()
    app.on_response_prepare.append(_add_headers)
    app.add_routes([web.get("/{path:.*}", _file)])
    return app


async def start(app: web.Application, *, host: str, port: int) -> tuple[web.AppRunner, str]:
    """Listen; return the runner to clean up, and the address to open.

    Raises:
        UserError: the address is in use or is none of this machine's.
    """
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise UserError(
            f"got --host {host} and --port {port}, which cannot be listened on "
            f"({error.strerror}), expected a free one; give another --port, or 0 for any"
        ) from error
    return runner, address_of(host, runner.addresses[0][1])


async def until_stopped(runner: web.AppRunner) -> None:
    """Serve until Ctrl-C or a request to end."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        await runner.cleanup()


def address_of(host: str, port: int) -> str:
    """Return the address to open.

    Example:
        >>> address_of("127.0.0.1", 8766), address_of("::1", 80)
        ('http://127.0.0.1:8766/', 'http://[::1]:80/')
    """
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def is_loopback(header: str) -> bool:
    """Say whether a Host header names this machine: a site of another name cannot read this one.

    Example:
        >>> is_loopback("localhost:8766"), is_loopback("[::1]:80"), is_loopback("evil.example")
        (True, True, False)
    """
    try:
        name = (urlsplit(f"//{header}").hostname or "").lower()
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_loopback(request.host):
        raise web.HTTPForbidden(text="This address is not the server's own.")
    return await handler(request)


async def _file(request: web.Request) -> web.StreamResponse:
    path = served_file(request.app[_ROOT], request.match_info["path"])
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": _TYPES[path.suffix]})


def served_file(root: Path, name: str) -> Path | None:
    """Return the file of a site by its path in an address, None where there is none to serve.

    Folders have no listing; hidden files, files of other kinds and links that lead out of the site
    are not served.
    """
    parts = [part for part in name.split("/") if part] or [INDEX]
    if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    try:
        path = root.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    is_served = path.is_relative_to(root) and path.suffix in _TYPES and path.is_file()
    return path if is_served else None


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
