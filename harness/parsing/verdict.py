"""Decide whether an answer grounds, refuses, or says neither.

Where an answer holds both times and signs of refusal, the first of two things counts: a claim (a
bare time range, or one said to be the event, the answer, the relevant segment) or a verdict on the
query. Times that only describe what else is seen never outweigh a verdict.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rarft.harness.parsing.cleaning import collapse
from rarft.harness.parsing.cues import Cue, find_cues
from rarft.harness.parsing.inability import says_inability, says_unsure
from rarft.harness.parsing.numbers import find_times
from rarft.harness.parsing.pairs import is_only_times
from rarft.harness.parsing.spans import Pair, make_spans
from rarft.harness.parsing.tags import without_markup
from rarft.harness.parsing.words import NONE_WORDS
from rarft.harness.types import Prediction

_MAX_CHARS = 20_000
_CLAIM = re.compile(
    r"\b(?:events?|happens?|happening|occurs?|occurring|takes?\splace|answer|relevant\s(?:segment|moment"
    r"|part|portion|clip)|query\sis|matches|matching|corresponds|described|timestamps?|time\s(?:range"
    r"|period|interval|span)|best\smatch|located)\b",
    re.IGNORECASE,
)
_YES = re.compile(r"^\W*yes\b", re.IGNORECASE)
_BREAK = re.compile(r"[!?;\n]|\.(?!\d)|,?\s(?:but|however|yet|although|though|whereas)\b")
_SENTENCE_END = re.compile(r"[!?;\n]|\.(?!\d)")
_SUBORDINATE = re.compile(
    r"\b(?:who|whose|which|that|while|when|where|although|though|as|because|since|if|until|with|by"
    r"|after|before)\b[^.;!?\n]*\Z",
    re.IGNORECASE,
)
_CONCESSION = re.compile(
    r"\b(?:although|though|while|whereas|even\sif)\b[^.;!?\n]*\Z", re.IGNORECASE
)
_PASSING = re.compile(
    r"\bnot?\s(?:until|before|only|just)\b|\b(?:not|n['’]t)\s(?:\w+\s){0,3}(?:until|before)\b"
    r"|\bno\s(?:doubt|longer)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?<!\w)([\"“‘'])(?=\S)[^\"“”\n]{1,300}?(?<=\S)[\"”’'](?!\w)")
_FINAL = re.compile(r"\b(?:final\s+)?answer\s*(?:is\b|:)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}")


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
    if found.spans and not _outweighed(answer.text, pairs):
        return Prediction(kind="grounded", spans=found.spans, flags=found.flags)
    if says_inability(_window(answer.text)):
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
    return word in NONE_WORDS or word.replace(" ", "") in NONE_WORDS


def _after_final_marker(text: str, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Keep only the pairs after the last "answer is" or "answer:" that any pair follows."""
    if len(pairs) < 2:
        return pairs
    marks = [match.end() for match in _FINAL.finditer(text)]
    last = max((mark for mark in marks if mark <= pairs[-1].start), default=0)
    return [pair for pair in pairs if pair.start >= last]


def _window(text: str) -> str:
    """Return the head and tail of a text too long to be an answer, so that cues cost little."""
    if len(text) <= _MAX_CHARS:
        return text
    return text[: _MAX_CHARS // 2] + "\n" + text[-_MAX_CHARS // 2 :]


def _outweighed(text: str, pairs: Sequence[Pair]) -> bool:
    """Return whether the signs of refusal outweigh the times of the same answer."""
    head = text[:_MAX_CHARS]
    quiet = _QUOTED.sub(lambda match: " " * len(match[0]), head)
    cues = [cue for cue in find_cues(quiet) if not _in_passing(quiet, cue)]
    claims = [pair.start for pair in pairs if _is_claim(quiet, pair)]
    if _YES.match(quiet):
        claims.append(0)
    if not claims:
        return any(c.strength == "verdict" or _is_main_remark(quiet, c) for c in cues)
    verdicts = [
        cue.start for cue in cues if cue.strength == "verdict" and not _conceded(quiet, cue)
    ]
    return bool(verdicts) and min(verdicts) < min(claims)


def _is_claim(text: str, pair: Pair) -> bool:
    """Return whether a pair is offered as the answer, and not as a description."""
    begin = _clause_start(text, pair.start)
    ending = _SENTENCE_END.search(text, pair.end)
    clause = text[begin : ending.start() if ending else len(text)]
    if is_only_times(clause, find_times(clause)):
        return True
    return bool(_CLAIM.search(text, begin, pair.start))


def _clause_start(text: str, position: int) -> int:
    start = max(0, position - 400)
    for match in _BREAK.finditer(text, start, position):
        start = match.end()
    return start


def _in_passing(text: str, cue: Cue) -> bool:
    return bool(_PASSING.search(text, cue.start, min(len(text), cue.end + 12)))


def _conceded(text: str, cue: Cue) -> bool:
    return bool(_CONCESSION.search(text, _clause_start(text, cue.start), cue.start)) or bool(
        re.search(
            r"(?:although|though)\s\Z", text[max(0, cue.start - 10) : cue.start], re.IGNORECASE
        )
    )


def _is_main_remark(text: str, cue: Cue) -> bool:
    """Return whether a negation stands in a main clause, so that it denies the event itself."""
    if cue.strength != "remark":
        return False
    return not _SUBORDINATE.search(text, _clause_start(text, cue.start), cue.start)


def _refuses(answer: Answer) -> bool:
    text = _window(answer.text)
    if is_none_word(text):
        return True
    if says_unsure(text):
        return any(cue.strength == "verdict" for cue in find_cues(text))
    if find_cues(text):
        return True
    return answer.tagged and len(_WORDS.findall(text)) >= 4


def _why_neither(text: str) -> str:
    if not text.strip():
        return "empty"
    if says_unsure(_window(text)):
        return "unsure: the model says it does not know"
    if find_times(_window(text)):
        return "no span: the numbers are no pair of times, and nothing refuses"
    return "no span and no refusal"
