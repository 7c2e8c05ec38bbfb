"""Write the labelled set of verification: `python tests/golden/make_verify_200.py`.

152 items are written out in verify_written.txt, 48 are drawn from the procedural benchmark, whose
edits are exact. `fault` is "" for a sound rewrite. Half of each kind is `held`: no word list and no
rule was changed for it.
"""

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Query, Span
from rarft.tasks.synth_hi.edits import edits_between
from rarft.tasks.synth_hi.pairs import draw_pair
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.refusals import render_refusal
from rarft.tasks.synth_hi.sentences import Style, draw_style, render_text

FOLDER = Path(__file__).parent
WRITTEN = FOLDER / "verify_written.txt"
LABELLED = FOLDER / "verify_200.jsonl"
SEED = 7
N_DRAWN = {"": 24, "paraphrase": 8, "category": 4, "level": 4, "true_elsewhere": 4, "span": 4}
LEVELS = ("strong", "moderate", "weak")
ORIGIN = Origin(
    source="written", split="test", licence="Apache-2.0", citation="", redistributable=True
)
NAMES = {
    "AS": "Action/ActionSequence",
    "FA": "Action/FineGrainedAction",
    "OE": "Object/ObjectExistence",
    "OP": "Object/ObjectPartRelation",
    "OS": "Object/ObjectSpatialRelation",
    "OM": "Object/ObjectMoving",
    "ST": "Scene/SceneTransition",
    "SE": "Scene/SceneExistence",
    "AV": "Attribute/AttributeValue",
    "CO": "Attribute/Counting",
    "CM": "Attribute/Comparison",
}


def item(
    number: int,
    *,
    half: str,
    fault: str,
    texts: list[str],
    rewrite: str,
    refusal: str,
    level: str,
    categories: list[str],
    duration_s: float = 30.0,
) -> dict[str, Any]:
    """Return one item; the first text is the original, the others are true queries beside it."""
    rows = [
        Row(
            query=Query(
                id=f"{number:03d}-{at}",
                task=TASK,
                video=f"{number:03d}.mp4",
                text=text,
                relevant=True,
                record=f"{number:03d}-{at}",
                spans=(Span(4.0 * at + 1.0, 4.0 * at + 4.0),),
                duration_s=duration_s,
            ),
            origin=ORIGIN,
        ).to_json()
        for at, text in enumerate(texts)
    ]
    candidate = {
        "id": f"{number:03d}",
        "query_id": f"{number:03d}-0",
        "level": level,
        "categories": categories,
        "attempt": 0,
        "text": rewrite,
        "refusal": refusal,
    }
    return {"half": half, "fault": fault, "rows": rows, "candidate": candidate}


def written_items() -> Iterator[dict[str, Any]]:
    """Yield the items that are written out."""
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if not line.startswith("#")):
        half, kind, level, short, original, rewrite, refusal, others = (
            part.strip() for part in (line + " ").split("|")
        )
        yield item(
            number,
            half=half,
            fault="" if kind == "good" else kind,
            texts=[original, *(other.strip() for other in others.split(";") if other.strip())],
            rewrite=rewrite,
            refusal=refusal,
            level=level,
            categories=[NAMES[name] for name in short.split(",")],
        )


def drawn_items(first: int) -> Iterator[dict[str, Any]]:
    """Yield items from the procedural benchmark, whose edits are known."""
    rng = random.Random(SEED)
    number = first
    for fault, n_items in N_DRAWN.items():
        for at in range(n_items):
            half = ("tune", "held")[at % 2]
            yield item(number, half=half, fault=fault, **drawn(rng, fault, n_edits=1 + at // 2 % 3))
            number += 1


def drawn(rng: random.Random, fault: str, *, n_edits: int) -> dict[str, Any]:
    """Draw what one item says."""
    if fault == "level":
        n_edits = 3
    shown, claimed = draw_pair(rng, split="train", n_edits=n_edits)
    edits = edits_between(shown, claimed)
    style, other = draw_style(rng), draw_style(rng)
    categories = [edit.category for edit in edits]
    values: dict[str, Any] = {
        "texts": [render_text(shown, style)],
        "rewrite": render_text(claimed, style),
        "refusal": render_refusal(shown, edits),
        "level": LEVELS[n_edits - 1],
        "categories": categories,
    }
    if fault == "paraphrase":
        values["rewrite"] = same_again(rng, shown, style)
    elif fault == "category":
        group = {category.split("/")[0] for category in categories}
        away = [name for name in CATEGORIES if name.split("/")[0] not in group]
        values["categories"] = rng.sample(away, n_edits) if len(away) >= n_edits else away[:1]
        values["level"] = LEVELS[len(values["categories"]) - 1]
    elif fault == "level":
        values |= {"level": "strong", "categories": categories[:1]}
    elif fault == "true_elsewhere":
        values["texts"].append(render_text(claimed, other))
    elif fault == "span":
        values["duration_s"] = rng.choice((0.5, 1.5, 2.5))
    return values


def same_again(rng: random.Random, shown: Predicate, style: Style) -> str:
    """Say the same in another style, or less."""
    slots = ("count", "size", "part", "side", "comparison", "scene")
    said = [slot for slot in slots if getattr(shown, slot) is not None]
    if said and rng.random() < 0.5:
        return render_text(replace(shown, **{rng.choice(said): None}), style)
    while (text := render_text(shown, draw_style(rng))) == render_text(shown, style):
        pass
    return text


if __name__ == "__main__":
    written = list(written_items())
    items = [*written, *drawn_items(len(written))]
    lines = (json.dumps(one, ensure_ascii=False) for one in items)
    LABELLED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stderr.write(f"wrote {len(items)} items to {LABELLED}\n")
