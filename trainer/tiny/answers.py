"""The replies a tiny model learns: thought, answer and correction, in the form of the paper."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rarft.harness.types import Span
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.refusals import render_refusal
from rarft.tasks.synth_hi.sentences import Style, render_text
from rarft.tasks.synth_hi.world import World
from rarft.trainer.tiny.claims import nearest

MAX_SENTENCES: Final = 3
_OPTIONAL: Final = ("count", "size", "part", "side", "comparison", "scene", "transition")


def grounding_reply(thought: Sequence[str], span: Span) -> tuple[str, ...]:
    """Return the reply to a query that the video shows, in the parts of its thought.

    Example:
        >>> grounding_reply(["<think>a star</think>"], Span(1.5, 4.0))
        ('<think>a star</think><answer>1.5 to 4.0</answer><correction>NIL</correction>',)
    """
    answer = f"<answer>{span.start_s:.1f} to {span.end_s:.1f}</answer>"
    return (*thought[:-1], f"{thought[-1]}{answer}<correction>NIL</correction>")


def refusing_reply(thought: Sequence[str], *, refusal: str, correction: str) -> tuple[str, ...]:
    """Return the reply to a query that the video does not show, in the parts of its thought."""
    answer = f"<answer>{refusal}</answer>"
    return (*thought[:-1], f"{thought[-1]}{answer}<correction>{correction}</correction>")


def explain_absence(
    rng: random.Random, world: World, claim: Predicate, style: Style
) -> tuple[str, str]:
    """Return a refusal and a correction: what the event nearest to the claim shows instead.

    The refusal names one to three differences, drawn at random, so that a model can learn by
    reward how many there are.
    """
    shown, edits = nearest(world, claim)
    said = [edit for edit in edits if edit.shown is not None]
    n_sentences = min(len(said), rng.randint(1, MAX_SENTENCES))
    kept = sorted(rng.sample(range(len(said)), n_sentences))
    return render_refusal(shown, [said[i] for i in kept]), correct(shown, claim, style)


def correct(shown: Predicate, claim: Predicate, style: Style) -> str:
    """Return the query as it would be true of an event, naming only what the query names."""
    silent: dict[str, Any] = {slot: None for slot in _OPTIONAL if getattr(claim, slot) is None}
    return render_text(replace(shown, **silent), style)
