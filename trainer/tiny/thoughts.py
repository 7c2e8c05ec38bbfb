"""What a tiny model writes before it answers: the query, then every event and how it compares.

Query and events are in the same words, so that comparing them is comparing words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.world import World
from rarft.trainer.tiny.captions import caption_event, caption_line, describe
from rarft.trainer.tiny.claims import differences

_SLOT_WORDS: Final[Mapping[str, str]] = {
    "gesture": "action",
    "order": "action",
    "transition": "scene",
}
_NAMED: Final = (
    "action",
    "count",
    "size",
    "shape",
    "colour",
    "part",
    "side",
    "comparison",
    "scene",
)
"""What a line may name, in the order in which it does."""

_JOINS: Final = ": "
_YES: Final = "yes"
SHOWS_ALL: Final = f"{_JOINS}{_YES}"
"""What ends the line of an event that shows all of the claim."""


def think(world: World, claim: Predicate) -> list[str]:
    """Return what is thought about a claim, cut where seeing and comparing take turns.

    The even parts follow from the query and what stands before them; the odd ones are seen.

    Example:
        >>> from rarft.tasks.synth_hi import make_records
        >>> record = make_records(n_queries=2, seed=0, split="test")[0]
        >>> parts = think(record.world, record.relevant)
        >>> parts[0], parts[4]
        ('<think>up one small triangle yellow above dot', ': yes')
        >>> parts[6]
        ': no action count size side</think>'
    """
    parts = [f"<think>{caption_event(claim)}"]
    for event in world.events:
        spec = describe(world, event)
        parts += [f"\n{caption_line(event, spec)}", f"{_JOINS}{verdict(spec, claim)}"]
    parts[-1] += "</think>"
    return parts


def verdict(spec: Predicate, claim: Predicate) -> str:
    """Return what of a claim an event does not show.

    Example:
        >>> shown = Predicate(colour="red", shape="star", actions=("left",), count=1)
        >>> verdict(shown, Predicate(colour="red", shape="star", actions=("left",)))
        'yes'
        >>> verdict(shown, Predicate(colour="blue", shape="star", actions=("up",)))
        'no action colour'
    """
    found = {_SLOT_WORDS.get(edit.slot, edit.slot) for edit in differences(spec, claim)}
    return " ".join(["no", *(word for word in _NAMED if word in found)]) if found else _YES
