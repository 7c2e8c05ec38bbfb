"""One edited element of a rewrite, and the benchmark categories it can belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rarft.dataset_builder.verify.alignment import Pair
from rarft.dataset_builder.verify.lexicon import Kind, lexicon
from rarft.dataset_builder.verify.tokens import THINGS, Token

Weight = Literal["certain", "optional", "weak"]
EditKind = Kind | Literal["order", "role"]
"""The kind of the changed words, or what of their arrangement is changed."""

_EXISTENCE: Final = "Object/ObjectExistence"
_PART: Final = "Object/ObjectPartRelation"
_SPATIAL: Final = "Object/ObjectSpatialRelation"
_MOVING: Final = "Object/ObjectMoving"
_ACTION: Final = "Action/FineGrainedAction"
_SEQUENCE: Final = "Action/ActionSequence"
_SCENE: Final = "Scene/SceneExistence"
_TRANSITION: Final = "Scene/SceneTransition"
_VALUE: Final = "Attribute/AttributeValue"
_COUNT: Final = "Attribute/Counting"
_COMPARISON: Final = "Attribute/Comparison"

_PATHS: Final = frozenset(
    [
        "in",
        "into",
        "out",
        "of",
        "from",
        "to",
        "toward",
        "away",
        "through",
        "across",
        "onto",
        "off",
        "past",
        "around",
        "along",
        "up",
        "down",
        "on",
    ]
) | {"out of", "away from", "off of", "towards"}
_RELATING: Final = frozenset({"with", "without", "on", "in", "inside", "from", "out of"})
_PARTICLES: Final = frozenset({"in", "out", "on", "off", "up", "down", "away", "into"})
_PASSAGES: Final = frozenset(
    ["enter", "leave", "exit", "cross", "change", "switch", "return", "walk", "run", "come"]
) | {"go into", "go out", "walk into", "walk out", "walk in", "come in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One changed element; either token is None where there is no such word.

    `head` is the thing that a property describes, `governor` the preposition before a thing.
    """

    shown_token: Token | None
    claimed_token: Token | None
    weight: Weight
    kind: EditKind | None = None
    head: Pair | None = None
    governor: Token | None = None
    words: tuple[str, str] = ("", "")

    @property
    def shown(self) -> str:
        """Return the word of the original, "" where there is none."""
        return self.shown_token.base if self.shown_token else self.words[0]

    @property
    def claimed(self) -> str:
        """Return the word of the rewrite, "" where there is none."""
        return self.claimed_token.base if self.claimed_token else self.words[1]

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Return the words that are there."""
        return tuple(one for one in (self.shown_token, self.claimed_token) if one is not None)

    @property
    def categories(self) -> frozenset[str]:
        """Return the categories along which this edit may have been planned."""
        kinds = {self.kind} if self.kind else {token.kind for token in self.tokens}
        found: set[str] = set()
        for kind in kinds:
            if kind in THINGS:
                found |= self._of_thing()
            elif kind is not None:
                found |= _OF_KIND.get(kind, frozenset())
        bases = {name for token in self.tokens for name in token.names}
        if "verb" in kinds:
            found |= self._of_verb(bases)
        if kinds & {"place", "direction"}:
            found |= _of_place(bases)
        if kinds & {"state"}:
            found |= _of_state(bases)
        if any(token.is_unknown for token in self.tokens) and self.kind is None:
            found |= self._of_thing() | {_ACTION, _VALUE, _PART}
            found |= {_SCENE} if self.governor else set()
        if self.kind == "role":
            found |= {_SPATIAL, _COMPARISON, _ACTION, _MOVING, _EXISTENCE}
        return frozenset(found)

    def _of_thing(self) -> set[str]:
        found = {_EXISTENCE}
        if [token.kind for token in self.tokens] == ["agent", "agent"]:
            found |= {_VALUE}
        traits = {kind for token in self.tokens for kind in token.kinds}
        governors = self.governor.names if self.governor else frozenset()
        if "scene" in traits:
            found |= {_SCENE}
            if governors & _PATHS:
                found |= {_TRANSITION}
        if "part" in traits or governors & _RELATING:
            found |= {_PART}
        if governors:
            found |= {_SPATIAL}
            if governors & _PATHS:
                found |= {_MOVING}
        if len({token.plural for token in self.tokens}) == 2:
            found |= {_COUNT}
        return found

    def _of_verb(self, bases: set[str]) -> set[str]:
        words = lexicon()
        found: set[str] = set()
        if bases & words.motion:
            found |= {_MOVING}
        if any(_PARTICLES & set(base.split()[1:]) for base in bases):
            found |= {_MOVING, _SPATIAL}
        if bases & words.posture:
            found |= {_VALUE}
        if bases & _PASSAGES:
            found |= {_TRANSITION}
        if self.shown_token is None or self.claimed_token is None:
            found |= {_SEQUENCE}
        return found


_OF_KIND: Final[dict[str, frozenset[str]]] = {
    "verb": frozenset({_ACTION}),
    "phase": frozenset({_ACTION, _SEQUENCE}),
    "manner": frozenset({_VALUE, _ACTION}),
    "colour": frozenset({_VALUE}),
    "size": frozenset({_VALUE}),
    "material": frozenset({_VALUE}),
    "state": frozenset({_VALUE}),
    "number": frozenset({_COUNT}),
    "comparison": frozenset({_COMPARISON}),
    "order": frozenset({_SEQUENCE, _TRANSITION}),
    "sequence": frozenset({_SEQUENCE}),
    "negation": frozenset({_ACTION, _EXISTENCE, _VALUE}),
}


def _of_place(bases: set[str]) -> set[str]:
    found = {_SPATIAL}
    bases |= {base.split()[-1] for base in bases}
    if bases & _PATHS or bases & {"left", "right", "forward", "backward", "aside", "back"}:
        found |= {_MOVING}
    if bases & {"up", "down", "on", "off", "in", "out", "in place", "sideways"}:
        found |= {_ACTION}
    if bases & (_RELATING | {"at top of", "at bottom of"}):
        found |= {_PART}
    if bases & {"with", "without"}:
        found |= {_EXISTENCE}
    if bases & {"into", "out of", "from", "to", "through", "in", "out"}:
        found |= {_TRANSITION}
    return found


_SIDES: Final = frozenset(
    {"left", "right", "front", "rear", "upper", "lower", "inner", "outer", "top", "bottom"}
)


def _of_state(bases: set[str]) -> set[str]:
    found: set[str] = set()
    if bases & {
        "left",
        "right",
        "front",
        "rear",
        "upper",
        "lower",
        "inner",
        "outer",
        "top",
        "bottom",
    }:
        found |= {_SPATIAL, _PART}
    if bases & {"open", "closed", "opened", "shut", "seated", "standing"}:
        found |= {_ACTION}
    return found
