"""A loopback server that plays an OpenAI-compatible judge, with faults by chance or by order.

Prints its address as its first line. GET /counts and /digests tell what it was asked; POST
/counts starts counting anew, with other settings where its JSON names some.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from batch_routes import add_batch_routes
from judge_answers import (
    body_digest,
    question_digest,
    schema_in_format,
    schema_in_prompt,
    scripted_answer,
    valid_answer,
)
from judge_faults import (
    CONTENT_FAULTS,
    PROSE,
    Counts,
    completion,
    draw_fault,
    error,
    faulty_content,
    read_shares,
    transport_fault,
)

Json = dict[str, Any]
UNKNOWN_MODEL = "no-such-model"


class Judge:
    """The server's settings, its chance and its counts."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self.settings = settings
        self.rng = random.Random(settings.seed)
        self.shares = read_shares(settings.faults)
        self.counts = Counts()
        self.script: list[Json] = (
            json.loads(Path(settings.script).read_text()) if settings.script else []
        )

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /v1/chat/completions, counted from its arrival to its end."""
        counts = self.counts
        body: Json = await request.json()
        counts.n_calls += 1
        counts.n_open += 1
        counts.most_open = max(counts.most_open, counts.n_open)
        counts.calls_of_body[body_digest(body)] += 1
        question = question_digest(body)
        counts.calls_of_question[question] += 1
        try:
            refusal = self.refusal(request, body)
            if refusal is not None:
                return refusal
            await asyncio.sleep(self.settings.latency_ms / 1000)
            return await self.reply(request, body, question)
        finally:
            counts.n_open -= 1

    def refusal(self, request: web.Request, body: Json) -> web.Response | None:
        """Return the error that a mode of the server calls for."""
        settings, n_calls = self.settings, self.counts.n_calls
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if settings.expired_after is not None and n_calls > settings.expired_after:
            return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
        if settings.quota_after is not None and n_calls > settings.quota_after:
            return error(429, "You exceeded your current quota.", "insufficient_quota")
        if body["model"] == UNKNOWN_MODEL:
            return error(404, f"The model `{UNKNOWN_MODEL}` does not exist.", "model_not_found")
        wanted = (body.get("response_format") or {}).get("type", "text")
        if settings.no_json_schema and wanted == "json_schema":
            return error(400, "Invalid parameter: 'response_format' of type 'json_schema'.")
        if settings.no_json_object and wanted == "json_object":
            return error(422, "response_format json_object is unknown")
        if settings.bad_request:
            return error(400, f"{settings.bad_request} (key {key})")
        return None

    async def reply(self, request: web.Request, body: Json, question: str) -> web.StreamResponse:
        """Answer well, or with a fault."""
        counts, settings = self.counts, self.settings
        is_faulty = counts.calls_of_question[question] <= settings.faulty_calls
        fault = draw_fault(self.shares, self.rng) if is_faulty else ""
        if fault:
            counts.by_fault[fault] += 1
        if fault and fault not in CONTENT_FAULTS:
            return await transport_fault(
                request, fault, body, retry_after_s=settings.retry_after_s, rng=self.rng
            )
        if settings.ignore_format and schema_in_format(body) and not schema_in_prompt(body):
            content = PROSE
        elif fault:
            content = faulty_content(fault, body)
        else:
            content = scripted_answer(body, self.script) or json.dumps(valid_answer(body))
            counts.valid_of_question[question] += 1
        headers = dict(part.split(":", 1) for part in settings.header)
        return web.json_response(completion(body, content, fault=fault), headers=headers)

    async def tell_counts(self, request: web.Request) -> web.Response:
        counts = self.counts
        content = {
            "n_calls": counts.n_calls,
            "n_open": counts.n_open,
            "most_open": counts.most_open,
            "by_fault": counts.by_fault,
            "calls_of_body": counts.calls_of_body,
        }
        return web.json_response(content)

    async def tell_digests(self, request: web.Request) -> web.Response:
        """Return by question the calls and the valid answers."""
        counts = self.counts
        content = {
            question: {"calls": n_calls, "valid": counts.valid_of_question[question]}
            for question, n_calls in counts.calls_of_question.items()
        }
        return web.json_response(content)

    async def start_anew(self, request: web.Request) -> web.Response:
        """Forget the counts, and change the settings that the JSON names."""
        wanted: Json = await request.json()
        for name, value in wanted.items():
            assert hasattr(self.settings, name), name
            setattr(self.settings, name, value)
        self.shares = read_shares(self.settings.faults)
        self.counts = Counts()
        return web.json_response({})


async def tell_models(request: web.Request) -> web.Response:
    rows = [{"id": "judge", "object": "model", "created": 0, "owned_by": "loopback"}]
    return web.json_response({"object": "list", "data": rows})


def make_app(judge: Judge) -> web.Application:
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/v1/chat/completions", judge.chat)
    app.router.add_get("/v1/models", tell_models)
    app.router.add_get("/counts", judge.tell_counts)
    app.router.add_post("/counts", judge.start_anew)
    app.router.add_get("/digests", judge.tell_digests)
    add_batch_routes(app, answer_well)
    return app


def answer_well(body: Json) -> Json:
    """Return the completion that a request of a batch gets."""
    return completion(body, json.dumps(valid_answer(body)))


async def serve(settings: argparse.Namespace) -> None:
    runner = web.AppRunner(make_app(Judge(settings)), handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.port, backlog=1024).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def read_settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency_ms", type=float, default=0)
    parser.add_argument("--faults", default="", help="rate=0.05 for each, or hangs=1,prose=0.5")
    parser.add_argument("--faulty_calls", type=int, default=10**9, help="first calls of a question")
    parser.add_argument("--retry_after_s", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--expired_after", type=int)
    parser.add_argument("--quota_after", type=int)
    parser.add_argument("--no_json_schema", action="store_true")
    parser.add_argument("--no_json_object", action="store_true")
    parser.add_argument("--ignore_format", action="store_true")
    parser.add_argument("--bad_request", default="")
    parser.add_argument("--script", default="", help="a JSON list of {contains, field, content}")
    parser.add_argument("--header", action="append", default=[], help="NAME:VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(read_settings()))
