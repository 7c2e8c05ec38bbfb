"""What the loopback rewriter writes: edits along planned categories, and three ways of failing."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

from rarft.dataset_builder.guessability.edits import (
    Change,
    Option,
    Place,
    apply_changes,
    edit_places,
    words_of_query,
)
from rarft.dataset_builder.guessability.lexicon import read_lexicon

ADDED = {
    "Scene/SceneExistence": ("in the garage", "in the garden", "in a supermarket"),
    "Object/ObjectExistence": ("while holding an umbrella", "with a suitcase", "beside a dog"),
    "Attribute/AttributeValue": ("red", "wooden", "striped"),
}
"""What can be put to any query where no word of it can be replaced."""
SYNONYMS = (
    ("couch", "sofa"), ("cup", "mug"), ("picture", "photo"), ("tv", "television"),
    ("phone", "cellphone"), ("refrigerator", "fridge"), ("cabinet", "cupboard"),
    ("runs", "sprints"), ("opens", "opens up"), ("closes", "shuts"), ("puts", "places"),
    ("takes", "grabs"), ("looks", "gazes"), ("laughing", "giggling"), ("throws", "tosses"),
    ("walks", "strolls"), ("eating", "munching"), ("washes", "cleans"), ("person", "someone"),
    ("man", "guy"), ("the", "this"),
)  # fmt: skip


def eligible(query: str) -> list[str]:
    """Return categories along which a query can be edited at once, most places first."""
    places = edit_places(words_of_query(query), read_lexicon())
    counts = Counter(category for place in places for category in {o.category for o in place})
    taken: set[int] = set()
    found = []
    for category in sorted(counts, key=lambda one: -counts[one]):
        free = _free(places, category, taken)
        if free:
            taken |= _touched(free[0])
            found.append(category)
    return [*found, *(category for category in ADDED if category not in counts)]


def rewrite(
    query: str, categories: Sequence[str], rng: random.Random, *, avoid: set[str]
) -> tuple[str, dict[str, str]]:
    """Return a query edited once along each category, and the new words of each.

    It is none of `avoid` where another is found.
    """
    edited = _edited(query, categories, rng)
    for _ in range(40):
        if edited[0] not in avoid and set(edited[1]) == set(categories):
            break
        edited = _edited(query, categories, rng)
    return edited


def _edited(
    query: str, categories: Sequence[str], rng: random.Random
) -> tuple[str, dict[str, str]]:
    """Edit along each category that has a place left, or can be put to the query."""
    places = edit_places(words_of_query(query), read_lexicon())
    chosen: list[Option] = []
    new: dict[str, str] = {}
    for category in categories:
        free = _free(places, category, {word for one in chosen for word in _touched(one)})
        if free:
            chosen.append(rng.choice(free))
            new[category] = chosen[-1].word
    changes: list[Change] = [change for option in chosen for change in option.changes]
    text = apply_changes(query, changes)
    for category in categories:
        if category not in new and category in ADDED:
            new[category] = rng.choice(ADDED[category])
            text = _put_in(text, category, new[category])
    return text, {category: new[category] for category in categories if category in new}


def _free(places: Sequence[Place], category: str, taken: set[int]) -> list[Option]:
    """Return the edits along a category that leave the words taken alone."""
    options = (option for place in places for option in place if option.category == category)
    return [option for option in options if not _touched(option) & taken]


def _touched(option: Option) -> set[int]:
    return {word for change in option.changes for word in range(change.start, change.end)}


def _put_in(text: str, category: str, words: str) -> str:
    if category != "Attribute/AttributeValue":
        stem = text.rstrip(" .")
        return f"{stem} {words}{text[len(stem) :]}"
    *before, last = text.rstrip(" .").split(" ")
    return f"{' '.join(before)} {words} {last}."


def paraphrase(query: str) -> str:
    """Say the same in other words: synonyms, or another order of words."""
    text = query
    for word, other in SYNONYMS:
        text = re.sub(rf"\b{word}\b", other, text, count=1)
    return text if text != query else f"there is this: {query}"


def other_category(query: str, categories: Sequence[str]) -> str | None:
    """Return a category along which the query is edited against the plan, where there is one."""
    return next((one for one in eligible(query) if one not in categories), None)


def reason(category: str, words: str) -> str:
    """Say what is wrong along one category, without quoting the original query."""
    kinds = {
        "Action/FineGrainedAction": "The person is not seen to do what “{}” says.",
        "Object/ObjectExistence": "There is no sign of what “{}” names anywhere in the video.",
        "Scene/SceneExistence": "The place is another one than “{}”.",
        "Attribute/Counting": "The number of things differs: it is not “{}”.",
        "Attribute/AttributeValue": "What is shown is not “{}”.",
        "Object/ObjectSpatialRelation": "The object is not “{}” the other one.",
        "Object/ObjectMoving": "The movement goes in another direction than “{}” says.",
    }
    return kinds.get(category, "The video does not show “{}”.").format(words)
