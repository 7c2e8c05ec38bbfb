"""Predicates as English sentences.

A sentence is a function of the predicate and of a style; the style is drawn once for both queries
of a record, so that they differ in the edited words only and nothing in the text tells which of
the two is true.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.vocabulary import SPEED_COMPARISONS, Action, Comparison, Part, Scene, Side

NUMBER_WORDS: Final[dict[int, str]] = {1: "one", 2: "two", 3: "three"}
PART_WORDS: Final[dict[Part, str]] = {
    "stripe": "a black stripe",
    "spot": "a white spot",
    "hat": "a black hat",
    "feet": "black feet",
}
SIDE_WORDS: Final[dict[Side, str]] = {
    "left": "to the left of the black dot",
    "right": "to the right of the black dot",
    "above": "above the black dot",
    "below": "below the black dot",
}
COMPARISON_WORDS: Final[dict[Comparison, str]] = {
    "larger": "larger than the grey ball",
    "smaller": "smaller than the grey ball",
    "faster": "faster than the grey ball",
    "slower": "slower than the grey ball",
}
SCENE_WORDS: Final[dict[Scene, str]] = {
    "sand": "sand",
    "grass": "grass",
    "snow": "snow",
    "water": "water",
    "brick": "bricks",
}

_Verb = tuple[str, str, str]
_VERBS: Final[dict[Action, tuple[_Verb, _Verb]]] = {
    "left": (
        ("moves left", "move left", "moving left"),
        ("slides to the left", "slide to the left", "sliding to the left"),
    ),
    "right": (
        ("moves right", "move right", "moving right"),
        ("slides to the right", "slide to the right", "sliding to the right"),
    ),
    "up": (
        ("moves up", "move up", "moving up"),
        ("slides upward", "slide upward", "sliding upward"),
    ),
    "down": (
        ("moves down", "move down", "moving down"),
        ("slides downward", "slide downward", "sliding downward"),
    ),
    "shake": (
        ("shakes sideways", "shake sideways", "shaking sideways"),
        ("jiggles from side to side", "jiggle from side to side", "jiggling from side to side"),
    ),
    "bounce": (
        ("bounces up and down", "bounce up and down", "bouncing up and down"),
        ("hops on the spot", "hop on the spot", "hopping on the spot"),
    ),
    "blink": (
        ("blinks", "blink", "blinking"),
        ("flashes on and off", "flash on and off", "flashing on and off"),
    ),
    "grow": (
        ("grows", "grow", "growing"),
        ("swells up", "swell up", "swelling up"),
    ),
    "shrink": (
        ("shrinks", "shrink", "shrinking"),
        ("gets tinier", "get tinier", "getting tinier"),
    ),
}
_SEQUENCES: Final = (" {0} and then {1}", " first {0}, then {1}", ", after {2}, {1}")
_TRANSITIONS: Final = (
    "while the scene changes from {0} to {1}",
    "as the background switches from {0} to {1}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The choices of wording that carry no meaning."""

    verb: int = 0
    sequence: int = 0
    transition: int = 0
    scene_first: bool = False


def draw_style(rng: random.Random) -> Style:
    """Draw a style uniformly."""
    return Style(
        verb=rng.randrange(2),
        sequence=rng.randrange(len(_SEQUENCES)),
        transition=rng.randrange(len(_TRANSITIONS)),
        scene_first=rng.random() < 0.5,
    )


def render_text(predicate: Predicate, style: Style = Style()) -> str:
    """Render a predicate as one sentence.

    Example:
        >>> claim = Predicate(colour="red", shape="star", actions=("left", "blink"), count=2,
        ...                   part="hat", scene="sand")
        >>> render_text(claim)
        'Two red stars with a black hat move left and then blink on sand.'
        >>> render_text(claim, Style(verb=1, sequence=2, scene_first=True))
        'On sand, two red stars with a black hat, after sliding to the left, flash on and off.'
    """
    clause = _noun_phrase(predicate) + _verb_phrase(predicate, style)
    place = _place(predicate, style)
    if not place:
        sentence = clause
    elif style.scene_first:
        sentence = f"{place}, {clause}"
    else:
        sentence = f"{clause} {place}"
    return f"{sentence[0].upper()}{sentence[1:]}."


def shape_words(predicate: Predicate) -> str:
    """Return the shape as a noun, in the plural where several are counted.

    Example:
        >>> shape_words(Predicate(colour="red", shape="cross", actions=("left",), count=3))
        'crosses'
    """
    if not is_plural(predicate):
        return predicate.shape
    return predicate.shape + ("es" if predicate.shape == "cross" else "s")


def is_plural(predicate: Predicate) -> bool:
    """Say whether the predicate speaks of several objects."""
    return (predicate.count or 1) > 1


def action_words(action: Action, *, plural: bool, style: Style = Style()) -> str:
    """Return the verb of an action in the present tense."""
    return _VERBS[action][style.verb][int(plural)]


def _noun_phrase(predicate: Predicate) -> str:
    adjectives = [word for word in (predicate.size, predicate.colour) if word]
    article = "an" if adjectives[0][0] in "aeiou" else "a"
    words = [NUMBER_WORDS[predicate.count] if predicate.count else article]
    words += [*adjectives, shape_words(predicate)]
    if predicate.part:
        words.append(f"with {PART_WORDS[predicate.part]}")
    if predicate.side:
        words.append(SIDE_WORDS[predicate.side])
    if predicate.comparison and predicate.comparison not in SPEED_COMPARISONS:
        words.append(COMPARISON_WORDS[predicate.comparison])
    return " ".join(words)


def _verb_phrase(predicate: Predicate, style: Style) -> str:
    plural = is_plural(predicate)
    verbs = [action_words(action, plural=plural, style=style) for action in predicate.actions]
    phrase = f" {verbs[0]}"
    if len(verbs) == 2:
        gerund = _VERBS[predicate.actions[0]][style.verb][2]
        phrase = _SEQUENCES[style.sequence].format(verbs[0], verbs[1], gerund)
    if predicate.comparison in SPEED_COMPARISONS:
        phrase = f"{phrase} {COMPARISON_WORDS[predicate.comparison]}"
    return phrase


def _place(predicate: Predicate, style: Style) -> str:
    if predicate.scene:
        return f"on {SCENE_WORDS[predicate.scene]}"
    if predicate.transition:
        first, second = (SCENE_WORDS[scene] for scene in predicate.transition)
        return _TRANSITIONS[style.transition].format(first, second)
    return ""
