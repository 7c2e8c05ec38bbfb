"""Reference refusals: one sentence per edit, saying what the video shows instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.tasks.synth_hi.edits import Edit
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.sentences import (
    COMPARISON_WORDS,
    NUMBER_WORDS,
    PART_WORDS,
    SCENE_WORDS,
    SIDE_WORDS,
    action_words,
    is_plural,
    shape_words,
)

OPENING: Final = "The video does not contain a matching segment."


def render_refusal(shown: Predicate, edits: Sequence[Edit]) -> str:
    """Explain why a query is irrelevant, given what the video shows and the edits made to it.

    Example:
        >>> shown = Predicate(colour="blue", shape="circle", actions=("left",))
        >>> render_refusal(shown, [Edit(slot="colour", shown="blue", claimed="red")])
        'The video does not contain a matching segment. The circle is blue, not red.'
    """
    return " ".join([OPENING, *(_sentence(shown, edit) for edit in edits)])


def _sentence(shown: Predicate, edit: Edit) -> str:
    plural = is_plural(shown)
    subject = f"The {shape_words(shown)}"
    be, pronoun = ("are", "They") if plural else ("is", "It")
    match edit.slot:
        case "colour" | "size":
            return f"{subject} {be} {edit.shown}, not {edit.claimed}."
        case "count":
            verb = "is" if edit.shown == 1 else "are"
            shown_n, claimed_n = NUMBER_WORDS[edit.shown], NUMBER_WORDS[edit.claimed]
            return f"There {verb} {shown_n} {shape_words(shown)}, not {claimed_n}."
        case "shape":
            kind = "objects are" if plural else "object is"
            return f"The {kind} {_a(edit.shown, plural)}, not {_a(edit.claimed, plural)}."
        case "part":
            has = "have" if plural else "has"
            return f"{subject} {has} {PART_WORDS[edit.shown]}, not {PART_WORDS[edit.claimed]}."
        case "move" | "gesture":
            seen = action_words(edit.shown, plural=plural)
            said = action_words(edit.claimed, plural=True)
            return f"{subject} {seen} and {'do' if plural else 'does'} not {said}."
        case "order":
            first, second = (action_words(a, plural=plural) for a in shown.actions)
            return f"{pronoun} {first} before, not after, {pronoun.lower()} {second}."
        case "side":
            return f"{subject} {be} {SIDE_WORDS[edit.shown]}, not {SIDE_WORDS[edit.claimed]}."
        case "comparison":
            verb = be if edit.shown in ("larger", "smaller") else "move" + "s" * (not plural)
            return f"{subject} {verb} {COMPARISON_WORDS[edit.shown]}, not {edit.claimed}."
        case "scene":
            return f"The scene is {SCENE_WORDS[edit.shown]}, not {SCENE_WORDS[edit.claimed]}."
        case "transition":
            first, second = (SCENE_WORDS[scene] for scene in edit.shown)
            return (
                f"The scene changes from {first} to {second}, not from {second} to {first}."
            )


def _a(shape: str, plural: bool) -> str:
    if plural:
        return shape + ("es" if shape == "cross" else "s")
    return f"a {shape}"
