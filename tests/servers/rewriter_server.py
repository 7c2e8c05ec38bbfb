"""A loopback server that plays the model which builds a dataset, with planted faults by chance.

Prints its address as its first line. GET /counts tells what it was asked and which faults it
planted, with the text of each; POST /counts starts anew, with other settings where its JSON names
some. Which fault a call gets follows from the seed, the question and how often it was asked. As the
verifier it objects to nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from batch_routes import add_batch_routes
from judge_answers import question_digest
from judge_faults import completion
from rewriter_edits import eligible, other_category, paraphrase, reason, rewrite

from rarft.harness.taxonomy import CATEGORIES

Json = dict[str, Any]
SHARES = {"malformed": 0.03, "unchanged": 0.02, "paraphrase": 0.05, "wrong_category": 0.02}
MALFORMED = ("prose", "truncated", "wrong_schema", "no_blocks", "refused")


@dataclass
class Counts:
    """What the server was asked, by question, and the texts it planted, by fault."""

    calls_of_question: Counter[str] = field(default_factory=Counter)
    by_step: Counter[str] = field(default_factory=Counter)
    planted: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    n_calls: int = 0
    n_open: int = 0


class Rewriter:
    """The server's settings and its counts."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self.settings = settings
        self.counts = Counts()

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /v1/chat/completions after the latency."""
        body: Json = await request.json()
        counts = self.counts
        counts.n_open += 1
        try:
            answer = self.answer(body)
            await asyncio.sleep(self.settings.latency_ms / 1000)
            return web.json_response(answer)
        finally:
            counts.n_open -= 1

    def answer(self, body: Json) -> Json:
        """Return a completion, and count it."""
        counts, question = self.counts, question_digest(body)
        counts.n_calls += 1
        counts.calls_of_question[question] += 1
        rng = random.Random(f"{self.settings.seed} {question} {counts.calls_of_question[question]}")
        asked = read_input(body)
        step = step_of(body, asked)
        counts.by_step[step] += 1
        if rng.random() < self.settings.malformed:
            kind = rng.choice(MALFORMED)
            counts.planted["malformed"].append({"step": step, "kind": kind})
            before = {fault: len(rows) for fault, rows in counts.planted.items()}
            answer = malformed(kind, body, self.content(step, asked, rng))
            for fault, rows in counts.planted.items():
                # What is in an answer that nobody can read was not planted.
                del rows[before.get(fault, 0) :]
            return answer
        return completion(body, json.dumps(self.content(step, asked, rng)))

    def content(self, step: str, asked: Json, rng: random.Random) -> Json:
        if step == "verify":
            return {"still_true": False, "true_by": [], "edited": [*CATEGORIES], "refusal": "good"}
        query = asked["related_query"]
        if step == "categorize":
            rows = [{"path": path, "reason": "It can be changed."} for path in eligible(query)]
            return {"eligible_categories": rows}
        if step == "paraphrase":
            return {"query": paraphrase(query)}
        avoid = {query, *(note.get("irrel_query", "") for note in asked.get("earlier", ()))}
        return {"negr": [self.negative(query, one, rng, avoid) for one in asked["plans"]]}

    def negative(self, query: str, plan: Json, rng: random.Random, avoid: set[str]) -> Json:
        """Rewrite for one plan, or fail at it in one of three ways."""
        categories, drawn = plan["applied_categories"], rng.random()
        if self.settings.plain:
            new = dict.fromkeys(categories, f"no. {rng.randrange(10**6)}")
            return negative_of(plan, f"{query} {' '.join(new.values())}", new)
        (text, new), fault = rewrite(query, categories, rng, avoid=avoid), ""
        shares = self.settings
        if drawn < shares.unchanged:
            text, fault = query, "unchanged"
        elif drawn < shares.unchanged + shares.paraphrase:
            text, fault = paraphrase(query), "paraphrase"
        elif drawn < shares.unchanged + shares.paraphrase + shares.wrong_category:
            other = other_category(query, categories)
            if other is not None:
                (text, _), fault = rewrite(query, [other], rng, avoid=avoid), "wrong_category"
        if fault:
            row = {"query": query, "text": text, "difficulty": plan["difficulty"]}
            self.counts.planted[fault].append(row)
        return negative_of(plan, text, new)

    async def tell_counts(self, request: web.Request) -> web.Response:
        counts = self.counts
        content = {
            "n_calls": counts.n_calls,
            "n_open": counts.n_open,
            "by_step": counts.by_step,
            "calls_of_question": counts.calls_of_question,
            "planted": counts.planted,
        }
        return web.json_response(content)

    async def start_anew(self, request: web.Request) -> web.Response:
        """Forget the counts, and change the settings that the JSON names."""
        wanted: Json = await request.json()
        for name, value in wanted.items():
            assert hasattr(self.settings, name), name
            setattr(self.settings, name, value)
        self.counts = Counts()
        return web.json_response({})


def read_input(body: Json) -> Json:
    """Return the JSON object that the user message holds."""
    text = next(m["content"] for m in body["messages"] if m["role"] == "user")
    found: Json = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return found


def step_of(body: Json, asked: Json) -> str:
    """Tell the steps apart by the input and the system message."""
    if "plans" in asked:
        return "rewrite"
    if "rewrite" in asked:
        return "verify"
    return "categorize" if "classifier" in body["messages"][0]["content"] else "paraphrase"


def negative_of(plan: Json, text: str, new: dict[str, str]) -> Json:
    said = {path: new.get(path, "what it says") for path in plan["applied_categories"]}
    return {
        "difficulty": plan["difficulty"],
        "irrel_query": text,
        "applied_categories": plan["applied_categories"],
        "reasoning": reasoning(said),
    }


def reasoning(new: dict[str, str]) -> str:
    """Write the blocks of a refusal from the new words of each category."""
    blocks = ["<irrelevant_answer>The query does not align with the video.</irrelevant_answer>"]
    for path, words in new.items():
        tag = path.lower().replace("/", "_")
        blocks.append(f"<{tag}>{reason(path, words)}</{tag}>")
    return "".join(blocks)


def malformed(kind: str, body: Json, good: Json) -> Json:
    """Return a completion that no schema accepts."""
    text = json.dumps(good)
    contents = {
        "prose": "I would change the noun, and perhaps the colour.",
        "truncated": text[: len(text) // 2],
        "wrong_schema": '{"result": "fine"}',
        "no_blocks": re.sub(r"</?[a-z_]+>", "", text) if "negr" in good else "{}",
        "refused": "",
    }
    fault = {"truncated": "truncated_content", "refused": "refusal"}.get(kind, "")
    return completion(body, contents[kind], fault=fault)


async def serve(settings: argparse.Namespace) -> None:
    rewriter = Rewriter(settings)
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/v1/chat/completions", rewriter.chat)
    app.router.add_get("/counts", rewriter.tell_counts)
    app.router.add_post("/counts", rewriter.start_anew)
    add_batch_routes(app, rewriter.answer)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.port, backlog=1024).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def read_settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency_ms", type=float, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="edits that take no time to make")
    for name, share in SHARES.items():
        parser.add_argument(f"--{name}", type=float, default=share)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(read_settings()))
