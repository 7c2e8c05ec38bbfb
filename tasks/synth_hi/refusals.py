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
from rarft.tasks.synth_hi.vocabulary import SIZE_COMPARISONS

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
    if edit.slot in ("move", "gesture", "order"):
        return _action_sentence(shown, edit)
    plural = is_plural(shown)
    subject = f"The {shape_words(shown)}"
    be = "are" if plural else "is"
    seen, said = edit.shown, edit.claimed
    match edit.slot:
        case "count":
            verb = "is" if seen == 1 else "are"
            return f"There {verb} {NUMBER_WORDS[seen]} {subject[4:]}, not {NUMBER_WORDS[said]}."
        case "shape":
            kind = "objects are" if plural else "object is"
            return f"The {kind} {_shape(seen, plural)}, not {_shape(said, plural)}."
        case "part":
            has = "have" if plural else "has"
            return f"{subject} {has} {PART_WORDS[seen]}, not {PART_WORDS[said]}."
        case "side":
            return f"{subject} {be} {SIDE_WORDS[seen]}, not {SIDE_WORDS[said]}."
        case "comparison":
            verb = be if seen in SIZE_COMPARISONS else "move" + "s" * (not plural)
            return f"{subject} {verb} {COMPARISON_WORDS[seen]}, not {said}."
        case "scene":
            return f"The scene is {SCENE_WORDS[seen]}, not {SCENE_WORDS[said]}."
        case "transition":
            first, second = (SCENE_WORDS[scene] for scene in seen)
            return f"The scene changes from {first} to {second}, not from {second} to {first}."
    return f"{subject} {be} {seen}, not {said}."


def _action_sentence(shown: Predicate, edit: Edit) -> str:
    plural = is_plural(shown)
    if edit.slot == "order":
        first, second = (action_words(action, plural=plural) for action in shown.actions)
        pronoun = "they" if plural else "it"
        return f"{pronoun.capitalize()} {first} before, not after, {pronoun} {second}."
    seen = action_words(edit.shown, plural=plural)
    said = action_words(edit.claimed, plural=True)
    return f"The {shape_words(shown)} {seen} and {'do' if plural else 'does'} not {said}."


def _shape(shape: str, plural: bool) -> str:
    if plural:
        return shape + ("es" if shape == "cross" else "s")
    return f"a {shape}"
