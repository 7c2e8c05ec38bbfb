"""The memory of a build, a step at a time, for bench/data.py.

A build is made whose answers are stored already: categories of every query, and one rewrite of each
at the levels in turn. Each step then works in a process of its own over all of it and asks nobody.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.plan import levels_of
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.store import CANDIDATES, CATEGORIES, row_of
from rarft.dataset_builder.types import TASK, Candidate, Categorized, Origin, Row
from rarft.harness.stages.append_log import AppendLog
from rarft.harness.taxonomy import HARD_LEVELS
from rarft.harness.types import Query, Span

STEP_SIZES: Final = (10_000, 100_000)
STEPS: Final = ("categorize", "plan", "rewrite", "verify")
TEXT_SIZES: Final = (2_500, 10_000)
TEXT_STEPS: Final = ("plan", "verify", "balance")
"""The balance holds all texts, so that it is measured over fewer rows."""
USAGE: Final = {
    "n_calls": 1,
    "n_prompt_tokens": 900,
    "n_new_tokens": 200,
    "usd": 0.001,
    "served_model": "writer",
    "cached": False,
}
WORDS: Final = {
    "Object/ObjectExistence": "cup door ball lamp book phone chair box plate bag bottle towel hat",
    "Action/FineGrainedAction": "opens closes lifts drops washes throws holds paints pushes pulls",
    "Attribute/AttributeValue": "red blue green black white yellow brown grey pink purple",
}
N_A_GROUP: Final = 1_000
RUN: Final = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from data_build import building_of
from rarft.dataset_builder import build_steps
building = building_of(Path(sys.argv[2]))
began = time.perf_counter()
getattr(build_steps, f"{sys.argv[3]}_step")(building)
seconds = time.perf_counter() - began
peak = next(
    line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
)
print(json.dumps({"s": seconds, "peak_mb": int(peak.split()[1]) / 1024}))
"""


def building_of(folder: Path) -> Building:
    """Return the build in a folder, as every step of it is told."""
    config = BuildConfig(
        rows=str(folder / "source.jsonl"),
        per_query="one",
        llm_model="writer",
        max_candidates=1,
        guess_rounds=0,
    )
    return Building(directory=folder / "build", config=config)


def stored_build(folder: Path, *, n_rows: int) -> None:
    """Write the rows of a build and the answers to all that it would ask."""
    building = building_of(folder)
    write_rows(folder / "source.jsonl", (row for row, _ in made_rows(n_rows)))
    with (
        AppendLog(building.directory / CATEGORIES) as categories,
        AppendLog(building.directory / CANDIDATES) as candidates,
    ):
        group: list[tuple[Categorized, Candidate]] = []
        for number, (row, words) in enumerate(made_rows(n_rows)):
            named = Categorized(
                query_id=row.query.id,
                categories=tuple(WORDS),
                reasons=("It can be replaced by another one that is not shown.",) * len(WORDS),
            )
            level = levels_of(number, building.config)[0]
            n_edits = 1 + HARD_LEVELS.index(level)
            group.append((named, rewritten(row.query, words[:n_edits])))
            if len(group) == N_A_GROUP or number == n_rows - 1:
                categories.append([row_of(one, usage=USAGE) for one, _ in group])
                candidates.append([row_of(one, usage=USAGE) for _, one in group])
                group = []


def made_rows(n_rows: int) -> Iterator[tuple[Row, Sequence[str]]]:
    """Yield relevant rows, three a video, with the words of each that can be edited."""
    for index in range(n_rows):
        rng = random.Random(index)
        thing, action, colour = (rng.choice(words.split()) for words in WORDS.values())
        id_ = f"bench-train-{index:07d}"
        query = Query(
            id=id_,
            task=TASK,
            video=f"video_{index // 3:07d}.mp4",
            text=f"a person {action} a {colour} {thing} before the take {rng.randrange(10**4)}",
            relevant=True,
            record=id_,
            spans=(Span(1.0, 5.5),),
            duration_s=30.0,
            provenance=f"bench.json#{index}",
        )
        origin = Origin(
            source="bench",
            split="train",
            licence="MIT",
            citation="Authors, Title, Place and year",
            redistributable=True,
            file="bench.json",
            row=index,
        )
        yield Row(query=query, origin=origin), (thing, action, colour)


def rewritten(query: Query, words: Sequence[str]) -> Candidate:
    """Return a candidate that puts another word for each of some words."""
    rng, text, said = random.Random(query.id), query.text, []
    for word, known in zip(words, WORDS.values(), strict=False):
        other = rng.choice([one for one in known.split() if one != word])
        text = text.replace(f" {word} ", f" {other} ")
        said.append(f"it shows {word} and not {other}")
    level = HARD_LEVELS[len(words) - 1]
    return Candidate(
        id=f"{query.id}/{level}/0",
        query_id=query.id,
        level=level,
        categories=tuple(WORDS)[: len(words)],
        attempt=0,
        text=text,
        refusal=f"The video does not show this: {'; '.join(said)}.",
        reasons=tuple(f"{one}." for one in said),
    )


def measured_build(n_rows: int, steps: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the seconds and the peak memory of each step over a build of so many rows."""
    with tempfile.TemporaryDirectory() as name:
        stored_build(Path(name), n_rows=n_rows)
        for step in steps:
            command = [sys.executable, "-c", RUN, str(Path(__file__).parent), name, step]
            told = subprocess.run(command, capture_output=True, check=True, text=True)
            figures = json.loads(told.stdout.splitlines()[-1])
            yield {
                "step": step,
                "n_rows": n_rows,
                "s": round(figures["s"], 1),
                "peak_mb": round(figures["peak_mb"], 1),
            }


def measured_steps() -> list[dict[str, Any]]:
    """Measure every step at both of its sizes, and say so on the way."""
    rows = []
    for sizes, steps in ((STEP_SIZES, STEPS), (TEXT_SIZES, TEXT_STEPS)):
        for n_rows in sizes:
            for row in measured_build(n_rows, steps):
                rows.append(row)
                print(f"{row['step']} {n_rows:,}: {row['s']} s, {row['peak_mb']} MB")
    return rows


def growth(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return by step how many MB 10,000 further rows add to the peak."""
    found = {}
    for step in dict.fromkeys(row["step"] for row in rows):
        sizes = sorted((row["n_rows"], row["peak_mb"]) for row in rows if row["step"] == step)
        (first, first_mb), (last, last_mb) = sizes[-2:]
        found[step] = round((last_mb - first_mb) / (last - first) * 10_000, 1)
    return found
