"""Decide whether an answer grounds, refuses, or says neither.

Inside answer tags a sentence without a time refuses, by the paper's rule; a word, a letter or a
lone number does not. Outside them a refusal needs a sign of refusal.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.parsing.cleaning import collapse
from rarft.harness.parsing.cues import has_cue
from rarft.harness.parsing.inability import says_inability, says_unsure
from rarft.harness.parsing.numbers import find_times
from rarft.harness.parsing.spans import Pair, make_spans
from rarft.harness.parsing.tags import without_markup
from rarft.harness.parsing.weighing import outweighs
from rarft.harness.parsing.words import AROUND_TIMES, NONE_WORDS, NOTHING
from rarft.harness.types import Prediction

_FINAL = re.compile(r"\b(?:final\s+)?answer\s*(?:is\b|:)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_TOKENS = re.compile(r"[^\s:,;.\[\](){}\"'=|-]+")
_CLAIMED = re.compile(r"\b(?:happen|occur|start|begin|end|take\s?place|event)s?\b", re.IGNORECASE)
_MIN_WORDS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """The text to decide about.

    `tagged` answers stand in answer tags: there, prose without a time refuses by the paper's rule.
    `original` is the text as the model wrote it, for the explanation; `text` where it is empty.
    """

    text: str
    tagged: bool = False
    duration_s: float | None = None
    original: str = ""


def decide(answer: Answer, pairs: Sequence[Pair], *, reason: str = "") -> Prediction:
    """Return what an answer says, given the pairs of times found in it.

    Args:
        answer: the text and where it stood.
        pairs: times in seconds, in the order of the text.
        reason: why there are no usable times, where the caller knows.

    Example:
        >>> decide(Answer("3.0 to 9.0"), [Pair(3.0, 9.0, 0, 10)]).kind
        'grounded'
        >>> decide(Answer("The query does not match the video."), []).kind
        'refused'
        >>> decide(Answer("hello"), []).kind
        'unparsed'
    """
    pairs = _after_final_marker(answer.text, pairs)
    found = make_spans(pairs, duration_s=answer.duration_s)
    if found.spans and not outweighs(answer.text, pairs):
        return Prediction(kind="grounded", spans=found.spans, flags=found.flags)
    if says_inability(answer.text):
        return Prediction(
            kind="unparsed", reason="inability: the model says it cannot use the video"
        )
    if found.spans or any(pair.is_nowhere for pair in pairs) or _refuses(answer):
        return refused(answer.original or answer.text)
    return Prediction(kind="unparsed", reason=reason or _why_neither(answer.text))


def refused(text: str) -> Prediction:
    r"""Return a refusal explained by `text`, with its tags removed and its whitespace collapsed.

    Example:
        >>> refused(" no such\n event ").explanation
        'no such event'
    """
    return Prediction(kind="refused", explanation=collapse(without_markup(text)))


def is_none_word(text: str) -> bool:
    """Return whether `text` as a whole is one of the ways to write "nothing".

    Example:
        >>> [is_none_word(t) for t in ("None.", " N/A ", "[ ]", "nothing else")]
        [True, True, True, False]
    """
    if len(text) > 200:
        return False
    word = collapse(text).strip("\"'.!:; ").lower()
    if word in NONE_WORDS or word.replace(" ", "") in NONE_WORDS:
        return True
    tokens = _TOKENS.findall(word)
    return not NOTHING.isdisjoint(tokens) and all(
        token in NOTHING or token in AROUND_TIMES for token in tokens
    )


def _after_final_marker(text: str, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Keep only the pairs after the last "answer is" or "answer:" that any pair follows."""
    if len(pairs) < 2:
        return pairs
    marks = [match.end() for match in _FINAL.finditer(text)]
    last = max((mark for mark in marks if mark <= pairs[-1].start), default=0)
    return [pair for pair in pairs if pair.start >= last]


def _refuses(answer: Answer) -> bool:
    text = answer.text
    if is_none_word(text):
        return True
    if says_unsure(text):
        return has_cue(text, "verdict")
    return has_cue(text) or (answer.tagged and _is_sentence(text))


def _is_sentence(text: str) -> bool:
    """Return whether text tells something, and not a time that could not be read as a span."""
    words = [word for word in _WORDS.findall(text) if len(set(word.lower())) > 1]
    telling = [word for word in words if word.lower() not in AROUND_TIMES]
    if len(words) < _MIN_WORDS or len(telling) < 2:
        return False
    times = find_times(text)
    return not times or not (
        _CLAIMED.search(text) or any(time.decimal or not time.bare for time in times)
    )


def _why_neither(text: str) -> str:
    if not text.strip():
        return "empty"
    if says_unsure(text):
        return "unsure: the model says it does not know"
    if find_times(text):
        return "no span: the numbers are no pair of times, and nothing refuses"
    return "no span and no refusal"
