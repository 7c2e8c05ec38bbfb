"""How fast judging by a language model is: the client at its bound, and beside one call at a time.

Run `python bench/judge.py` (about 8 minutes). The judge is tests/servers/judge_server.py in a
process of its own on loopback, which answers after a fixed time. Throughput is the ideal time (all
calls through 64 slots, nothing else taking any) over the time taken. The other way is one call
after the other by the openai package, three a reply, answers read as Python literals; both ways ask
the same questions about the same replies in the same run. Results: bench/results/judge.json.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from openai import OpenAI

from rarft.harness.judges.case import Case
from rarft.harness.judges.llm_judge import llm_judge
from rarft.harness.llm import AnswerCache, LLMRequest, LLMSettings, answer_all
from rarft.harness.llm.body import chat_body
from rarft.harness.types import Prediction, Query, Reply

RESULTS: Final = Path(__file__).parent / "results" / "judge.json"
SERVER: Final = Path(__file__).parents[1] / "tests" / "servers" / "judge_server.py"
N_CONCURRENT: Final = 64
N_REPLIES: Final = 500
THROUGHPUT_LIMIT: Final = 0.9
SPEEDUP_LIMIT: Final = 30.0
N_TURNS: Final = 5
# How often all slots are used, by milliseconds a call.
ROUNDS: Final = {800: 20, 200: 40}
THINGS: Final = ("cup", "door", "ball", "dog", "lamp", "book", "phone", "chair")


def made_case(index: int) -> Case:
    """Make a refusal of an irrelevant query, with its reference."""
    thing, other = THINGS[index % 8], THINGS[(index + 3) % 8]
    text = f"No {thing} is in the video: the person picks up a {other} at {index} seconds."
    query = Query(
        id=f"{index:04d}-1",
        task="bench",
        video=f"{index:04d}.mp4",
        text=f"a person picks up a {thing} {index}",
        relevant=False,
        record=f"{index:04d}",
        level="strong",
        categories=("Object/ObjectExistence",),
        refusal=f"The video shows a {other}, and no {thing}.",
    )
    reply = f"<think>A {other} is picked up.</think><answer>{text}</answer>"
    prediction = Prediction(kind="refused", explanation=text)
    return Case(query=query, reply=Reply(text=reply), prediction=prediction, text=text)


@contextmanager
def judge_server(latency_ms: int) -> Iterator[str]:
    """Run the loopback judge; yields its address."""
    command = [sys.executable, str(SERVER), "--port", "0", "--latency_ms", str(latency_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip() + "/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def settings_for(url: str) -> LLMSettings:
    """Return the terms that every measurement has."""
    return LLMSettings(model="gpt-4o-mini", base_url=url, n_concurrent=N_CONCURRENT)


def answer_every(requests: Sequence[LLMRequest], url: str, cache: AnswerCache) -> None:
    """Ask requests by the client, each answer stored before it is counted."""
    values: list[bool] = []
    answer_all(
        requests,
        settings_for(url),
        cache=cache,
        on_answers=lambda group: values.extend(answer.value is not None for _, answer in group),
    )
    if values.count(True) != len(requests):
        raise RuntimeError(f"got {values.count(True)} values, expected {len(requests)}")


@contextmanager
def empty_cache() -> Iterator[AnswerCache]:
    """Yield a cache that holds nothing."""
    with tempfile.TemporaryDirectory() as name, AnswerCache(Path(name) / "answers.sqlite") as cache:
        yield cache


def throughput(latency_ms: int, n_rounds: int, *, n_repeats: int) -> dict[str, Any]:
    """Measure what share of the ideal throughput the client reaches."""
    n_calls = n_rounds * N_CONCURRENT
    ask = llm_judge("reasoning").build
    requests = [ask(made_case(index)) for index in range(n_calls)]
    ideal_s = n_rounds * latency_ms / 1000
    shares = []
    with judge_server(latency_ms) as url:
        for repeat in range(n_repeats):
            with empty_cache() as cache:
                taken_s = seconds(lambda c=cache: answer_every(requests, url, c))
            shares.append(ideal_s / taken_s)
            print(f"{latency_ms} ms, {repeat + 1}/{n_repeats}: {shares[-1]:.3f} of the ideal")
    return {
        "n_calls": n_calls,
        "ideal_seconds": ideal_s,
        "share_of_ideal": round(statistics.median(shares), 3),
        "shares": [round(share, 3) for share in shares],
    }


def ask_one_by_one(groups: Sequence[Sequence[LLMRequest]], url: str) -> None:
    """Ask the questions of one reply after the other, and read each answer as a literal."""
    settings = settings_for(url)
    with OpenAI(api_key="no-key", base_url=url) as client:
        for group in groups:
            for request in group:
                body = chat_body(request, settings, "text")
                text = client.chat.completions.create(**body).choices[0].message.content or ""
                answer = ast.literal_eval(text.strip().replace("null", "None"))
                if not isinstance(answer, dict):
                    raise TypeError(f"got {text!r}, expected a dictionary")


def speedup(latency_ms: int) -> dict[str, Any]:
    """Time both ways in turns, so that a busy machine slows both alike.

    Ours asks all replies in each turn, the other way a share of them. Relevance is asked first, as
    it decides on the rest.
    """
    cases = [made_case(index) for index in range(N_REPLIES)]
    first, *others = (llm_judge(kind) for kind in ("relevance", "categories", "reasoning"))
    combined = llm_judge("combined")

    def ask_three() -> None:
        with empty_cache() as cache:
            answer_every([first.build(case) for case in cases], url, cache)
            answer_every([judge.build(case) for judge in others for case in cases], url, cache)

    def ask_once() -> None:
        with empty_cache() as cache:
            answer_every([combined.build(case) for case in cases], url, cache)

    groups = [[judge.build(case) for judge in (first, *others)] for case in cases]
    times: dict[str, list[float]] = {"one": [], "three": [], "combined": []}
    with judge_server(latency_ms) as url:
        for turn in range(N_TURNS):
            times["three"].append(seconds(ask_three))
            times["combined"].append(seconds(ask_once))
            times["one"].append(seconds(lambda t=turn: ask_one_by_one(groups[t::N_TURNS], url)))
            shown = ", ".join(f"{name} {taken[-1]:.1f} s" for name, taken in times.items())
            print(f"{latency_ms} ms, turn {turn + 1}/{N_TURNS}: {shown}")
    official_s = sum(times["one"])
    ours_s, combined_s = (statistics.median(times[name]) for name in ("three", "combined"))
    return {
        "latency_ms": latency_ms,
        "n_replies": N_REPLIES,
        "n_turns": N_TURNS,
        "seconds": {
            "one_at_a_time": round(official_s, 1),
            "three_calls": round(ours_s, 2),
            "combined": round(combined_s, 2),
        },
        "speedup": round(official_s / ours_s, 1),
        "speedup_combined": round(official_s / combined_s, 1),
    }


def measure(n_repeats: int) -> dict[str, Any]:
    """Measure throughput at two latencies, then both ways of asking."""
    with judge_server(0) as url, empty_cache() as cache:
        # Loads what the first call of a process loads.
        answer_every([llm_judge("reasoning").build(made_case(0))], url, cache)
    shares = {
        f"{latency_ms}_ms": throughput(latency_ms, n_rounds, n_repeats=n_repeats)
        for latency_ms, n_rounds in ROUNDS.items()
    }
    ways = speedup(200)
    share = shares["800_ms"]["share_of_ideal"]
    return {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_concurrent": N_CONCURRENT,
        "n_repeats": n_repeats,
        "throughput": shares,
        "throughput_limit_at_800_ms": THROUGHPUT_LIMIT,
        "official_way": ways,
        "speedup_limit": SPEEDUP_LIMIT,
        "within_limit": share >= THROUGHPUT_LIMIT and ways["speedup"] >= SPEEDUP_LIMIT,
    }


def main() -> int:
    """Measure, print and store; return 1 where a limit is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_repeats", type=int, default=3)
    results = measure(parser.parse_args().n_repeats)
    text = json.dumps(results, indent=2)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
