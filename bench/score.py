"""How long scoring takes: figures and intervals of 35,000 queries over 5,000 videos.

Run `python bench/score.py`. The unit is the time of `python -c "import torch, transformers"` on the
same machine in the same run; the results go to bench/results/score.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.metrics import counts, figures, outcome
from rarft.harness.metrics.task_results import process_results
from rarft.harness.replies import ScoredText
from rarft.harness.statistics import cluster_bootstrap
from rarft.harness.taxonomy import CATEGORIES, HARD_LEVELS
from rarft.harness.types import Kind, Prediction, Query, Span

RESULTS: Final = Path(__file__).parent / "results" / "score.json"
N_QUERIES: Final = 35_000
N_VIDEOS: Final = 5_000
N_RESAMPLES: Final = 10_000
METRICS_LIMIT: Final = 2.0


def made_queries(n_queries: int, n_videos: int, *, seed: int) -> list[Query]:
    """Make pairs of a relevant and an irrelevant query, the records spread over the videos."""
    generator = random.Random(seed)
    queries = []
    for index in range(n_queries):
        record, relevant = index // 2, index % 2 == 0
        start_s = generator.uniform(0, 60)
        queries.append(
            Query(
                id=f"{record:05d}-{index % 2}",
                task="bench",
                video=f"{record % n_videos:05d}.mp4",
                text="a person opens the door",
                relevant=relevant,
                record=f"{record:05d}",
                spans=(Span(start_s, start_s + generator.uniform(1, 30)),) if relevant else (),
                level="original" if relevant else generator.choice(HARD_LEVELS),
                categories=() if relevant else tuple(generator.sample(CATEGORIES, 2)),
            )
        )
    return queries


def made_predictions(queries: Sequence[Query], *, seed: int) -> list[Prediction]:
    """Make a grounding near the reference, a refusal or an unparsed reply for each query."""
    generator = random.Random(seed)
    kinds: tuple[Kind, ...] = ("grounded", "refused", "unparsed")
    predictions = []
    for query in queries:
        kind = generator.choices(kinds, weights=(60, 35, 5))[0]
        start_s = (query.spans[0].start_s if query.spans else 20.0) + generator.uniform(0, 8)
        spans = (Span(start_s, start_s + generator.uniform(1, 30)),) if kind == "grounded" else ()
        predictions.append(Prediction(kind=kind, spans=spans))
    return predictions


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def import_heavy() -> None:
    """Start Python and import torch and transformers: the unit of time."""
    subprocess.run([sys.executable, "-c", "import torch, transformers"], check=True)


def score(queries: Sequence[Query], predictions: Sequence[Prediction]) -> None:
    """Compute every figure, count and interval from queries and predictions."""
    outcomes = [outcome(q, p) for q, p in zip(queries, predictions, strict=True)]
    figures(outcomes)
    counts(outcomes)
    cluster_bootstrap(outcomes, n_resamples=N_RESAMPLES)


def score_rows(queries: Sequence[Query], predictions: Sequence[Prediction]) -> None:
    """Score every row as lm-eval has it done."""
    for query, prediction in zip(queries, predictions, strict=True):
        process_results(query.to_doc(), [ScoredText(prediction=prediction)])


def measure(n_repeats: int) -> dict[str, Any]:
    """Time the parts in turns, so that a busy machine slows all of them alike."""
    queries = made_queries(N_QUERIES, N_VIDEOS, seed=0)
    predictions = made_predictions(queries, seed=1)
    n_figures = len(figures([outcome(q, p) for q, p in zip(queries, predictions, strict=True)]))
    import_heavy()
    times: dict[str, list[float]] = {"import": [], "metrics": [], "process_results": []}
    for _ in range(n_repeats):
        times["import"].append(seconds(import_heavy))
        times["metrics"].append(seconds(lambda: score(queries, predictions)))
        times["process_results"].append(seconds(lambda: score_rows(queries, predictions)))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["metrics"] / medians["import"]
    return {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_queries": N_QUERIES,
        "n_videos": N_VIDEOS,
        "n_resamples": N_RESAMPLES,
        "n_figures": n_figures,
        "n_repeats": n_repeats,
        "median_seconds": {name: round(value, 3) for name, value in medians.items()},
        "metrics_per_import": round(ratio, 2),
        "metrics_limit": METRICS_LIMIT,
        "within_limit": ratio <= METRICS_LIMIT,
    }


def run(measure: Callable[[int], dict[str, Any]], path: Path) -> int:
    """Measure, print and store; return 1 where the limit is passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_repeats", type=int, default=5)
    results = measure(parser.parse_args().n_repeats)
    text = json.dumps(results, indent=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(run(measure, RESULTS))
