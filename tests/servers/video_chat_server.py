"""A loopback chat server that looks at the videos it is sent, with faults for the first calls.

Prints its address as its first line. It answers with the first and the last time it was told, and
counts a prompt's tokens as words and 28x28 patches. GET /seen tells what each call held; POST /seen
forgets it, and changes the settings that its JSON names.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp import web
from judge_faults import error
from PIL import Image

Json = dict[str, Any]

# Status and message of what a server says to a request that it never takes, and of a prompt that is
# too long for it: the words are those of vLLM 0.31, for "no_video" those of a hosted server.
REFUSALS = {
    "too_long": (
        400,
        "This model's maximum context length is 256 tokens. However, you requested 16 output "
        "tokens and your prompt contains at least 253 input tokens, for a total of at least 269 "
        "tokens. Please reduce the length of the input prompt or the number of output tokens. "
        "(parameter=input_tokens, value=253)",
    ),
    "too_many_images": (400, "At most 2 image(s) may be provided in one prompt. (parameter=image)"),
    "no_images": (400, "At most 0 image(s) may be provided in one prompt. (parameter=image)"),
    "text_model": (400, "loopback-vl is not a multimodal model"),
    "too_many_tokens": (
        400,
        "max_completion_tokens=1000 cannot be greater than max_model_len=256. Please request fewer "
        "output tokens. (parameter=max_completion_tokens, value=1000)",
    ),
    "untrusting": (
        400,
        "Per-request media_io_kwargs are disabled by default because they can change multimodal "
        "media loading resource usage. Start the server with --trust-request-mm-kwargs only when "
        "clients are trusted. (parameter=media_io_kwargs)",
    ),
    "no_files": (500, "Cannot load local files without `--allowed-local-media-path`."),
    "no_video": (
        400,
        "Invalid value: 'video_url'. Supported values are: 'text', 'image_url', and 'file'.",
    ),
}
FAULTS = (
    "", "busy", "busy_for_long", "error_500", "dropped", "dropped_midway", "truncated", "no_json",
    "refused", "filtered", "hangs", "forbidden",
    "dies", *REFUSALS,
)  # fmt: skip
PATCH = 28
TIME = re.compile(r"\d+(?:\.\d+)?(?= s:)")


class Chat:
    """The server's settings, and what it has seen."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self.settings = settings
        self.seen: list[Json] = []
        self.n_calls = 0
        self.n_open = 0
        self.most_open = 0

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /v1/chat/completions, counted from its arrival to its end."""
        settings = self.settings
        self.n_calls += 1
        self.n_open += 1
        self.most_open = max(self.most_open, self.n_open)
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            is_expired = (
                settings.expired_after is not None and self.n_calls > settings.expired_after
            )
            if is_expired or (settings.key and key != settings.key):
                return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
            body: Json = await request.json()
            seen = await look_at(body)
            self.seen.append(seen)
            await asyncio.sleep(settings.latency_ms / 1000)
            is_named = settings.faulty_query in json.dumps(seen["texts"])
            if settings.fault and is_named and self.n_calls <= settings.faulty_calls:
                return await fail(request, settings.fault, completion(body, seen, settings))
            return web.json_response(completion(body, seen, settings))
        finally:
            self.n_open -= 1

    async def tell_models(self, request: web.Request) -> web.Response:
        settings = self.settings
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if settings.key and key != settings.key:
            return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
        if settings.owner == "nobody":
            return error(404, "Not Found")
        row = {"id": settings.model, "object": "model", "created": 0, "owned_by": settings.owner}
        return web.json_response({"object": "list", "data": [row]})

    async def tell_seen(self, request: web.Request) -> web.Response:
        counts = {"n_calls": self.n_calls, "most_open": self.most_open}
        return web.json_response({"seen": self.seen, **counts})

    async def start_anew(self, request: web.Request) -> web.Response:
        for name, value in (await request.json()).items():
            assert hasattr(self.settings, name), name
            setattr(self.settings, name, value)
        self.seen, self.n_calls, self.most_open = [], 0, 0
        return web.json_response({})


async def look_at(body: Json) -> Json:
    """Return what a body holds, with each image decoded and each video file digested."""
    seen: Json = {
        "settings": {name: value for name, value in body.items() if name != "messages"},
        "system": None,
        "order": [],
        "texts": [],
        "images": [],
        "video": None,
    }
    for message in body["messages"]:
        if message["role"] == "system":
            seen["system"] = message["content"]
            continue
        for part in message["content"]:
            seen["order"].append(part["type"])
            if part["type"] == "text":
                seen["texts"].append(part["text"])
            elif part["type"] == "image_url":
                seen["images"].append(look_at_image(part["image_url"]["url"]))
            else:
                await look_at_video(part["video_url"]["url"], seen)
    return seen


def look_at_image(url: str) -> Json:
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    return look_at_pixels(data) | {"kind": kind}


def look_at_pixels(data: str) -> Json:
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    pixels = image.convert("RGB").tobytes()
    return {
        "format": image.format,
        "size": list(image.size),
        "sha256": hashlib.sha256(pixels).hexdigest(),
        "grey": sum(pixels) / len(pixels),
    }


async def look_at_video(url: str, seen: Json) -> None:
    scheme = urlsplit(url).scheme
    if url.startswith("data:video/jpeg;base64,"):
        frames = url.removeprefix("data:video/jpeg;base64,").split(",")
        seen["images"] += map(look_at_pixels, frames)
        seen["video"] = {"scheme": "frames"}
        return
    if scheme == "file":
        content = Path(unquote(urlsplit(url).path)).read_bytes()
    elif scheme == "data":
        content = base64.b64decode(url.partition(";base64,")[2], validate=True)
    else:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            response.raise_for_status()
            content = await response.read()
    seen["video"] = {"scheme": scheme, "sha256": hashlib.sha256(content).hexdigest()}


def n_prompt_tokens(seen: Json) -> int:
    patches = sum((w // PATCH) * (h // PATCH) for w, h in (one["size"] for one in seen["images"]))
    return patches + sum(len(text.split()) for text in seen["texts"])


def completion(body: Json, seen: Json, settings: argparse.Namespace) -> Json:
    """Return an answer with the first and the last time that the texts tell."""
    times = [time for text in seen["texts"] for time in TIME.findall(text)] or ["0.0", "1.0"]
    content = f"<answer>{times[0]} to {times[-1]}</answer><correction>NIL</correction>"
    message: Json = {"role": "assistant", "content": content, "refusal": None}
    n_prompt, n_new = n_prompt_tokens(seen), len(content.split())
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": settings.served_model or body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {
            "prompt_tokens": n_prompt,
            "completion_tokens": n_new,
            "total_tokens": n_prompt + n_new,
        },
    }


async def fail(request: web.Request, fault: str, good: Json) -> web.StreamResponse:
    """Answer with a fault."""
    statuses = {
        "busy": (429, "slow down", {"Retry-After": "0.1"}),
        "busy_for_long": (429, "come back tomorrow", {"Retry-After": "86400"}),
        "error_500": (500, "the server had an error", {}),
        "forbidden": (403, "this key may not use the model", {}),
    }
    if fault in statuses:
        status, message, headers = statuses[fault]
        return error(status, message, **headers)
    if fault in REFUSALS:
        return error(*REFUSALS[fault])
    if fault == "dies":
        os._exit(1)
    text = json.dumps(good)
    if fault == "no_json":
        return web.Response(text="<html>502 Bad Gateway</html>", content_type="text/html")
    if fault == "truncated":
        return web.Response(text=text[: len(text) // 2], content_type="application/json")
    if fault in ("refused", "filtered"):
        choice = good["choices"][0]
        refusal = "I cannot watch this." if fault == "refused" else None
        choice["message"] |= {"content": None, "refusal": refusal}
        choice["finish_reason"] = "stop" if fault == "refused" else "content_filter"
        return web.json_response(good)
    if fault == "hangs":
        await asyncio.sleep(3600)
    assert request.transport is not None
    if fault == "dropped_midway":
        response = web.StreamResponse(headers={"Content-Length": str(len(text))})
        await response.prepare(request)
        await response.write(text[: len(text) // 2].encode())
        request.transport.abort()
        return response
    request.transport.abort()
    return web.Response()


async def serve(settings: argparse.Namespace) -> None:
    chat = Chat(settings)
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/v1/chat/completions", chat.complete)
    app.router.add_get("/v1/models", chat.tell_models)
    app.router.add_get("/seen", chat.tell_seen)
    app.router.add_post("/seen", chat.start_anew)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def read_settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", default="loopback-vl")
    parser.add_argument("--served_model", default="")
    parser.add_argument("--owner", default="vllm", help="nobody: no list of models")
    parser.add_argument("--key", default="", help="the only key that is let in")
    parser.add_argument("--expired_after", type=int)
    parser.add_argument("--latency_ms", type=float, default=0)
    parser.add_argument("--fault", default="", choices=FAULTS)
    parser.add_argument("--faulty_calls", type=int, default=10**9)
    parser.add_argument("--faulty_query", default="", help="only calls with this in their text")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(read_settings()))
