"""A reply made ready to read: stripped, its thinking cut out, its sections found."""

from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.parsing.cleaning import (
    collapse,
    ends_of,
    strip_emphasis,
    strip_fences,
    strip_special_tokens,
)
from rarft.harness.parsing.numbers import decode_time_tokens, normalise_decimals
from rarft.harness.parsing.tags import (
    Section,
    cut_thinking,
    find_sections,
    without_markup,
    without_sections,
)
from rarft.harness.parsing.verdict import is_none_word

_MAX_REPLY_CHARS = 200_000
_MAX_PROSE_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Body:
    """What every form reads.

    `exact` is the whole reply without special tokens, for checks of its shape. `visible` is the
    reply without thinking and code fences; `prose` is `visible` without corrections and tags.
    """

    exact: str
    visible: str
    prose: str
    sections: tuple[Section, ...]
    had_thinking: bool
    think_closed: bool
    duration_s: float | None
    frame_times_s: Sequence[float] | None

    def last(self, *names: str) -> Section | None:
        """Return the last section of these names that holds something, else the last empty one."""
        named = [section for section in self.sections if section.name in names]
        filled = [section for section in named if section.text.strip()]
        return next(reversed(filled or named), None)

    @property
    def correction(self) -> str | None:
        """Return the corrected query, or None where the tag is absent, empty or NIL."""
        section = self.last("correction")
        return clean_correction(section.text) if section else None


def make_body(
    text: str, *, duration_s: float | None, frame_times_s: Sequence[float] | None
) -> Body:
    """Strip a reply and find its sections.

    Example:
        >>> body = make_body("<answer>3 to 5</answer>", duration_s=None, frame_times_s=None)
        >>> body.last("answer").text
        '3 to 5'
    """
    exact = strip_special_tokens(ends_of(text, n_chars=_MAX_REPLY_CHARS))
    cut = cut_thinking(exact)
    visible = decode_time_tokens(strip_fences(cut.text))
    return Body(
        exact=exact,
        visible=visible,
        prose=readable(without_sections(visible)),
        sections=tuple(find_sections(visible)),
        had_thinking=cut.had_thinking,
        think_closed=cut.think_closed,
        duration_s=duration_s,
        frame_times_s=frame_times_s,
    )


def readable(text: str) -> str:
    """Return text as the readers of numbers want it: short, no emphasis, decimal points.

    Example:
        >>> readable(" **12,54** to **17,83** ")
        '12.54 to 17.83'
    """
    return normalise_decimals(strip_emphasis(ends_of(text, n_chars=_MAX_PROSE_CHARS))).strip()


def clean_correction(text: str) -> str | None:
    """Return a corrected query, or None for NIL, none and nothing.

    Example:
        >>> clean_correction(" NIL "), clean_correction("a man  sits")
        (None, 'a man sits')
    """
    words = collapse(without_markup(text))
    return None if not words.strip("-. ") or is_none_word(words) else words
