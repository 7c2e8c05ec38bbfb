"""How long verifying an entry takes, beside the score stage of the run it was made of.

Run `python bench/leaderboard_verify.py`. An entry of 35,000 queries over 5,000 videos, with replies
that think, ground, refuse and correct, is verified as anybody would: files, task, replies,
judgements, every figure with its interval, and floors. Beside it stands what `rarft-eval score`
does with the run, from its files to its files; neither asks a judge, and both have the floors in
the cache. `score_alone` is that without loading the task and the stored replies and judgements.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from score import run
from score_command import N_VIDEOS, TASK, WORDS, made_record

RESULTS: Final = Path(__file__).parent / "results" / "leaderboard_verify.json"
N_RECORDS: Final = 17_500
LIMIT: Final = 1.5


def made_reply(record: dict[str, Any], query: str, generator: random.Random) -> dict[str, str]:
    """Make a grounding near the reference, or a refusal, each in words of its own."""
    start_s, end_s = record["timestamp"]
    answer = f"{start_s + generator.uniform(0, 4):.2f} to {end_s + 3:.2f}"
    correction = "NIL"
    if generator.random() < 0.4:
        seen = " ".join(generator.choices(WORDS, k=6))
        answer = f"The video does not contain a relevant segment, since it shows a {seen}."
        correction = seen
    thought = " ".join(generator.choices(WORDS, k=60))
    return {
        "video": record["video"],
        "query": query,
        "model_output": f"<think>{thought}.</think><answer>{answer}</answer>"
        f"<correction>{correction}</correction>",
    }


def made_run(folder: Path, n_records: int) -> Path:
    """Write task, annotation and replies, run the stages once, and return the run."""
    from rarft.harness.api import evaluate
    from rarft.harness.judges.judge_config import JudgeConfig

    generator = random.Random(0)
    records = [made_record(index, generator) for index in range(n_records)]
    asked = [(record, query["q"]) for record in records for query in record["GRPO"]]
    replies = [made_reply(record, text, generator) for record, text in asked]
    (folder / "bench.yaml").write_text(TASK)
    (folder / "bench.json").write_text(json.dumps(records))
    (folder / "replies.json").write_text(json.dumps(replies))
    evaluate(
        "replay",
        "bench",
        model_args={"path": str(folder / "replies.json"), "form": "answer_correction"},
        include_path=[folder],
        output_path=folder / "run",
        # Similarities come from a sentence encoder, and neither stage computes them.
        judging=JudgeConfig(judges={"similarity": "none", "correction": "none"}),
    )
    return folder / "run"


def seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of a call: other work on the machine counts less than by clock."""
    start = time.process_time()
    call()
    return time.process_time() - start


def measure(n_repeats: int, *, n_records: int = N_RECORDS) -> dict[str, Any]:
    """Time them in turns, in one process."""
    from rarft.harness.rescore import judge_run, rescore, score_run
    from rarft.leaderboard.entries import submit
    from rarft.leaderboard.verification import verify

    # As both commands set it.
    gc.set_threshold(200_000, 50, 50)
    folder = Path(tempfile.mkdtemp(prefix="rarft-bench-"))
    os.environ["RARFT_CACHE"] = str(folder / "cache")
    times: dict[str, list[float]] = {"score": [], "verify": [], "score_alone": []}
    try:
        finished = made_run(folder, n_records)
        entry = submit(finished, folder / "entry")
        for _ in range(n_repeats):
            times["score"].append(seconds(partial(rescore, finished)))
            times["verify"].append(seconds(partial(verify, entry, include_path=[folder])))
            times["score_alone"].append(seconds(partial(score_run, judge_run(finished))))
        n_bytes = sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["verify"] / medians["score"]
    return {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_queries": 2 * n_records,
        "n_videos": min(n_records, N_VIDEOS),
        "entry_megabytes": round(n_bytes / 1e6, 2),
        "n_repeats": n_repeats,
        "median_processor_seconds": {name: round(value, 2) for name, value in medians.items()},
        "verify_per_score": round(ratio, 2),
        "limit": LIMIT,
        "within_limit": ratio < LIMIT,
    }


if __name__ == "__main__":
    sys.exit(run(measure, RESULTS))
