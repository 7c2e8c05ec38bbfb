"""Refusals made of the package's own phrases, to widen what HI-Synth's small vocabulary teaches.

The phrases stand in refusal_phrases.json: openings, endings, and sentences of each category with
{slots} that lists of words fill; slots of one name and number get the same word. None of them is
taken from an annotation file.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from rarft.harness.taxonomy import CATEGORIES

MAX_CATEGORIES: Final = 3
SHARE_WITH_ENDING: Final = 0.4

_ARTICLE = re.compile(r"\b([Aa])(?= [aeiou])")
_SLOT = re.compile(r"\{([a-z]+)(\d?)\}")


def phrase_refusals(n: int, *, seed: int = 0) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return refusals with their categories: an opening, then one sentence a category.

    Example:
        >>> texts, categories = phrase_refusals(1, seed=3)
        >>> texts[0]
        'The query is irrelevant to this video. The number of men is 3 rather than a single.'
        >>> categories[0]
        ('Attribute/Counting',)
    """
    rng = random.Random(seed)
    drawn = [_refusal(rng) for _ in range(n)]
    return [text for text, _ in drawn], [categories for _, categories in drawn]


def _refusal(rng: random.Random) -> tuple[str, tuple[str, ...]]:
    categories = tuple(rng.sample(CATEGORIES, rng.randint(1, MAX_CATEGORIES)))
    opening = rng.choice(_phrases()["openings"])
    return " ".join([opening, *(_sentence(one, rng) for one in categories)]), categories


def _sentence(category: str, rng: random.Random) -> str:
    phrases = _phrases()
    text = _fill(rng.choice(phrases["sentences"][category]), phrases["words"], rng)
    if rng.random() < SHARE_WITH_ENDING:
        text = f"{text.removesuffix('.')}, {rng.choice(phrases['endings'])}."
    return f"{text[0].upper()}{text[1:]}"


def _fill(text: str, words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Put a word into every slot: no word twice, except in slots of one list and number."""
    numbered: dict[str, str] = {}
    used: set[str] = set()

    def draw(slot: re.Match[str]) -> str:
        if slot[0] in numbered:
            return numbered[slot[0]]
        word = rng.choice([one for one in words[slot[1]] if one not in used])
        used.add(word)
        if slot[2]:
            numbered[slot[0]] = word
        return _SLOT.sub(draw, word)

    return _ARTICLE.sub(r"\1n", _SLOT.sub(draw, text))


@cache
def _phrases() -> dict[str, Any]:
    path = Path(__file__).with_suffix(".json")
    phrases: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return phrases
