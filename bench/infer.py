"""How fast vLLM answers when it batches across videos, beside one video a call.

Run `python bench/infer.py` where vLLM is installed (about 9 minutes on two cores, 4 with
`--n_turns 1`). The tiny model answers the two queries of each synth_hi video, in one engine: all
requests at once, and the same requests one video after the other, each waiting for the last. Both
start with nothing decoded and nothing in the engine's caches, in turns, so that what else the
machine does slows both alike. Where there is a GPU, it is also measured for what share of the time
it does nothing under the backend hf. Results: bench/results/infer.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from rarft.harness.models import Request, find_card, load_model
from rarft.harness.prepared_run import prepare
from rarft.harness.run_config import RunConfig
from rarft.harness.types import Reply

RESULTS: Final = Path(__file__).parent / "results" / "infer.json"
MODEL: Final = "tiny"
SPEEDUP_LIMIT: Final = 2.0
ENGINE: Final = {"enforce_eager": True, "max_model_len": 4096, "kv_cache_memory_bytes": 2**30}
WARM_UP: Final = 8
HF_BATCH: Final = 4
"""What `--batch_size auto` is for the backend hf."""
GPU_WATCH: Final = (
    *("nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"),
    "--loop-ms=100",
)


def planned_requests(n_videos: int) -> list[Request]:
    """Return the requests of so many synth_hi videos, two each; the mp4 files are made first."""
    config = RunConfig(model=MODEL, tasks=("synth_hi",), limit=2 * n_videos)
    with tempfile.TemporaryDirectory() as directory:
        return list(prepare(config, Path(directory)).plan.requests)


def checked(replies: Sequence[Reply]) -> Sequence[Reply]:
    """Return the replies, all of which must be answers."""
    failed = [reply.failure for reply in replies if reply.failure]
    if failed:
        raise RuntimeError(f"got {len(failed)} failures, the first: {failed[0]}")
    return replies


def at_once(model: Any, requests: Sequence[Request]) -> list[Reply]:
    """Answer all requests in one call."""
    return list(checked(model.generate(requests)))


def one_video_a_call(model: Any, requests: Sequence[Request]) -> list[Reply]:
    """Answer the requests of one video, then those of the next."""
    replies: list[Reply] = []
    for _, group in groupby(requests, key=lambda one: one.query.video):
        replies += checked(model.generate(list(group)))
    return replies


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call takes, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def measure_vllm(requests: Sequence[Request], n_turns: int) -> dict[str, Any]:
    """Time both ways in turns, and compare what they say."""
    from rarft.harness.models import vllm_engine

    card, _ = find_card(MODEL)
    ways = {"at_once": at_once, "one_video_a_call": one_video_a_call}
    times: dict[str, list[float]] = {name: [] for name in ways}
    texts: dict[str, list[str | None]] = {}
    with tempfile.TemporaryDirectory() as cache:
        model = vllm_engine.load(
            card,
            model_args=ENGINE,
            generation=card.generation,
            batch_size=len(requests),
            seed=0,
            cache=Path(cache),
        )
        model.prepare([])
        at_once(model, requests[:WARM_UP])
        for turn in range(n_turns):
            # The other way first in every second turn.
            for name in list(ways)[:: 1 if turn % 2 == 0 else -1]:
                shutil.rmtree(Path(cache) / "frames", ignore_errors=True)
                model.forget()
                taken_s, replies = seconds(lambda name=name: ways[name](model, requests))
                times[name].append(taken_s)
                texts[name] = [reply.text for reply in replies]
            shown = ", ".join(f"{name} {taken[-1]:.1f} s" for name, taken in times.items())
            print(f"turn {turn + 1}/{n_turns}: {shown}", flush=True)
        engine = dict(model.engine)
        model.close()
    return {"engine": engine, "n_turns": n_turns, **compared(times, texts)}


def compared(
    times: Mapping[str, Sequence[float]], texts: Mapping[str, Sequence[str | None]]
) -> dict[str, Any]:
    """Return how much faster one way is, and how many texts are the same."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    pairs = list(zip(*texts.values(), strict=True))
    speedup = medians["one_video_a_call"] / medians["at_once"]
    return {
        "seconds": {name: [round(one, 2) for one in taken] for name, taken in times.items()},
        "requests_per_second": {
            name: round(len(pairs) / taken, 2) for name, taken in medians.items()
        },
        "n_equal_texts": sum(one == other for one, other in pairs),
        "speedup": round(speedup, 2),
        "speedup_limit": SPEEDUP_LIMIT,
        "within_limit": speedup >= SPEEDUP_LIMIT,
    }


def measure_hf(requests: Sequence[Request], model_name: str) -> dict[str, Any]:
    """Return how much of the time the GPU does nothing while the backend hf answers."""
    import torch

    if not torch.cuda.is_available():
        return {"measured": False, "reason": "torch sees no GPU on this machine"}
    card, _ = find_card(model_name)
    with tempfile.TemporaryDirectory() as cache:
        model = load_model(
            card,
            model_args={},
            generation=card.generation,
            batch_size=HF_BATCH,
            seed=0,
            cache=Path(cache),
        )
        model.prepare([])
        model.generate(requests[:HF_BATCH])
        shutil.rmtree(Path(cache) / "frames", ignore_errors=True)
        batches = [requests[k : k + HF_BATCH] for k in range(HF_BATCH, len(requests), HF_BATCH)]
        with gpu_watch() as busy:
            taken_s, _ = seconds(lambda: [checked(model.generate(batch)) for batch in batches])
        engine = dict(model.engine)
        model.close()
    return {
        "measured": True,
        "model": model_name,
        "engine": engine,
        "batch_size": HF_BATCH,
        "seconds": round(taken_s, 2),
        "n_samples": len(busy),
        "idle_share": round(1 - statistics.mean(busy), 3),
    }


@contextmanager
def gpu_watch() -> Iterator[list[float]]:
    """Yield a list that fills with the share of time in which the first GPU computes."""
    process = subprocess.Popen(GPU_WATCH, stdout=subprocess.PIPE, text=True)
    busy: list[float] = []
    reader = threading.Thread(
        target=lambda: busy.extend(float(line) / 100 for line in process.stdout or ())
    )
    reader.start()
    try:
        yield busy
    finally:
        process.terminate()
        process.wait()
        reader.join()


def main() -> int:
    """Measure, print and store; return 1 where the limit is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_videos", type=int, default=200)
    parser.add_argument("--n_turns", type=int, default=3)
    parser.add_argument("--hf_model", default=MODEL, help="a card of backend hf, for a GPU")
    parser.add_argument("--results", type=Path, default=RESULTS)
    flags = parser.parse_args()
    if importlib.util.find_spec("vllm") is None:
        print("throughput is not measured: vLLM is not installed")
        return 0
    requests = planned_requests(flags.n_videos)
    results = {
        "schema_version": 1,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "n_videos": flags.n_videos,
        "n_requests": len(requests),
        "hf_on_gpu": measure_hf(requests, flags.hf_model),
        **measure_vllm(requests, flags.n_turns),
    }
    text = json.dumps(results, indent=2)
    flags.results.parent.mkdir(parents=True, exist_ok=True)
    flags.results.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
