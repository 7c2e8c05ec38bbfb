"""How long `rarft-eval score` takes, whole: process start, lm-eval, intervals, page and table.

Run `python bench/score_command.py`. 35,000 stored replies over 5,000 videos are scored again; the
unit is the time of `python -c "import torch, transformers"`, measured in turns in the same run.
The floors come from the cache, as in every scoring after the first; the first is reported too.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from score import run

RESULTS: Final = Path(__file__).parent / "results" / "score_command.json"
N_RECORDS: Final = 17_500
N_VIDEOS: Final = 5_000
LIMIT: Final = 6.0
WORDS: Final = [
    "a",
    "man",
    "woman",
    "person",
    "red",
    "blue",
    "ball",
    "door",
    "cup",
    "opens",
    "closes",
    "holds",
    "walks",
    "sits",
]
CATEGORIES: Final = ("Action/FineGrainedAction", "Object/ObjectExistence", "Scene/SceneExistence")
TASK: Final = """
task: bench
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: bench.json}
"""


def made_record(index: int, generator: random.Random) -> dict[str, Any]:
    """Make one record of a relevant and an irrelevant query in the official schema."""
    start_s = round(generator.uniform(0, 20), 1)
    end_s = round(start_s + generator.uniform(2, 9), 1)
    text = " ".join(generator.choices(WORDS, k=8)) + f" {index}"
    refusal = "The video does not contain a matching segment; the ball is red, not blue."
    return {
        "video": f"{index % N_VIDEOS:05d}.mp4",
        "query_text": text,
        "timestamp": [start_s, end_s],
        "duration": 30.0,
        "GRPO": [
            {"q": text, "a": f"<answer>{start_s} to {end_s}</answer>", "r": True},
            {
                "q": f"{text} twice",
                "a": f"<answer>{refusal}</answer>",
                "r": False,
                "c": generator.sample(CATEGORIES, 2),
                "difficulty": generator.choice(("hard", "medium", "easy")),
            },
        ],
    }


def made_reply(record: dict[str, Any], query: str, generator: random.Random) -> dict[str, str]:
    """Make a grounding near the reference, or a refusal, as the official script writes it."""
    start_s, end_s = record["timestamp"]
    answer = f"{start_s + generator.uniform(0, 4):.2f} to {end_s + 3:.2f}"
    if generator.random() < 0.4:
        answer = "The video does not contain a relevant segment, since the ball is red."
    reply = f"<think>The ball rolls.</think><answer>{answer}</answer><correction>NIL</correction>"
    return {"video": record["video"], "query": query, "model_output": reply}


def prepare(folder: Path) -> list[str]:
    """Write task, annotation and replies, run once, and return the command to score again."""
    generator = random.Random(0)
    records = [made_record(index, generator) for index in range(N_RECORDS)]
    asked = [(record, query["q"]) for record in records for query in record["GRPO"]]
    replies = [made_reply(record, text, generator) for record, text in asked]
    (folder / "bench.yaml").write_text(TASK)
    (folder / "bench.json").write_text(json.dumps(records))
    (folder / "replies.json").write_text(json.dumps(replies))
    command = [sys.executable, "-m", "rarft.harness.cli"]
    model_args = f"path={folder / 'replies.json'},form=answer_correction"
    flags = ["run", "--model", "replay", "--model_args", model_args, "--tasks", "bench"]
    place = ["--include_path", str(folder), "--output_path", str(folder / "run")]
    call([*command, *flags, *place])
    return [*command, "score", str(folder / "run")]


def call(command: list[str]) -> float:
    """Run a command and return its seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(n_repeats: int) -> dict[str, Any]:
    """Time both commands in turns, so that a busy machine slows both alike."""
    heavy = [sys.executable, "-c", "import torch, transformers"]
    times: dict[str, list[float]] = {"import": [], "score": []}
    with tempfile.TemporaryDirectory() as name:
        os.environ["RARFT_CACHE"] = str(Path(name) / "cache")
        start = time.perf_counter()
        command = prepare(Path(name))
        first_s = time.perf_counter() - start
        call(heavy)
        for _ in range(n_repeats):
            times["import"].append(call(heavy))
            times["score"].append(call(command))
    medians = {key: statistics.median(values) for key, values in times.items()}
    ratio = medians["score"] / medians["import"]
    return {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_queries": 2 * N_RECORDS,
        "n_videos": N_VIDEOS,
        "n_repeats": n_repeats,
        "median_seconds": {key: round(value, 3) for key, value in medians.items()},
        "first_run_with_floors_seconds": round(first_s, 1),
        "score_per_import": round(ratio, 2),
        "score_limit": LIMIT,
        "within_limit": ratio <= LIMIT,
    }


if __name__ == "__main__":
    sys.exit(run(measure, RESULTS))
