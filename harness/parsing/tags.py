"""Find <think>, <answer>, <correction>, <time> and <glue> in any case, order and state of repair.

One pass over the tags: a section runs to its closing tag, or to the next section where the closing
tag is missing. Thinking is cut out first, so nothing inside it is ever read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_NAMES: Final = {
    "think": "think",
    "thinking": "think",
    "thought": "think",
    "answer": "answer",
    "correct": "correction",
    "correction": "correction",
    "time": "time",
    "glue": "glue",
}
_TAG = re.compile(
    r"<\s{0,8}(/?)\s{0,8}(think|thinking|thought|answer|correct|correction|time|glue)"
    r"(?:\s[^<>]{0,200})?\s{0,8}(/?)\s{0,8}>",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"</?\s{0,4}[A-Za-z][\w-]{0,30}(?:\s[^<>]{0,100})?/?>")
_ENDS = {
    "answer": ("answer", "correction"),
    "correction": ("answer", "correction"),
    "time": ("answer", "correction", "time", "glue"),
    "glue": ("answer", "correction", "time", "glue"),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: its canonical name, whether it closes, its characters, and its exact text."""

    name: str
    closes: bool
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between an opening tag and its end; `closed` is False when a tag is missing."""

    name: str
    text: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Visible:
    """A reply without its thinking."""

    text: str
    had_thinking: bool
    think_closed: bool


def iterate_tags(text: str) -> Iterator[Tag]:
    """Yield every known tag of `text`, in order.

    Example:
        >>> [(tag.name, tag.closes) for tag in iterate_tags("< Answer >3</CORRECT>")]
        [('answer', False), ('correction', True)]
    """
    for m in _TAG.finditer(text):
        yield Tag(_NAMES[m[2].lower()], bool(m[1] or m[3]), m.start(), m.end(), m[0])


def cut_thinking(text: str) -> Visible:
    """Remove every <think> block.

    A block that never closes ends at the first answer, time or glue tag after it, or at the end of
    the text. A closing tag without an opening one (the template opened it) hides what stands before
    it, unless the last answer stands there.

    Example:
        >>> cut_thinking("<think>3 to 5</think><answer>6 to 7</answer>").text
        ' <answer>6 to 7</answer>'
        >>> cut_thinking("<think>3 to 5, so 6 to").text
        '  '
    """
    tags = list(iterate_tags(text))
    if not any(tag.name == "think" for tag in tags):
        return Visible(text, had_thinking=False, think_closed=True)
    last_answer = max((t.start for t in tags if t.name == "answer" and not t.closes), default=-1)
    kept: list[str] = []
    cursor, opened, closed = 0, None, True
    for tag in tags:
        if tag.name != "think":
            continue
        if not tag.closes and opened is None:
            kept.append(text[cursor : tag.start])
            opened = tag
        elif tag.closes and opened is not None:
            cursor, opened = tag.end, None
        elif tag.closes:
            if last_answer < tag.start and last_answer >= 0:
                kept.append(text[cursor : tag.start])
            else:
                kept.clear()
            cursor, closed = tag.end, False
    if opened is None:
        kept.append(text[cursor:])
        return Visible(" ".join(kept), had_thinking=True, think_closed=closed)
    resume = next(
        (t for t in tags if t.start > opened.start and t.name in _ENDS and not t.closes), None
    )
    kept.append(text[resume.start :] if resume else "")
    return Visible(" ".join([*kept, ""]), had_thinking=True, think_closed=False)


def find_sections(text: str) -> list[Section]:
    """Return the answer, correction, time and glue sections of text without thinking, in order.

    Example:
        >>> find_sections("<answer>3 to 5<correct>NIL</correct>")[0]
        Section(name='answer', text='3 to 5', closed=False)
    """
    tags = [tag for tag in iterate_tags(text) if tag.name != "think"]
    return [*_headless(text, tags), *_opened(text, tags)]


def _opened(text: str, tags: list[Tag]) -> list[Section]:
    ends = _next_end(tags, len(text))
    return [
        Section(tag.name, text[tag.end : ends[i][0]], ends[i][1])
        for i, tag in enumerate(tags)
        if not tag.closes
    ]


def _next_end(tags: list[Tag], length: int) -> dict[int, tuple[int, bool]]:
    """Map the index of each opening tag to where its section ends and whether a tag closes it."""
    ends: dict[int, tuple[int, bool]] = {}
    following: dict[str, Tag] = {}
    for i in range(len(tags) - 1, -1, -1):
        tag = tags[i]
        if not tag.closes:
            stops = [following[name] for name in _ENDS[tag.name] if name in following]
            stop = min(stops, key=lambda t: t.start, default=None)
            closed = stop is not None and stop.closes and stop.name == tag.name
            ends[i] = (stop.start if stop else length, closed)
        following[tag.name] = tag
    return ends


def _headless(text: str, tags: list[Tag]) -> list[Section]:
    """Return the text before a first `</answer>` that nothing opened."""
    if not tags or tags[0].name != "answer" or not tags[0].closes:
        return []
    return [Section("answer", text[: tags[0].start], closed=False)]


def without_markup(text: str) -> str:
    """Replace every tag by a space.

    Example:
        >>> without_markup("<timestep>3 to 5</timestep> a man <b>sits</b>")
        ' 3 to 5  a man  sits '
    """
    return _MARKUP.sub(" ", text)


def without_sections(text: str) -> str:
    """Return the text that stands outside correction sections, without markup.

    Example:
        >>> without_sections("No such event.<correction>a man sits</correction>")
        'No such event. '
    """
    tags = [tag for tag in iterate_tags(text) if tag.name != "think"]
    ends = _next_end(tags, len(text))
    kept, cursor = [], 0
    for i, tag in enumerate(tags):
        if tag.name == "correction" and not tag.closes and tag.start >= cursor:
            kept.append(text[cursor : tag.start])
            cursor = ends[i][0]
    kept.append(text[cursor:])
    return without_markup("".join(kept))
