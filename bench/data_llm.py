"""How fast a data set is written by a language model: one step of a build at its bound.

Run `python bench/data_llm.py` (about 7 minutes). The model is tests/servers/rewriter_server.py in a
process of its own on loopback, which answers after a fixed time. The step that rewrites asks about
10,000 queries, three irrelevant ones each; what is timed is all of it, from writing out the
questions to the rows on disk. Throughput is the ideal time (all calls through 64 slots, nothing
else taking any) over the time taken. Then the same step is run again over what is stored: it asks
nobody. Results: bench/results/data_llm.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.build_draw import make_material
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, LLMEffort
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import plan, plan_keys, plans_of
from rarft.dataset_builder.rewrite import open_draws, rewrite
from rarft.dataset_builder.types import TASK, Categorized, Origin, Row
from rarft.harness.types import Query, Span

RESULTS: Final = Path(__file__).parent / "results" / "data_llm.json"
SERVER: Final = Path(__file__).parents[1] / "tests" / "servers" / "rewriter_server.py"
N_CONCURRENT: Final = 64
N_CALLS: Final = 10_000
LATENCY_MS: Final = 800
THROUGHPUT_LIMIT: Final = 0.9
THINGS: Final = ("cup", "door", "ball", "dog", "lamp", "book", "phone", "chair")
CATEGORIES: Final = (
    "Object/ObjectExistence",
    "Action/FineGrainedAction",
    "Attribute/AttributeValue",
)


def made_row(index: int) -> Row:
    """Make a relevant query; two are about one video."""
    origin = Origin(
        source="bench", split="train", licence="MIT", citation="", redistributable=True, row=index
    )
    query = Query(
        id=f"{index:06d}",
        task=TASK,
        video=f"{index // 2:06d}.mp4",
        text=f"a person picks up a {THINGS[index % 8]} for the {index}th time",
        relevant=True,
        record=f"{index:06d}",
        spans=(Span(1.0, 5.5),),
        duration_s=30.0,
    )
    return Row(query=query, origin=origin)


@contextmanager
def rewriter_server(latency_ms: int) -> Iterator[str]:
    """Run the loopback model, which makes no mistakes; yields its address."""
    shares = [
        part
        for name in ("malformed", "unchanged", "paraphrase", "wrong_category")
        for part in (f"--{name}", "0")
    ]
    command = [sys.executable, str(SERVER), "--plain", "--latency_ms", str(latency_ms), *shares]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip() + "/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def planned_build(folder: Path, n_rows: int, url: str) -> tuple[Building, list[Row]]:
    """Plan three irrelevant queries for each of some rows."""
    rows = [made_row(index) for index in range(n_rows)]
    config = BuildConfig(rows="made", llm_model="writer", llm_base_url=url)
    effort = LLMEffort(llm_concurrency=N_CONCURRENT)
    building = Building(directory=folder, config=config, effort=effort)
    reasons = ("It can be changed.",) * len(CATEGORIES)
    categorized = {
        row.query.id: Categorized(query_id=row.query.id, categories=CATEGORIES, reasons=reasons)
        for row in rows
    }
    plan(building, rows, categorized)
    return building, rows


def timed_rewrite(building: Building, rows: list[Row]) -> tuple[float, int, int]:
    """Run the step once; return its seconds, its calls and the candidates that are stored."""
    with DraftStore(building.directory) as store:
        plans = plans_of(building)
        material = make_material(building, rows, store)
        start = time.perf_counter()
        draws = open_draws(rows, plans, store, building.config)
        asked = rewrite(building, draws, store, material.descriptions)
        seconds = time.perf_counter() - start
        n_stored = sum(len(store.candidates(key)) for key in plan_keys(rows, plans))
    return seconds, asked.n_calls, n_stored


def one_round(n_calls: int, url: str) -> tuple[float, float, int]:
    """Rewrite everything, then again; return both times and the calls of the second."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["RARFT_CACHE"] = str(Path(name) / "cache")
        building, rows = planned_build(Path(name) / "build", n_calls, url)
        seconds, n_sent, n_stored = timed_rewrite(building, rows)
        if (n_sent, n_stored) != (n_calls, 3 * n_calls):
            raise RuntimeError(f"got {n_sent} calls and {n_stored} candidates of {n_calls}")
        again_s, n_again, _ = timed_rewrite(building, rows)
    return seconds, again_s, n_again


def measure(n_calls: int, n_repeats: int) -> dict[str, Any]:
    """Measure what share of the ideal throughput the step reaches."""
    ideal_s = math.ceil(n_calls / N_CONCURRENT) * LATENCY_MS / 1000
    shares, times, again_times, n_again = [], [], [], 0
    with rewriter_server(0) as url:
        # Loads what the first call of a process loads.
        one_round(N_CONCURRENT, url)
    with rewriter_server(LATENCY_MS) as url:
        for repeat in range(n_repeats):
            seconds, again_s, n_calls_again = one_round(n_calls, url)
            times.append(seconds)
            again_times.append(again_s)
            n_again += n_calls_again
            shares.append(ideal_s / seconds)
            print(f"{repeat + 1}/{n_repeats}: {shares[-1]:.3f} of the ideal, {seconds:.1f} s")
    share = round(statistics.median(shares), 3)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_calls": n_calls,
        "n_concurrent": N_CONCURRENT,
        "latency_ms": LATENCY_MS,
        "n_repeats": n_repeats,
        "ideal_seconds": ideal_s,
        "seconds": [round(one, 1) for one in times],
        "share_of_ideal": share,
        "shares": [round(one, 3) for one in shares],
        "share_limit": THROUGHPUT_LIMIT,
        "second_run": {
            "n_calls": n_again,
            "seconds": round(statistics.median(again_times), 2),
        },
        "peak_memory_mib": round(peak_mib),
        "within_limit": share >= THROUGHPUT_LIMIT and n_again == 0,
    }


def main() -> int:
    """Measure, print and store; return 1 where a limit is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_calls", type=int, default=N_CALLS)
    parser.add_argument("--n_repeats", type=int, default=3)
    given = parser.parse_args()
    results = measure(given.n_calls, given.n_repeats)
    text = json.dumps(results, indent=2)
    if given.n_calls == N_CALLS:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
