"""Untrusted text made fit to be shown: cut, and without characters that act on the page.

HTML escaping is the template's; this removes what escaping leaves: control characters, lone
surrogates and direction overrides, which can reorder the text around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 2_000
_KEPT_CONTROLS: Final = frozenset("\n\t")
_BINARY_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The shown text and a note on what was left out of it, empty when nothing was."""

    text: str
    note: str = ""


def excerpt_of(text: str | None, *, max_characters: int = MAX_CHARACTERS) -> Excerpt:
    """Cut a text and replace the characters that cannot be shown.

    Example:
        >>> excerpt_of("abcdef", max_characters=3)
        Excerpt(text='abc', note='The first 3 of 6 characters.')
    """
    if not text:
        return Excerpt("", "The text is empty.")
    head = text[:max_characters]
    shown = "".join(map(_shown, head))
    notes = []
    n_replaced = sum(before != after for before, after in zip(head, shown, strict=True))
    if n_replaced > _BINARY_SHARE * len(head):
        notes.append("Binary content; bytes without a character are shown as marks.")
    if len(text) > max_characters:
        notes.append(f"The first {max_characters:,} of {len(text):,} characters.")
    return Excerpt(shown, " ".join(notes))


def _shown(character: str) -> str:
    code = ord(character)
    if character in _KEPT_CONTROLS:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    is_c1 = 0x80 <= code <= 0x9F
    is_surrogate = 0xD800 <= code <= 0xDFFF
    is_override = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return (
        "\ufffd" if is_c1 or is_surrogate or is_override or code in (0xFFFE, 0xFFFF) else character
    )
