"""Whether a prompt is in the words that a model's authors published, or in others.

Texts that others published are known here by their digest alone, and never stored.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from rarft.harness.models.card import Card, OfficialPrompt

PromptOrigin = Literal["official", "reworded"]


def prompt_sha256(text: str) -> str:
    r"""Return the digest that cards hold of a published prompt.

    What is hashed is the user's text of the published message, as its script sends it, with
    `{query}` in place of the query and any other slot filled as the card's note says; without the
    system message and without what a model's own code puts around it. Line ends are `\n`, blanks
    and line ends at both ends of the text are cut off, nothing else is changed, and the encoding
    is UTF-8.

    Example:
        >>> prompt_sha256("Find {query}.\r\nNow. \n") == prompt_sha256("Find {query}.\nNow.")
        True
        >>> prompt_sha256("Find {query}.") == prompt_sha256("Find  {query}.")
        False
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(lines.strip().encode("utf-8", errors="surrogatepass")).hexdigest()


def published_as(card: Card, text: str) -> OfficialPrompt | None:
    """Return the entry of a card whose prompt this text is, or None."""
    digest = prompt_sha256(text)
    return next((one for one in card.official_prompt if one.sha256 == digest), None)


def prompt_origin(card: Card, text: str) -> PromptOrigin:
    """Say whether a prompt is one that the model's authors published, whoever gives it.

    Example:
        >>> card = Card(name="m", family="base", backend="hf", licence="", source="",
        ...             official_prompt=({"name": "eval", "source": "a page",
        ...                               "sha256": prompt_sha256("When: {query}?")},))
        >>> prompt_origin(card, "When: {query}?"), prompt_origin(card, "Where: {query}?")
        ('official', 'reworded')
    """
    return "reworded" if published_as(card, text) is None else "official"
