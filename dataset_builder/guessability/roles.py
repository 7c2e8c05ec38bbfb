"""What a noun or a verb of a query is there for, told by the words beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rarft.dataset_builder.guessability.lexicon import Form, Lexicon, Verb

LOOSE_DETERMINERS: Final = frozenset({"a", "an", "some"})
FREE_DETERMINERS: Final = frozenset({"the", "their", "his", "her", "its", "my"})
"""Those that stand before one as well as before many."""
DETERMINERS: Final = (
    LOOSE_DETERMINERS
    | FREE_DETERMINERS
    | frozenset({"this", "that", "those", "these", "another", "one"})
)
_PREPOSITIONS: Final = frozenset(
    {
        *("on", "onto", "at", "by", "behind", "under", "off", "over", "against", "near", "beside"),
        *("in", "into", "inside", "from", "through", "to", "of", "with", "up", "down", "around"),
        *("out", "outside", "towards", "away", "along", "across"),
    }
)
_CLASSES_AFTER_PREPOSITION: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("on", "onto", "off", "over", "against", "under"), ("surface", "container", "opening")
    ),
    **dict.fromkeys(("at", "towards"), ("seen", "surface", "opening", "room")),
    **dict.fromkeys(("by", "behind", "near", "beside"), ("surface", "opening", "room")),
    **dict.fromkeys(
        ("in", "into", "inside", "from", "outside"), ("room", "container", "surface", "vessel")
    ),
    **dict.fromkeys(("through", "to", "up", "down", "around"), ("room", "opening", "surface")),
    "of": ("drink", "container", "surface", "edible", "carried"),
    "out": ("seen", "opening"),
    "with": ("carried", "edible"),
}
_CLASSES_AFTER_FRAME: Final = {
    "eat": ("edible",),
    "drink": ("drink", "vessel"),
    "open": ("opening",),
    "care": ("body", "fixture", "wearable", "carried"),
    "study": ("carried", "seen"),
    "look": ("seen",),
    "turn": ("fixture", "carried"),
    "gather": ("drink",),
}
_FRAMES_BEFORE_OBJECT: Final[tuple[tuple[str, frozenset[str] | None], ...]] = (
    ("begin", None),
    ("eat", frozenset({"edible"})),
    ("drink", frozenset({"drink", "vessel"})),
    ("care", frozenset({"body"})),
    ("open", frozenset({"opening", "room"})),
    ("study", None),
    ("handle", None),
    ("eat", None),
)
_FRAMES_ALONE: Final[tuple[str, ...]] = (
    "begin",
    "sit",
    "look",
    "cuddle",
    "go",
    "feel",
    "eat",
    "drink",
)
_BEFORE_NO_VERB: Final = DETERMINERS | {"get", "gets", "getting", "got"}
_OWN: Final[dict[str, set[str]]] = {
    "eat": {"eat", "cook"},
    "drink": {"drink", "pour", "spill"},
    "open": {"open", "close"},
    "study": {"read", "watch", "draw"},
    "sit": {"sit", "stand", "lie", "kneel", "sleep"},
    "go": {"run", "walk", "crawl"},
    "look": {"look", "point", "wave"},
    "care": {"fix", "wash", "brush", "dry"},
    "cuddle": {"snuggle", "play"},
}
"""The verbs by which a frame is known; the others only take their places."""


def noun_class(words: Sequence[str], at: int, lexicon: Lexicon) -> str | None:
    """Return the class whose members can take the place of a noun, None where it is none.

    Example:
        >>> from rarft.dataset_builder.guessability.lexicon import read_lexicon
        >>> noun_class("person puts a cup in a bag".split(), 6, read_lexicon())
        'container'
    """
    classes = lexicon.noun_classes.get(words[at])
    if classes is None or at == 0 or _is_modifier(words, at, lexicon):
        return None
    first = compound_start(words, at, lexicon)
    while first > 1 and words[first - 1] in DETERMINERS:
        first -= 1
    before = words[first - 1]
    wanted: tuple[str, ...] = ()
    if before in _PREPOSITIONS:
        wanted = _CLASSES_AFTER_PREPOSITION.get(before, ())
        if first > 1 and _frames(words[first - 2], lexicon) & {"turn", "look"}:
            wanted = ("fixture", "seen", *wanted)
    elif frames := _frames(before, lexicon):
        wanted = next(
            (_CLASSES_AFTER_FRAME[name] for name in _CLASSES_AFTER_FRAME if name in frames), ()
        )
        wanted = (*wanted, "carried", "edible", "wearable")
    elif words[first] not in DETERMINERS:
        return None
    return next((name for name in (*wanted, "carried") if name in classes), next(iter(classes)))


def frame_of(words: Sequence[str], at: int, lexicon: Lexicon) -> tuple[Verb, Form] | None:
    """Return the verb at a place in the frame that the words after it ask for.

    Example:
        >>> from rarft.dataset_builder.guessability.lexicon import read_lexicon
        >>> frame_of("person opens the door".split(), 1, read_lexicon())[0].frame
        'open'
    """
    if at == 0 or words[at - 1] in _BEFORE_NO_VERB:
        return None
    readings = {verb.frame: (verb, form) for verb, form in lexicon.verb_forms.get(words[at], ())}
    classes = _object_classes(words, at, lexicon)
    if classes is None:
        names = [name for name in _FRAMES_ALONE if name in readings]
    else:
        names = [
            name
            for name, wanted in _FRAMES_BEFORE_OBJECT
            if name in readings and (wanted is None or wanted & classes)
        ]
    for name in names:
        verb, form = readings[name]
        if name not in _OWN or verb.lemma in _OWN[name]:
            return verb, form
    return None


def _frames(word: str, lexicon: Lexicon) -> set[str]:
    return {
        verb.frame
        for verb, _ in lexicon.verb_forms.get(word, ())
        if verb.frame not in _OWN or verb.lemma in _OWN[verb.frame]
    }


def _object_classes(words: Sequence[str], at: int, lexicon: Lexicon) -> set[str] | None:
    """Return the classes of the noun that follows a verb, None where a preposition or nothing does.

    A noun that the lexicon does not know has none.
    """
    after = list(words[at + 1 : at + 4])
    if not after or after[0] in _PREPOSITIONS:
        return None
    for word in after:
        if word in lexicon.noun_classes:
            return set(lexicon.noun_classes[word])
        if word not in DETERMINERS:
            break
    has_object = after[0] in DETERMINERS or after[0] in {"it", "them", "something"}
    return set() if has_object else None


def compound_start(words: Sequence[str], at: int, lexicon: Lexicon) -> int:
    """Return where a noun begins that two words name, such as a closet door.

    Example:
        >>> from rarft.dataset_builder.guessability.lexicon import read_lexicon
        >>> compound_start("person opens the closet door".split(), 4, read_lexicon())
        3
    """
    before = words[at - 1]
    is_compound = before in lexicon.noun_classes and at > 1
    return at - 1 if is_compound and before not in lexicon.verb_forms else at


def _is_modifier(words: Sequence[str], at: int, lexicon: Lexicon) -> bool:
    """Say whether a noun is the first part of a compound, or stands where no noun is known to."""
    after = words[at + 1 : at + 2]
    names_a_thing = after and (
        after[0] in lexicon.noun_classes or after[0] in lexicon.compound_heads
    )
    if names_a_thing and after[0] not in lexicon.verb_forms:
        return True
    before = words[compound_start(words, at, lexicon) - 1]
    adjectives = {word for line in lexicon.attributes for word in line}
    return not (
        before in DETERMINERS
        or before in _PREPOSITIONS
        or before in lexicon.verb_forms
        or before in adjectives - {"dining", "living"}
    )
