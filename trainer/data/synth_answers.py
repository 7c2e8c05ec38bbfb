"""Reference replies for HI-Synth that think: they compare the world with the query first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.types import spans_from_pairs
from rarft.tasks.synth_hi.dataset import Example
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.trainer.data.synth_source import example_of
from rarft.trainer.tiny.answers import grounding_reply, refusing_reply
from rarft.trainer.tiny.thoughts import think


def thinking_answer(row: Mapping[str, Any]) -> str:
    """Return the reply of a row's reference after what there is to think of its video.

    Raises:
        UserError: the row is about another video than one of HI-Synth, or its query is none of
            that video's own two.
    """
    example = _example(row)
    thought = think(example.world, _claim(example, row["query"]))
    if row["relevant"]:
        return "".join(grounding_reply(thought, spans_from_pairs(row["spans"])[0]))
    correction = row["relevant_query"] or ""
    return "".join(refusing_reply(thought, refusal=row["refusal"], correction=correction))


def _example(row: Mapping[str, Any]) -> Example:
    name = Path(row["video"]).name
    try:
        return example_of(name)
    except ValueError as error:
        raise UserError(
            f"got answer=synth_hi for {name}, expected a video of HI-Synth; give answer=reference"
        ) from error


def _claim(example: Example, text: str) -> Predicate:
    claims = {
        example.relevant_text: example.relevant,
        example.irrelevant_text: example.irrelevant,
    }
    if text not in claims:
        raise UserError(
            f"got answer=synth_hi for a query of another video than {example.video}, expected one "
            "of its own; give negatives=hard"
        )
    return claims[text]
