"""The sentences of a refusal and their n-grams: what the local categories judge reads.

Refusals often name one mismatch a sentence and run sentences together without a space.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

CHARACTER_LENGTHS: Final = (3, 4)

_BOUNDARY = re.compile(
    r"(?<=[a-z\d)\"'’”][.!?])\s*(?=[\"'“‘]?[A-Z])|(?<=[.!?])\s+|(?<=[.!?][\"'’”])\s+|\n+"
)
_WORD = re.compile(r"\w+")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text that have a letter or a digit.

    A full stop ends a sentence before a space, or before a capital letter.

    Example:
        >>> sentences("No match.The cup is 2.5 m away, not red. It is here!")
        ['No match.', 'The cup is 2.5 m away, not red.', 'It is here!']
        >>> sentences(" … ")
        []
    """
    parts = (part.strip() for part in _BOUNDARY.split(text))
    return [part for part in parts if _WORD.search(part)]


def ngrams(sentence: str) -> Counter[str]:
    """Count the words, pairs of words and parts of words of a sentence, in lower case.

    Parts are runs of 3 and 4 characters of a word with a space on either side, and are marked by
    a leading "#", so that they are never taken for words.

    Example:
        >>> sorted(ngrams("A cup"))
        ['# a ', '# cu', '# cup', '#cup', '#cup ', '#up ', 'a', 'a cup', 'cup']
    """
    words = _WORD.findall(sentence.lower())
    counts = Counter(words)
    counts.update(f"{first} {second}" for first, second in pairwise(words))
    for word in words:
        counts.update(_parts(f" {word} "))
    return counts


def _parts(padded: str) -> Iterator[str]:
    for length in CHARACTER_LENGTHS:
        for start in range(len(padded) - length + 1):
            yield f"#{padded[start : start + length]}"
