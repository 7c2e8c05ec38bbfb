"""How sure verification is: `python bench/verify.py [--annotations hi_vtg_charades.json]`.

Three measurements: the labelled set of 200; HI-Synth, whose truth is exact, rewritten by a stand-in
that sees the world and plants true "negatives"; and, where the official file is given, the rate at
which its own rewrites are rejected.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rarft.dataset_builder.types import TASK, Candidate, Origin, Row
from rarft.dataset_builder.verify import Checks, VideoQueries, verify
from rarft.dataset_builder.verify.labelled import figures, read_labelled, verdicts_on
from rarft.harness.parsing import reference_refusal
from rarft.harness.taxonomy import HARD_LEVELS, LEVEL_OF_DIFFICULTY
from rarft.harness.types import Query, Span
from rarft.tasks.synth_hi.build import spec_of
from rarft.tasks.synth_hi.dataset import Example, make_record
from rarft.tasks.synth_hi.edits import edit_slot, editable_slots, edits_between
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.refusals import render_refusal
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.tasks.synth_hi.vocabulary import ACTIONS
from rarft.tasks.synth_hi.world import World

LABELLED = Path(__file__).parent.parent / "tests" / "golden" / "verify_200.jsonl"
ORIGIN = Origin(source="bench", split="test", licence="", citation="", redistributable=False)
CLAIMS = ("count", "size", "part", "side", "comparison", "scene", "transition")
Plant = Literal["", "other_words", "less", "other_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A candidate of the stand-in, what it planted, and whether it is false of the whole video."""

    candidate: Candidate
    plant: Plant
    is_false: bool


def stand_in(
    *, n_records: int, seed: int, planted: float = 0.1
) -> tuple[list[Row], list[Rewritten]]:
    """Return the true queries of some worlds, and three rewrites of each relevant query.

    Every event of a world is annotated, as the videos of real sets have several queries.
    """
    rng = random.Random(seed)
    rows: list[Row] = []
    made: list[Rewritten] = []
    for index in range(n_records):
        example = make_record(index, seed=seed, split="train")
        rows += _rows(rng, example)
        for level in HARD_LEVELS:
            one = None
            if rng.random() < planted:
                one = _plant(rng, example, level)
            made.append(one or _honest(rng, example, level))
    return rows, made


def _rows(rng: random.Random, example: Example) -> Iterator[Row]:
    texts = [(example.relevant_text, example.span)]
    for at, event in enumerate(example.world.events):
        said = _all_said(example.world, spec_of(event))
        spans = holds(example.world, said)
        if at != example.world.target and spans:
            texts.append((render_text(said, draw_style(rng)), spans[0]))
    for at, (text, span) in enumerate(texts):
        query = Query(
            id=f"{example.record}-{at}",
            task=TASK,
            video=example.video,
            text=text,
            relevant=True,
            record=f"{example.record}-{at}",
            spans=(span,),
            duration_s=example.world.duration_s,
        )
        yield Row(query=query, origin=ORIGIN)


def _all_said(world: World, spec: Predicate) -> Predicate:
    """Return all that is true of an event: what its description claims, and where it happens."""
    said = Predicate(colour=spec.colour, shape=spec.shape, actions=spec.actions)
    scenes = [shot.scene for shot in world.shots]
    for slot in ("count", "size", "part", "side", "comparison"):
        more = replace(said, **{slot: getattr(spec, slot)})
        said = more if holds(world, more) else said
    for scene in scenes:
        more = replace(said, scene=scene)
        said = more if holds(world, more) else said
    for pair in itertools.pairwise(scenes):
        more = replace(said, transition=pair)
        said = more if said.scene is None and pair[0] != pair[1] and holds(world, more) else said
    return said


def _honest(rng: random.Random, example: Example, level: Any) -> Rewritten:
    """Edit as many elements as the level says, until the world shows it nowhere."""
    n_edits = 1 + HARD_LEVELS.index(level)
    shown = example.relevant
    while True:
        slots = rng.sample(editable_slots(shown), min(n_edits, len(editable_slots(shown))))
        claimed = shown
        try:
            for slot in slots:
                claimed = edit_slot(claimed, slot, rng=rng, actions=ACTIONS)
        except IndexError:
            continue
        edits = edits_between(shown, claimed)
        categories = {edit.category for edit in edits}
        if len(slots) < n_edits:
            shown_level = HARD_LEVELS[len(slots) - 1]
            return _honest(rng, example, shown_level)
        if len(edits) == len(categories) == n_edits and not holds(example.world, claimed):
            return _rewritten(rng, example, claimed, level, "", _text_of(example, claimed))


def _plant(rng: random.Random, example: Example, level: Any) -> Rewritten | None:
    """Pass something true off as a rewrite; None where this world allows none."""
    kind: Plant = rng.choice(("other_words", "less", "other_event"))
    shown = example.relevant
    if kind == "other_event":
        claims = [claim for claim in _of_other_events(example) if claim != shown]
        if not claims:
            return None
        claim = rng.choice(claims)
        n_edits = (
            len(edits_between(shown, claim)) if len(shown.actions) == len(claim.actions) else 9
        )
        if not 0 < n_edits <= 3:
            return None
        text = render_text(claim, draw_style(rng))
        return _rewritten(rng, example, claim, HARD_LEVELS[n_edits - 1], kind, text)
    claim = shown
    text = render_text(claim, draw_style(rng))
    if kind == "less":
        said = [slot for slot in CLAIMS if getattr(shown, slot) is not None]
        if not said:
            return None
        claim = replace(shown, **{rng.choice(said): None})
        text = render_text(claim, draw_style(rng))
    if text == example.relevant_text:
        return None
    return _rewritten(rng, example, claim, level, kind, text)


def _of_other_events(example: Example) -> Iterator[Predicate]:
    """Yield what is true of other events in the terms of the relevant query."""
    shown, world = example.relevant, example.world
    for at, event in enumerate(world.events):
        said = _all_said(world, spec_of(event))
        claim = replace(
            shown,
            colour=said.colour,
            shape=said.shape,
            actions=said.actions[: len(shown.actions)],
            **{slot: getattr(said, slot) for slot in CLAIMS if getattr(shown, slot) is not None},
        )
        same_kinds = len(claim.actions) == len(shown.actions) and [
            a in _MOVES for a in claim.actions
        ] == [a in _MOVES for a in shown.actions]
        kept = all(getattr(claim, s) is not None for s in CLAIMS if getattr(shown, s) is not None)
        if at != world.target and same_kinds and kept and holds(world, claim):
            yield claim


_MOVES = frozenset({"left", "right", "up", "down"})


def _text_of(example: Example, claim: Predicate) -> str:
    """Render a claim in the style of the relevant query."""
    for seed in range(500):
        style = draw_style(random.Random(seed))
        if render_text(example.relevant, style) == example.relevant_text:
            return render_text(claim, style)
    raise RuntimeError(f"no style gives {example.relevant_text!r}")


def _rewritten(
    rng: random.Random, example: Example, claim: Predicate, level: Any, plant: Plant, text: str
) -> Rewritten:
    edits = edits_between(example.relevant, claim) if plant not in ("less", "other_words") else ()
    refusal = render_refusal(example.relevant, edits)
    categories = tuple(edit.category for edit in edits)
    if not edits:
        # What is planned sounds right; only nothing of it was done.
        slots = rng.sample(
            editable_slots(example.relevant),
            min(1 + HARD_LEVELS.index(level), len(editable_slots(example.relevant))),
        )
        edits = edits_between(example.relevant, example.irrelevant)
        refusal = render_refusal(example.relevant, edits)
        categories = tuple({edit.category for edit in edits})[: len(slots)]
        level = HARD_LEVELS[max(len(categories), 1) - 1]
    candidate = Candidate(
        id=f"{example.record}/{level}/{rng.random()}",
        query_id=f"{example.record}-0",
        level=level,
        categories=categories,
        attempt=0,
        text=text,
        refusal=refusal,
    )
    return Rewritten(candidate=candidate, plant=plant, is_false=not holds(example.world, claim))


def synth_figures(rows: Sequence[Row], made: Sequence[Rewritten], checks: Checks) -> dict[str, Any]:
    """Return how many of the accepted rows are really false, and how many plants were found."""
    found = list(verify((one.candidate for one in made), rows=VideoQueries(rows), checks=checks))
    accepted = [one for one, verdict in zip(made, found, strict=True) if verdict.accepted]
    planted = Counter(one.plant for one in made if one.plant)
    passed = Counter(one.plant for one in accepted if one.plant)
    n_sound = sum(not one.plant for one in made)
    return {
        "n_candidates": len(made),
        "n_planted": sum(planted.values()),
        "n_accepted": len(accepted),
        "really_false": sum(one.is_false for one in accepted) / len(accepted),
        "planted_rejected": 1 - sum(passed.values()) / sum(planted.values()),
        "rejected_by_plant": {kind: 1 - passed[kind] / n for kind, n in sorted(planted.items())},
        "false_rejects": 1 - sum(not one.plant for one in accepted) / n_sound,
    }


def official(path: Path) -> tuple[list[Row], list[Candidate], dict[str, str]]:
    """Return the queries of an official file, its rewrites, and the half of each query's video."""
    rows, candidates, halves = [], [], {}
    for number, record in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        halves[str(number)] = ("tune", "held")[zlib.crc32(record["video"].encode()) % 2]
        query = Query(
            id=str(number),
            task=TASK,
            video=record["video"].rsplit("/", 1)[-1],
            text=record["query_text"],
            relevant=True,
            record=str(number),
            spans=(Span(*record["timestamp"]),),
            duration_s=record.get("duration"),
        )
        rows.append(Row(query=query, origin=ORIGIN))
        for at, entry in enumerate(record["GRPO"]):
            if not entry["r"]:
                candidate = Candidate(
                    id=f"{number}-{at}",
                    query_id=str(number),
                    level=LEVEL_OF_DIFFICULTY[entry["difficulty"]],
                    categories=tuple(entry["c"]),
                    attempt=0,
                    text=entry["q"],
                    refusal=reference_refusal(entry["a"]),
                )
                candidates.append(candidate)
    return rows, candidates, halves


def official_figures(path: Path, checks: Checks) -> dict[str, Any]:
    """Return the rates of rejection by level, and for which reasons, of two halves of the videos.

    Rules were tuned on the even half only. A span that its file puts outside of the video is a
    fault of the row, not of the rewrite, and is counted apart.
    """
    rows, candidates, halves = official(path)
    queries = VideoQueries(rows)
    verdicts = list(verify(candidates, rows=queries, checks=checks))
    result: dict[str, Any] = {}
    for half in ("tune", "held"):
        n: Counter[str] = Counter()
        bad: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for candidate, verdict in zip(candidates, verdicts, strict=True):
            if halves[candidate.query_id] != half:
                continue
            found = {finding.reason for finding in verdict.findings}
            reasons.update(found)
            n[candidate.level] += 1
            bad[candidate.level] += bool(found - {"span"})
        rates = {level: round(bad[level] / n[level], 4) for level in HARD_LEVELS}
        result[half] = {
            "n": n.total(),
            "rejected": round(bad.total() / n.total(), 4),
            "by_level": rates,
            "reasons": dict(reasons.most_common()),
        }
    return result


def labelled_figures(checks: Checks) -> dict[str, Any]:
    """Return recall by fault and the rate of false rejects, of both halves of the labelled set."""
    items = list(read_labelled(LABELLED))
    verdicts = verdicts_on(items, checks)
    result: dict[str, Any] = {}
    for half in ("tune", "held"):
        chosen = [at for at, item in enumerate(items) if item.half == half]
        found = figures([items[at] for at in chosen], [verdicts[at] for at in chosen])
        result[half] = {one.fault or "sound": [one.n_rejected, one.n_items] for one in found}
    return result


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotations", type=Path, help="the official hi_vtg_charades.json")
    parser.add_argument("--n_records", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder")
    parser.add_argument("--nli_model")
    given = parser.parse_args()
    checks = Checks(encoder=given.encoder, nli=given.nli_model)
    rows, made = stand_in(n_records=given.n_records, seed=given.seed)
    one_query = [row for row in rows if row.query.id.endswith("-0")]
    result = {
        "labelled": labelled_figures(checks),
        "synth": synth_figures(rows, made, checks),
        "synth_with_one_query_a_video": synth_figures(one_query, made, checks),
    }
    if given.annotations:
        result["official"] = official_figures(given.annotations, checks)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
