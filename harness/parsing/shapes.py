"""Whether a reply follows the exact shape its form asks for, character by character."""

import re
from itertools import islice
from typing import Final

from rarft.harness.parsing.tags import iterate_tags

_TIME = r"\d+(?:\.\d+)?"
_TUPLES = re.compile(rf"\s*\[\s*(?:[(\[]\s*{_TIME}\s*,\s*{_TIME}\s*[)\]]\s*,?\s*)*\]\s*")
_ONE_PAIR = re.compile(rf"\s*\[\s*{_TIME}\s*,\s*{_TIME}\s*\]\s*")
_ALWAYS: Final = ("think", "answer", "correction")
_SPELLINGS: Final = {
    "think": ("think",),
    "answer": ("answer",),
    "correction": ("correction", "correct"),
    "time": ("time",),
    "glue": ("glue",),
}


def section_texts(text: str, names: tuple[str, ...]) -> list[str] | None:
    r"""Return the texts of exactly these sections in this order, or None.

    Every tag is spelt exactly, once, and only whitespace stands between the sections.

    Example:
        >>> section_texts("<think>a</think>\n<answer>3 to 5</answer>", ("think", "answer"))
        ['a', '3 to 5']
        >>> section_texts("So: <answer>3 to 5</answer>", ("answer",)) is None
        True
    """
    relevant = (tag for tag in iterate_tags(text) if tag.name in names or tag.name in _ALWAYS)
    tags = list(islice(relevant, 2 * len(names) + 1))
    if len(tags) != 2 * len(names):
        return None
    texts, cursor = [], 0
    for i, name in enumerate(names):
        opening, closing = tags[2 * i], tags[2 * i + 1]
        exact = any(
            opening.text == f"<{spelling}>" and closing.text == f"</{spelling}>"
            for spelling in _SPELLINGS[name]
        )
        if not exact or text[cursor : opening.start].strip():
            return None
        texts.append(text[opening.end : closing.start])
        cursor = closing.end
    return None if text[cursor:].strip() else texts


def is_answer(text: str) -> bool:
    """Return whether text is one non-empty answer tag, with or without thinking before it.

    Example:
        >>> is_answer("<think>a</think><answer>3 to 5</answer>"), is_answer("3 to 5")
        (True, False)
    """
    return any(parts[-1].strip() for parts in _either(text, "answer"))


def is_answer_correction(text: str) -> bool:
    """Return whether text is think, answer and correction (or correct) tags, in that order.

    Source: RA-RFT, the format reward of Section 3.2.

    Example:
        >>> is_answer_correction("<think>a</think><answer>b</answer><correct>c</correct>")
        True
        >>> is_answer_correction("<answer>b</answer><correct>c</correct>")
        False
    """
    return section_texts(text, ("think", "answer", "correction")) is not None


def is_answer_list(text: str) -> bool:
    """Return whether text is one answer or glue tag that holds a list of pairs.

    Example:
        >>> is_answer_list("<answer>[(12.54, 17.83)]</answer>")
        True
    """
    candidates = [*_either(text, "answer"), *_either(text, "glue")]
    return any(_TUPLES.fullmatch(parts[-1]) for parts in candidates)


def is_time_tag(text: str) -> bool:
    """Return whether text is one time tag that holds [start, end].

    Example:
        >>> is_time_tag("<think>a</think> <time>[5.2, 10.4]</time>")
        True
    """
    return any(_ONE_PAIR.fullmatch(parts[-1]) for parts in _either(text, "time"))


def _either(text: str, name: str) -> list[list[str]]:
    with_thinking, alone = section_texts(text, ("think", name)), section_texts(text, (name,))
    return [parts for parts in (with_thinking, alone) if parts is not None]
