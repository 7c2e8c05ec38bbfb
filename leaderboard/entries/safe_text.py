"""Text of strangers: which characters may stand in a name, and how the others are shown.

Scripts and formulas are text like any other, and harmless where they stay text. What is refused is
what changes how the text around it is read: control characters and marks that turn the direction
of writing.
"""

from __future__ import annotations

import re
from typing import Final

from rarft.leaderboard.entries.refusal import EntryRefused, shown

_TURNING: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks, embeddings, overrides and isolates of the direction of writing."""
_UNSEEN: Final = (
    "\u00ad\u115f\u1160\u180e\u200b\u2028\u2029\u2060-\u2065\u3164\ufeff\uffa0\ufff9-\ufffb"
)
"""Characters without a shape, and line separators: two names that differ by them look alike."""
_TAGS: Final = "\U000e0000-\U000e007f"
_SURROGATES: Final = "\ud800-\udfff"
_UNSAFE: Final = f"{_TURNING}{_UNSEEN}{_TAGS}{_SURROGATES}"
_NOT_IN_A_LINE: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f{_UNSAFE}]")
_NOT_IN_A_TEXT: Final = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f{_UNSAFE}]")
_MANY_MARKS: Final = re.compile("[\u0300-\u036f\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{5,}")
"""Marks stacked on one letter grow over the lines above and below it."""


def check_text(
    text: object, *, place: str, max_chars: int, is_line: bool = True, may_be_empty: bool = True
) -> str:
    """Return a text that may be shown; `place` names it in messages.

    Args:
        text: what was found.
        place: file and field.
        max_chars: the most characters allowed.
        is_line: whether line breaks and tabs are refused too.
        may_be_empty: whether there may be nothing but spaces.

    Raises:
        EntryRefused: it is no text, too long, or holds a character that is not shown.

    Example:
        >>> check_text("<b>a</b>", place="entry.json: name", max_chars=100)
        '<b>a</b>'
    """
    if not isinstance(text, str):
        raise EntryRefused("schema", f"{place}: got {shown(text)}, expected text; mend it")
    if len(text) > max_chars:
        raise EntryRefused(
            "too_large",
            f"{place}: got {len(text)} characters, expected at most {max_chars}; shorten it",
        )
    found = (_NOT_IN_A_LINE if is_line else _NOT_IN_A_TEXT).search(text)
    if found:
        raise EntryRefused(
            "bad_text",
            f"{place}: got the character U+{ord(found.group()):04X}, expected none that is not "
            "seen or turns the direction of writing; remove it",
        )
    if _MANY_MARKS.search(text):
        raise EntryRefused(
            "bad_text",
            f"{place}: got more than four marks stacked on a letter, expected text that stays in "
            "its line; remove them",
        )
    if not may_be_empty and not text.strip():
        raise EntryRefused("schema", f"{place}: got an empty text, expected some; fill it in")
    return text


def visible_text(text: str) -> str:
    """Return a reply so that it can be shown: what is not seen or turns it is written out.

    Replies are evidence and stay as the model wrote them; only what is shown changes.

    Example:
        >>> visible_text("a" + chr(0x202E) + "b" + chr(0))
        'a⟨U+202E⟩b⟨U+0000⟩'
    """
    return _NOT_IN_A_TEXT.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)


def without_surrogates(text: str) -> str:
    r"""Return a text that UTF-8 can hold: halves of a pair become U+FFFD.

    Example:
        >>> without_surrogates("a" + chr(0xD800))
        'a\ufffd'
    """
    return re.sub(f"[{_SURROGATES}]", "\ufffd", text)
