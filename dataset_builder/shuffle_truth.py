"""Whether a query of one video may be true of another, told by the words they share.

What is annotated of a video is not all that happens in it: a query is taken for false only where
it says something, and that is unlike everything annotated.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rarft.dataset_builder.guessability.lexicon import read_lexicon
from rarft.harness.audit.words import words_of

SHARED_SHARE: Final = 0.5
"""A query may be true where it shares more than this share of the shorter one's content words."""
_SAYS_NOTHING: Final = frozenset(
    {
        *("a", "an", "the", "this", "that", "these", "those", "some", "another", "other", "its"),
        *("person", "people", "man", "woman", "boy", "girl", "guy", "lady", "individual", "one"),
        *("he", "she", "they", "it", "them", "him", "her", "his", "their", "himself", "herself"),
        *("themselves", "who", "is", "are", "was", "were", "be", "being", "been", "has", "have"),
        *("on", "onto", "in", "into", "at", "of", "to", "from", "with", "by", "for", "up", "down"),
        *("out", "off", "over", "through", "around", "and", "then", "as", "while", "when", "so"),
        *("begin", "start", "see", "seen", "something", "things", "thing", "there", "just"),
        *("take", "put", "get", "goes", "go", "stuff", "item", "items", "also", "very"),
    }
)


def maybe_true(text: str, true_text: str) -> bool:
    """Say whether a query may be true of a video that another query is true of.

    Example:
        >>> maybe_true("person opens the door", "a person is opening a door and walks out")
        True
        >>> maybe_true("person opens the box", "a person is opening a door and walks out")
        False
    """
    said, true = content_words(text), content_words(true_text)
    if not said:
        return True
    lexicon = read_lexicon()
    shared = sum(any(lexicon.are_alike(word, other) for other in true) for word in said)
    return shared > SHARED_SHARE * min(len(said), len(true) or 1)


@lru_cache(maxsize=100_000)
def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say what is seen, each in one form.

    Example:
        >>> sorted(content_words("The person is closing two boxes."))
        ['box', 'close', 'two']
    """
    forms = {_base(word) for word in words_of(text) if word not in _SAYS_NOTHING}
    return frozenset(forms - _SAYS_NOTHING)


def _base(word: str) -> str:
    lexicon = read_lexicon()
    if word in lexicon.verb_forms:
        return lexicon.verb_forms[word][0][0].lemma
    if word in lexicon.noun_classes:
        return next(iter(lexicon.noun_classes[word].values())).lemma
    stem = re.sub(r"(?:ing|ed|es|s)$", "", word) if len(word) > 4 else word.removesuffix("s")
    return re.sub(r"(.)\1$", r"\1", stem)
