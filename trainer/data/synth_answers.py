"""Reference replies for HI-Synth that think: they caption the world before they answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.types import spans_from_pairs
from rarft.trainer.data.synth_source import example_of
from rarft.trainer.tiny.answers import grounding_reply, refusing_reply
from rarft.trainer.tiny.captions import caption_video


def captioned_answer(row: Mapping[str, Any]) -> str:
    """Return the reply of a row's reference after the caption of its video.

    Raises:
        UserError: the row is about another video than one of HI-Synth.
    """
    name = Path(row["video"]).name
    try:
        caption = caption_video(example_of(name).world)
    except ValueError as error:
        raise UserError(
            f"got answer=synth_hi for {name}, expected a video of HI-Synth; give answer=reference"
        ) from error
    if row["relevant"]:
        return grounding_reply(caption, spans_from_pairs(row["spans"])[0])
    return refusing_reply(caption, refusal=row["refusal"], correction=row["relevant_query"] or "")
