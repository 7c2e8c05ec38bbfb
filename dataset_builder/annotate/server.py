"""The server of the annotation page: its files, its JSON, and the videos with byte ranges."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from rarft.dataset_builder.annotate.access import (
    TOKEN_PARAMETER,
    Access,
    add_headers,
    guard,
)
from rarft.dataset_builder.annotate.agreement import agreement_of, agreement_record, decisions_of
from rarft.dataset_builder.annotate.annotation import annotation_from_json
from rarft.dataset_builder.annotate.export import exported_rows
from rarft.dataset_builder.annotate.item_page import (
    add_item,
    annotator_name,
    item_answer,
    queue_answer,
    session_answer,
)
from rarft.dataset_builder.annotate.playable import playable_copy
from rarft.dataset_builder.annotate.store import AnnotationStore, StaleError
from rarft.harness.errors import NotFoundError, UserError, VideoError
from rarft.harness.video.locate import find_video

PAGE: Final = Path(__file__).parent / "page"
PAGE_FILES: Final = (
    "annotate.css", "dialogs.js", "form.js", "keys.js", "main.js", "player.js",
    "queue.js", "saver.js", "server.js", "span_rows.js", "state.js", "timeline.js", "words.js",
)  # fmt: skip
MAX_BODY_BYTES: Final = 2**20
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the handlers share.

    The database is used by one thread, so a sync of the disk holds up no video. `blank` shows an
    annotator the video and the query alone.
    """

    store: AnnotationStore
    title: str
    roots: tuple[Path, ...]
    blank: bool
    database_thread: ThreadPoolExecutor

    async def ask(self, question: Callable[[], Result]) -> Result:
        """Return what a question to the database gives, from its thread."""
        return await asyncio.get_running_loop().run_in_executor(self.database_thread, question)


DESK: Final = web.AppKey("desk", Desk)


def make_app(
    store: AnnotationStore,
    *,
    title: str,
    roots: tuple[Path, ...],
    access: Access,
    blank: bool = False,
) -> web.Application:
    """Return the application; closing the store is left to the caller."""
    app = web.Application(
        middlewares=[guard(access), _errors_as_json], client_max_size=MAX_BODY_BYTES
    )
    app[DESK] = Desk(
        store=store,
        title=title,
        roots=roots,
        blank=blank,
        database_thread=ThreadPoolExecutor(1, thread_name_prefix="annotations"),
    )
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(_stop_thread)
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/page/{name}", _page_file),
            web.get("/api/session", _session),
            web.get("/api/queue", _queue),
            web.get("/api/item", _item),
            web.put("/api/annotation", _save),
            web.post("/api/items", _add),
            web.get("/api/agreement", _agreement),
            web.get("/api/export", _export),
            web.get("/video", _video),
        ]
    )
    return app


async def start(app: web.Application, *, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Listen, and return the runner to clean up with the port that was taken.

    Raises:
        UserError: the address is in use or is none of this machine's.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise UserError(
            f"got --host {host} and --port {port}, which cannot be listened on "
            f"({error.strerror}), expected a free one; give another --port, or 0 for any"
        ) from error
    return runner, runner.addresses[0][1]


def url_of(host: str, port: int, access: Access) -> str:
    """Return the address to open.

    Example:
        >>> url_of("127.0.0.1", 8765, Access()), url_of("::1", 80, Access(token="t"))
        ('http://127.0.0.1:8765/', 'http://[::1]:80/?token=t')
    """
    shown = f"[{host}]" if ":" in host else host
    secret = f"?{TOKEN_PARAMETER}={access.token}" if access.token else ""
    return f"http://{shown}:{port}/{secret}"


async def _stop_thread(app: web.Application) -> None:
    app[DESK].database_thread.shutdown(wait=True)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except StaleError as error:
        return web.json_response({"error": str(error)}, status=409)
    except (NotFoundError, VideoError) as error:
        return web.json_response({"error": str(error)}, status=404)
    except UserError as error:
        return web.json_response({"error": str(error)}, status=400)


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(PAGE / "index.html")


async def _page_file(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name not in PAGE_FILES:
        raise web.HTTPNotFound
    return web.FileResponse(PAGE / name)


async def _session(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    name = request.query.get("annotator")
    annotator = annotator_name(name) if name else ""
    return _json(
        await desk.ask(
            lambda: session_answer(desk.store, annotator, title=desk.title, blank=desk.blank)
        )
    )


async def _queue(request: web.Request) -> web.Response:
    desk, query = request.app[DESK], dict(request.query)
    return _json(await desk.ask(lambda: queue_answer(desk.store, query)))


async def _item(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    item_id, annotator = request.query.get("id", ""), _annotator(request.query.get("annotator"))
    return _json(
        await desk.ask(lambda: item_answer(desk.store, item_id, annotator, blank=desk.blank))
    )


async def _save(request: web.Request) -> web.Response:
    """Store an annotation; the answer is sent when it is on the disk."""
    desk, body = request.app[DESK], await _body(request)
    annotator, version = _annotator(body.get("annotator")), body.get("version")
    if type(version) is not int:
        raise UserError(f"got {version = }, expected a whole number; reload the page")
    item_id, annotation = str(body.get("id")), annotation_from_json(body.get("annotation"))
    saved = await desk.ask(lambda: desk.store.save(item_id, annotator, annotation, version=version))
    return _json({"version": saved.version, "saved_at": saved.saved_at})


async def _add(request: web.Request) -> web.Response:
    desk, body = request.app[DESK], await _body(request)
    annotator, source = _annotator(body.get("annotator")), str(body.get("id"))
    return _json(await desk.ask(lambda: add_item(desk.store, source, annotator)))


async def _agreement(request: web.Request) -> web.Response:
    desk = request.app[DESK]

    def report() -> dict[str, Any]:
        annotated = list(desk.store.annotations())
        return agreement_record(agreement_of(annotated), decisions_of(annotated))

    return _json(await desk.ask(report))


async def _export(request: web.Request) -> web.Response:
    desk, names = request.app[DESK], request.query.getall("annotator", [])

    def lines() -> str:
        rows = exported_rows(desk.store.annotations(), counts=Counter(), annotators=names)
        return "".join(json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows)

    return web.Response(
        text=await desk.ask(lines),
        content_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="rows.jsonl"'},
    )


async def _video(request: web.Request) -> web.StreamResponse:
    """Send the video of a row, or a copy that browsers play where the page asks for one."""
    desk, item_id = request.app[DESK], request.query.get("id", "")
    item = await desk.ask(lambda: desk.store.item(item_id))
    path = await asyncio.to_thread(find_video, item.row.query.video, roots=desk.roots)
    if "playable" in request.query:
        path = await asyncio.to_thread(playable_copy, path)
    return web.FileResponse(path)


async def _body(request: web.Request) -> dict[str, Any]:
    with suppress(ValueError):
        body = await request.json()
        if isinstance(body, dict):
            return body
    raise UserError("got a request that is no JSON object, expected one; reload the page")


def _annotator(given: object) -> str:
    return annotator_name(given if isinstance(given, str) else "")


def _json(answer: dict[str, Any]) -> web.Response:
    return web.json_response(answer)
