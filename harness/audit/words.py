"""Query texts compared by their words: case, punctuation, spacing and articles do not count."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ARTICLES: Final = frozenset({"a", "an", "the"})
_WORD: Final = re.compile(r"\w+")


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case.

    Example:
        >>> words_of("The man's cup, again!")
        ('the', 'man', 's', 'cup', 'again')
    """
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def same_words_key(text: str) -> str:
    """Return what two texts share when they say the same in the same words.

    A text without a word stands for itself.

    Example:
        >>> same_words_key("A man opens the door.") == same_words_key("man opens a  Door")
        True
    """
    words = words_of(text)
    told = [word for word in words if word not in ARTICLES] or list(words)
    return " ".join(told) or text.strip()


def contains_words(text: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Return whether the words of `part` follow one another somewhere in `text`.

    Example:
        >>> contains_words(("no", "man", "opens", "it"), ("man", "opens"))
        True
    """
    if not part:
        return False
    starts = range(len(text) - len(part) + 1)
    return any(text[start : start + len(part)] == part for start in starts)
