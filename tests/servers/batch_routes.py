"""The Batch API of a loopback server: files, batches, and faults a test asks for.

`add_batch_routes(app, complete)` adds the routes to any server that can answer one chat body; run
as a script, the file serves batches alone and echoes the last message of each request. Tests set
faults by POST /control/batches, whose JSON names fields of Faults, and read what was sent by GET.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from aiohttp import web

Complete = Callable[[dict[str, Any]], dict[str, Any]]
Json = dict[str, Any]


@dataclass(frozen=True)
class Faults:
    """How the server behaves: `n_polls` retrievals before a batch ends in `final`.

    Of each batch the first `n_answered` requests are answered (None: all). `error_first` of those
    go to the errors file with `error_status`, in the first `error_times` batches. The lines from
    `damage_from` on are cut in half. On `create`, "drop" makes the batch and drops the connection,
    "refuse" answers 400 and makes none, "hang" makes it and never answers. `key` is the only one
    that is accepted. An `absent` server knows no batches, and `content_gone` no result files.
    """

    n_polls: int = 1
    final: str = "completed"
    n_answered: int | None = None
    error_first: int = 0
    error_status: int = 500
    error_times: int = 1_000
    damage_from: int | None = None
    create: str = "keep"
    key: str = ""
    absent: bool = False
    content_gone: bool = False


@dataclass
class Book:
    """Files and batches by id, as the server keeps them."""

    complete: Complete
    faults: Faults = field(default_factory=Faults)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Json] = field(default_factory=dict)
    n_polled: dict[str, int] = field(default_factory=dict)
    n_ended: int = 0
    n_ids: int = 0

    def new_id(self, kind: str) -> str:
        self.n_ids += 1
        return f"{kind}-{self.n_ids}"


BOOK = web.AppKey("book", Book)


def error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "test"}}, status=status)


@web.middleware
async def check_key(request: web.Request, handler: Any) -> web.StreamResponse:
    faults = request.app[BOOK].faults
    if request.path.startswith(("/v1/files", "/v1/batches")):
        if faults.key and request.headers.get("Authorization") != f"Bearer {faults.key}":
            return error(401, f"wrong key {request.headers.get('Authorization')}")
        if faults.absent:
            return error(404, "no such route")
    response: web.StreamResponse = await handler(request)
    return response


async def make_file(request: web.Request) -> web.Response:
    book, form = request.app[BOOK], await request.post()
    upload = form["file"]
    assert isinstance(upload, web.FileField)
    name = book.new_id("file")
    book.files[name] = upload.file.read()
    row = {"id": name, "object": "file", "bytes": len(book.files[name]), "status": "processed"}
    row |= {"created_at": int(time.time()), "filename": upload.filename, "purpose": form["purpose"]}
    return web.json_response(row)


async def read_content(request: web.Request) -> web.Response:
    book = request.app[BOOK]
    content = book.files.get(request.match_info["id"])
    if content is None or book.faults.content_gone:
        return error(404, "no such file")
    return web.Response(body=content)


async def make_batch(request: web.Request) -> web.Response:
    book, sent = request.app[BOOK], await request.json()
    if book.faults.create == "refuse":
        return error(400, "no more batches today")
    assert sent["endpoint"] == "/v1/chat/completions"
    assert sent["completion_window"] == "24h"
    name = book.new_id("batch")
    n_requests = len(book.files[sent["input_file_id"]].splitlines())
    book.batches[name] = {
        **sent,
        "id": name,
        "object": "batch",
        "status": "validating",
        "created_at": int(time.time()),
        "request_counts": {"total": n_requests, "completed": 0, "failed": 0},
    }
    if book.faults.create == "drop":
        assert request.transport is not None
        request.transport.abort()
    if book.faults.create == "hang":
        await asyncio.sleep(3600)
    return web.json_response(book.batches[name])


async def read_batch(request: web.Request) -> web.Response:
    book, name = request.app[BOOK], request.match_info["id"]
    if name not in book.batches:
        return error(404, "no such batch")
    book.n_polled[name] = book.n_polled.get(name, 0) + 1
    if book.batches[name]["status"] in ("validating", "in_progress"):
        book.batches[name]["status"] = "in_progress"
        if book.n_polled[name] >= book.faults.n_polls:
            end_batch(book, name)
    return web.json_response(book.batches[name])


def end_batch(book: Book, name: str) -> None:
    """Answer what the faults leave to answer, and store both files."""
    batch, faults = book.batches[name], book.faults
    batch["status"] = faults.final
    if faults.final == "failed":
        reason = {"code": "token_limit_exceeded", "message": "too many tokens are waiting"}
        batch["errors"] = {"object": "list", "data": [reason]}
        return
    requests = [json.loads(line) for line in book.files[batch["input_file_id"]].splitlines()]
    n_errors = faults.error_first if book.n_ended < faults.error_times else 0
    book.n_ended += 1
    outputs, errors = [], []
    for number, request in enumerate(requests[: faults.n_answered]):
        if number < n_errors:
            body = {"error": {"message": "the server had an error", "code": "server_error"}}
            errors.append(output_row(request, faults.error_status, body))
        else:
            outputs.append(output_row(request, 200, book.complete(request["body"])))
    for request in requests[len(outputs) + len(errors) :]:
        expired = {"code": "batch_expired", "message": "not run within the window"}
        errors.append({"custom_id": request["custom_id"], "response": None, "error": expired})
    batch["output_file_id"] = store(book, outputs, damage_from=faults.damage_from)
    batch["error_file_id"] = store(book, errors, damage_from=None)


def output_row(request: Json, status: int, body: Json) -> Json:
    response = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "b", "custom_id": request["custom_id"], "response": response, "error": None}


def store(book: Book, rows: list[Json], *, damage_from: int | None) -> str | None:
    """Store rows in reverse: the order of an output file is not that of the input."""
    if not rows:
        return None
    lines = [json.dumps(row) for row in rows]
    if damage_from is not None:
        lines[damage_from:] = [line[: len(line) // 2] for line in lines[damage_from:]]
    name = book.new_id("file")
    book.files[name] = "".join(line + "\n" for line in reversed(lines)).encode()
    return name


async def list_batches(request: web.Request) -> web.Response:
    """Return the newest batches first, two a page."""
    rows = list(request.app[BOOK].batches.values())[::-1]
    after = request.query.get("after")
    if after:
        rows = rows[[row["id"] for row in rows].index(after) + 1 :]
    page = rows[:2]
    last = page[-1]["id"] if page else None
    content = {"object": "list", "data": page, "has_more": len(rows) > 2, "last_id": last}
    return web.json_response(content)


async def cancel_batch(request: web.Request) -> web.Response:
    book, name = request.app[BOOK], request.match_info["id"]
    if book.batches[name]["status"] in ("validating", "in_progress"):
        end_batch(book, name)
        book.batches[name]["status"] = "cancelled"
    return web.json_response(book.batches[name])


async def set_faults(request: web.Request) -> web.Response:
    """Set the faults the JSON names and the others to their defaults; `reset` empties the book."""
    book, wanted = request.app[BOOK], await request.json()
    if wanted.pop("reset", False):
        book.files, book.batches, book.n_polled, book.n_ended = {}, {}, {}, 0
    book.faults = replace(Faults(), **wanted)
    return web.json_response(asdict(book.faults))


async def show_book(request: web.Request) -> web.Response:
    """Return each batch with the ids of its requests."""
    book = request.app[BOOK]
    rows = []
    for batch in book.batches.values():
        lines = [json.loads(line) for line in book.files[batch["input_file_id"]].splitlines()]
        rows.append({**batch, "requests": lines})
    return web.json_response({"batches": rows, "n_files": len(book.files)})


def add_batch_routes(app: web.Application, complete: Complete) -> None:
    """Add files, batches and their control to a server."""
    app[BOOK] = Book(complete)
    app.middlewares.append(check_key)
    app.router.add_post("/v1/files", make_file)
    app.router.add_get("/v1/files/{id}/content", read_content)
    app.router.add_post("/v1/batches", make_batch)
    app.router.add_get("/v1/batches", list_batches)
    app.router.add_get("/v1/batches/{id}", read_batch)
    app.router.add_post("/v1/batches/{id}/cancel", cancel_batch)
    app.router.add_post("/control/batches", set_faults)
    app.router.add_get("/control/batches", show_book)


def echo(body: Json) -> Json:
    """Return a completion whose content is the last message."""
    content = body["messages"][-1]["content"]
    message = {"role": "assistant", "content": content}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"] + "-served",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


async def serve(port: int) -> None:
    app = web.Application(client_max_size=2**30)
    add_batch_routes(app, echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
