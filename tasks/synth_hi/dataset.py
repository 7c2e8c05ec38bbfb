"""Records of the benchmark: a pair of queries, which of them is true, and the world that says so.

Every record draws from generators seeded by its own index, so the first records of a larger set
are the records of a smaller one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rarft.harness.docs import Docs, docs_from_queries
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import HARD_LEVELS, LEVEL_OF_DIFFICULTY, Level
from rarft.harness.types import Query, Span
from rarft.tasks.synth_hi.build import build_world
from rarft.tasks.synth_hi.edits import Edit, edits_between
from rarft.tasks.synth_hi.pairs import draw_pair
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.refusals import render_refusal
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.tasks.synth_hi.vocabulary import SPLITS, Split
from rarft.tasks.synth_hi.world import World

GENERATOR_VERSION: Final = 1
"""Raised whenever the same seed would give other texts, labels or pixels."""
SCHEMA_VERSION: Final = 1
TASK: Final = "synth_hi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One record: one video, one relevant and one hard-irrelevant query.

    `span` is the only one on which the relevant query is true. `edits` lead from the relevant
    predicate to the irrelevant one.
    """

    index: int
    split: Split
    seed: int
    relevant: Predicate
    irrelevant: Predicate
    relevant_text: str
    irrelevant_text: str
    edits: tuple[Edit, ...]
    refusal: str
    level: Level
    span: Span
    relevant_first: bool
    world: World

    @property
    def record(self) -> str:
        """Return the name of the record within its set."""
        return record_name(self.index)

    @property
    def video(self) -> str:
        """Return the base name of the video, unique over splits and seeds."""
        return video_name(self.index, seed=self.seed, split=self.split)

    @property
    def categories(self) -> tuple[str, ...]:
        """Return the categories of the edits, one for each."""
        return tuple(edit.category for edit in self.edits)


def record_name(index: int) -> str:
    """Return the name of a record within its set.

    Example:
        >>> record_name(7)
        '000007'
    """
    return f"{index:06d}"


def video_name(index: int, *, seed: int, split: Split) -> str:
    """Return the base name of a record's video, unique over splits and seeds.

    Example:
        >>> video_name(7, seed=0, split="test")
        'synth-test-0-000007.mp4'
    """
    return f"synth-{split}-{seed}-{record_name(index)}.mp4"


def make_records(*, n_queries: int, seed: int, split: Split) -> list[Example]:
    """Draw the records of a set, two queries each, without rendering anything.

    Raises:
        UserError: an odd or non-positive count, a seed that is no integer, an unknown split.

    Example:
        >>> record = make_records(n_queries=2, seed=0, split="test")[0]
        >>> len(record.edits), record.video
        (3, 'synth-test-0-000000.mp4')
    """
    check_request(n_queries=n_queries, seed=seed, split=split)
    return [make_record(index, seed=seed, split=split) for index in range(n_queries // 2)]


def check_request(*, n_queries: int, seed: int, split: str) -> None:
    """Check what names a set.

    Raises:
        UserError: an odd or non-positive count, a seed that is no integer, an unknown split.
    """
    if type(n_queries) is not int or n_queries < 2 or n_queries % 2:
        raise UserError(
            f"got {n_queries = }, expected an even number of at least 2: queries come in pairs"
        )
    if type(seed) is not int or seed < 0:
        raise UserError(f"got {seed = }, expected an integer of at least 0")
    if split not in SPLITS:
        raise UserError(f"got {split = }, expected one of {', '.join(SPLITS)}")


def make_record(index: int, *, seed: int, split: Split) -> Example:
    """Draw one record of a set.

    Text, label and world come from three generators: nothing in the world can feed back into the
    texts, and the coin that picks the true predicate is independent of both.
    """
    name = f"synth_hi {GENERATOR_VERSION} {split} {seed} {index}"
    text_rng = random.Random(f"{name} text")
    coin_rng = random.Random(f"{name} coin")
    world_rng = random.Random(f"{name} world")

    level = text_rng.choice(HARD_LEVELS)
    n_edits = 1 + HARD_LEVELS.index(level)
    pair = draw_pair(text_rng, split=split, n_edits=n_edits)
    style = draw_style(text_rng)
    relevant, irrelevant = pair if coin_rng.random() < 0.5 else pair[::-1]
    world = build_world(world_rng, relevant=relevant, irrelevant=irrelevant, split=split)
    edits = edits_between(relevant, irrelevant)
    (span,) = holds(world, relevant)
    return Example(
        index=index,
        split=split,
        seed=seed,
        relevant=relevant,
        irrelevant=irrelevant,
        relevant_text=render_text(relevant, style),
        irrelevant_text=render_text(irrelevant, style),
        edits=edits,
        refusal=render_refusal(relevant, edits),
        level=level,
        span=span,
        relevant_first=coin_rng.random() < 0.5,
        world=world,
    )


def provenance_of(split: Split, seed: int) -> str:
    """Return the name of a set, which is also its folder under the cache."""
    return f"{TASK}/v{GENERATOR_VERSION}/{split}/seed{seed}"


def queries_of(example: Example) -> tuple[Query, Query]:
    """Return the two queries of a record in their order."""
    shared: dict[str, Any] = {
        "task": TASK,
        "video": example.video,
        "record": example.record,
        "duration_s": example.world.duration_s,
        "provenance": provenance_of(example.split, example.seed),
    }
    relevant = Query(
        **shared,
        id=f"{example.record}-{int(not example.relevant_first)}",
        text=example.relevant_text,
        relevant=True,
        spans=(example.span,),
        level="original",
    )
    irrelevant = Query(
        **shared,
        id=f"{example.record}-{int(example.relevant_first)}",
        text=example.irrelevant_text,
        relevant=False,
        level=example.level,
        categories=example.categories,
        refusal=example.refusal,
        relevant_query=example.relevant_text,
    )
    return (relevant, irrelevant) if example.relevant_first else (irrelevant, relevant)


def docs_of(examples: Sequence[Example]) -> Docs:
    """Return both queries of every record as rows."""
    return docs_from_queries(query for example in examples for query in queries_of(example))


def to_official(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Return the records in the schema of the official annotation files."""
    difficulty_of = {level: name for name, level in LEVEL_OF_DIFFICULTY.items()}
    rows = []
    for example in examples:
        answer = f"{example.span.start_s} to {example.span.end_s}"
        relevant = {
            "q": example.relevant_text,
            "a": f"<answer>{answer}</answer>",
            "r": True,
            "difficulty": "original",
        }
        correction = f"<correction>{example.relevant_text}</correction>"
        irrelevant = {
            "q": example.irrelevant_text,
            "a": f"<answer>{example.refusal}</answer>{correction}",
            "r": False,
            "c": list(example.categories),
            "difficulty": difficulty_of[example.level],
            "q_origin": example.relevant_text,
        }
        pair = [relevant, irrelevant] if example.relevant_first else [irrelevant, relevant]
        rows.append(
            {
                "video": example.video,
                "query_text": example.relevant_text,
                "timestamp": [example.span.start_s, example.span.end_s],
                "duration": example.world.duration_s,
                "GRPO": pair,
            }
        )
    return rows


def world_rows(examples: Sequence[Example]) -> list[str]:
    """Return one JSON line per record: world, predicates and edits, from which labels follow."""
    return [
        json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "record": example.record,
                "video": example.video,
                "relevant": example.relevant.to_json(),
                "irrelevant": example.irrelevant.to_json(),
                "edits": [edit.to_json() for edit in example.edits],
                "world": example.world.to_json(),
            }
        )
        for example in examples
    ]
