"""How long the rewards by similarity of one generation batch take.

Run `python bench/train_rewards.py`. 512 completions are 64 groups of 8, half of them about relevant
queries. The package computes `explain`, and `explain` with `correct`, where it has seen the
references before (`known`) and where it has not (`new`); beside it stand the two usual ways: one
batched encoding of three texts for each completion, the answer and both references (`batched`), and
one call of the encoder for each completion (`one_call`). With `correct` they also encode each
correction and its query. All ways use one encoder in one process, in turns, so that what else the
machine does slows all alike, and must give the same rewards. The limits are for `known`, which is
what a step costs once its queries have been seen. Results: bench/results/train_rewards.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from rarft.harness.judges.encoder import DEFAULT_ENCODER, load_encoder
from rarft.harness.types import Span
from rarft.trainer.reward_embeddings import TextEmbeddings
from rarft.trainer.reward_similarities import Encoding, correction_terms, explanation_terms
from rarft.trainer.reward_texts import read_completion, read_completions, time_text
from rarft.trainer.rewards import correct, explain

RESULTS: Final = Path(__file__).parent / "results" / "train_rewards.json"
N_GROUPS: Final = 64
GROUP_SIZE: Final = 8
LIMITS: Final = {"batched": 2.0, "one_call": 3.0}
TOLERANCE: Final = 1e-5
TOGETHER: Final = (("explain", explanation_terms), ("correct", correction_terms))
WHO: Final = ("a man", "a woman", "a child", "the person in the red shirt", "an old man")
ACTS: Final = ("opens the door", "pours a glass of water", "puts the box on the shelf", "sits down")
WHERE: Final = ("in the kitchen", "beside the window", "on the sofa", "near the stairs")


@dataclass(frozen=True, slots=True)
class Batch:
    """Completions with the columns of their rows."""

    completions: list[str]
    columns: dict[str, list[Any]]


def made_batch(*, seed: int) -> Batch:
    """Make groups of completions that ground, refuse and correct, each in its own words."""
    drawn = random.Random(seed)
    batch = Batch([], {"relevant": [], "spans": [], "refusal": [], "relevant_query": []})
    for group in range(N_GROUPS):
        start_s = drawn.uniform(0, 60)
        row = {
            "relevant": group % 2 == 0,
            "spans": [[start_s, start_s + drawn.uniform(1, 30)]],
            "refusal": refusal(drawn),
            "relevant_query": event(drawn),
        }
        for _ in range(GROUP_SIZE):
            batch.completions.append(completion(drawn))
            for name, value in row.items():
                batch.columns[name].append(value)
    return batch


def event(drawn: random.Random) -> str:
    """Return what a query describes."""
    return f"{drawn.choice(WHO)} {drawn.choice(ACTS)} {drawn.choice(WHERE)}"


def refusal(drawn: random.Random) -> str:
    """Return two sentences, about as long as a reference refusal."""
    return (
        f"The video does not show that {event(drawn)}. Instead, {event(drawn)} "
        f"{drawn.randint(2, 9)} times, while {drawn.choice(WHO)} watches."
    )


def completion(drawn: random.Random) -> str:
    """Return a completion that grounds or refuses, whatever its query is."""
    start_s = drawn.uniform(0, 60)
    grounds = drawn.random() < 0.5
    answer = f"{start_s:.2f} to {start_s + 9:.2f}" if grounds else refusal(drawn)
    correction = "NIL" if grounds else event(drawn)
    return (
        f"<think>{event(drawn)}</think><answer>{answer}</answer>"
        f"<correction>{correction}</correction>"
    )


Rewards = list[tuple[float, ...]]
"""For each completion its reward by `explain`, and by `correct` where that is asked for."""


def by_package(batch: Batch, embeddings: TextEmbeddings, *, corrects: bool) -> Rewards:
    """Return the rewards as a run computes them."""
    read_completion.cache_clear()
    rewards = (explain, correct) if corrects else (explain,)
    encoding = Encoding(embeddings, TOGETHER if corrects else TOGETHER[:1])
    found = [reward(batch.completions, encoding=encoding, **batch.columns) for reward in rewards]
    return list(zip(*found, strict=True))


def compared_texts(batch: Batch, *, corrects: bool) -> list[list[str]]:
    """Return each completion's texts: answer, right and wrong reference; correction and query."""
    read_completion.cache_clear()
    columns, texts = batch.columns, []
    for i, said in enumerate(read_completions(batch.completions)):
        references = [time_text([Span(*columns["spans"][i][0])]), columns["refusal"][i]]
        right = 0 if columns["relevant"][i] else 1
        texts.append([said.answer or "", references[right], references[1 - right]])
        if corrects and said.correction is not None and not columns["relevant"][i]:
            texts[-1] += [said.correction, columns["relevant_query"][i]]
    return texts


def encoded(network: Any, texts: Sequence[str]) -> Any:
    """Return unit vectors. Shape: (n_texts, n_dimensions)."""
    return network.encode(
        list(texts), batch_size=64, show_progress_bar=False, normalize_embeddings=True
    )


def rewards_of(vectors: Any, *, corrects: bool) -> tuple[float, ...]:
    """Return the rewards of one completion from the vectors of its texts."""
    answer, right, wrong = vectors[:3]
    explained = float(answer @ right - answer @ wrong)
    if not corrects:
        return (explained,)
    return explained, float(vectors[3] @ vectors[4]) if len(vectors) > 3 else 0.0


def by_batch(batch: Batch, network: Any, *, corrects: bool) -> Rewards:
    """Return the rewards with one call for all texts of all completions."""
    texts = compared_texts(batch, corrects=corrects)
    vectors = encoded(network, [text for each in texts for text in each])
    ends = np.cumsum([len(each) for each in texts])
    return [rewards_of(part, corrects=corrects) for part in np.split(vectors, ends[:-1])]


def by_one_call(batch: Batch, network: Any, *, corrects: bool) -> Rewards:
    """Return the rewards with one call for each completion."""
    texts = compared_texts(batch, corrects=corrects)
    return [rewards_of(encoded(network, each), corrects=corrects) for each in texts]


def ways_of(batch: Batch, network: Any, *, corrects: bool) -> dict[str, Callable[[], Rewards]]:
    """Return the ways to compute a batch's rewards, ready to start."""
    known, new = TextEmbeddings(network), TextEmbeddings(network)
    by_package(batch, known, corrects=corrects)
    # Other completions: those of the batch are forgotten, and its references are kept.
    by_package(Batch(["<answer>hello</answer>"], first_row(batch)), known, corrects=corrects)
    return {
        "known": lambda: by_package(batch, known, corrects=corrects),
        "new": lambda: by_package(batch, new, corrects=corrects),
        "batched": lambda: by_batch(batch, network, corrects=corrects),
        "one_call": lambda: by_one_call(batch, network, corrects=corrects),
    }


def first_row(batch: Batch) -> dict[str, list[Any]]:
    """Return the columns of the first completion."""
    return {name: values[:1] for name, values in batch.columns.items()}


def measure(n_repeats: int, *, corrects: bool) -> dict[str, Any]:
    """Time all ways in turns, each turn on a batch of its own, and compare what they give."""
    network = load_encoder(DEFAULT_ENCODER)
    by_batch(made_batch(seed=0), network, corrects=corrects)
    times: dict[str, list[float]] = {}
    difference = 0.0
    for turn in range(n_repeats):
        ways = ways_of(made_batch(seed=turn + 1), network, corrects=corrects)
        found = {}
        for name in list(ways)[:: 1 if turn % 2 == 0 else -1]:
            start = time.perf_counter()
            found[name] = np.array(ways[name]())
            times.setdefault(name, []).append(time.perf_counter() - start)
        differences = [float(np.abs(one - found["one_call"]).max()) for one in found.values()]
        difference = max(difference, *differences)
        shown = ", ".join(f"{name} {taken[-1]:.2f} s" for name, taken in times.items())
        print(f"turn {turn + 1}/{n_repeats}: {shown}", flush=True)
    assert difference < TOLERANCE, f"the ways differ by {difference}"
    return summary(times) | {"largest_difference_of_rewards": float(f"{difference:.1e}")}


def summary(times: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the medians, and how many times faster the package is."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    speedups = {
        way: {ours: round(medians[way] / medians[ours], 2) for ours in ("known", "new")}
        for way in LIMITS
    }
    within = all(speedups[way]["known"] >= limit for way, limit in LIMITS.items())
    return {
        "seconds": {name: [round(one, 3) for one in taken] for name, taken in times.items()},
        "median_seconds": {name: round(value, 3) for name, value in medians.items()},
        "times_faster_than": speedups,
        "within_limit": within,
    }


def main() -> int:
    """Measure, print and store; return 1 where a limit is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    rewards = {
        "explain": measure(asked.n_repeats, corrects=False),
        "explain_and_correct": measure(asked.n_repeats, corrects=True),
    }
    results = {
        "schema_version": 1,
        "machine": {
            "cpus": os.cpu_count(),
            "n_threads": torch.get_num_threads(),
            "device": "cuda" if torch.cuda.is_available() else "cpu",
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "encoder": DEFAULT_ENCODER,
        "n_completions": N_GROUPS * GROUP_SIZE,
        "n_groups": N_GROUPS,
        "n_distinct_completions": len(set(made_batch(seed=1).completions)),
        "n_repeats": asked.n_repeats,
        "limits": LIMITS,
        **rewards,
        "within_limit": all(one["within_limit"] for one in rewards.values()),
    }
    text = json.dumps(results, indent=2)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0 if results["within_limit"] else 1


if __name__ == "__main__":
    sys.exit(main())
