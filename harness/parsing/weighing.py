"""Weigh the times of an answer against its signs of refusal.

The first of two things counts: a claim (a bare time range, or one said to be the event, the answer,
the relevant segment) or a verdict on the query. Times that only describe what else is seen never
outweigh a verdict, nor a negation in a main clause of its own.
"""

import re
from collections.abc import Sequence
from itertools import islice

from rarft.harness.parsing.cues import Cue, find_cues
from rarft.harness.parsing.joins import is_only_times
from rarft.harness.parsing.numbers import find_times
from rarft.harness.parsing.spans import Pair

_MAX_PAIRS = 50
_REACH = 400
_CLAIM = re.compile(
    r"\b(?:events?|happens?|happening|occurs?|occurring|takes?\splace|answer|query\sis|matches"
    r"|relevant\s(?:segment|moment|part|portion|clip)|matching|corresponds|described|timestamps?"
    r"|time\s(?:range|period|interval|span)|best\smatch|located)\b",
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
_OBJECT_REMARK = re.compile(r"\w{1,8}(?:\snot|n['’]t)|cannot|never|nothing", re.IGNORECASE)
_QUOTED = re.compile(r"(?<!\w)[\"“‘'](?=\S)[^\"“”\n]{1,300}?(?<=\S)[\"”’'](?!\w)")
_LETTER = re.compile(r"[^\W\d_]")
_AFTER_ANSWER = re.compile(r"\s{0,3}(?:s|secs?|seconds?)?\s{0,3}(?:[(,.;:\-–—\n]|\Z)")


def outweighs(text: str, pairs: Sequence[Pair]) -> bool:
    """Return whether the signs of refusal in `text` outweigh the times in it.

    Example:
        >>> outweighs("No dog is shown; from 3 to 9 s a cat sleeps.", [Pair(3.0, 9.0, 22, 30)])
        True
        >>> outweighs("From 3 to 9 s a man sits without moving.", [Pair(3.0, 9.0, 5, 13)])
        False
    """
    quiet = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    cues = [cue for cue in find_cues(quiet) if not _in_passing(quiet, cue)]
    if not cues:
        return False
    claims = [pair.start for pair in islice(pairs, _MAX_PAIRS) if _is_claim(quiet, pair)]
    if _YES.match(quiet):
        claims.append(0)
    if not claims:
        return any(_denies(quiet, cue, pairs) for cue in cues)
    verdicts = [cue.start for cue in cues if cue.strength == "verdict"]
    return any(start < min(claims) and not _conceded(quiet, start) for start in verdicts)


def _is_claim(text: str, pair: Pair) -> bool:
    """Return whether a pair is offered as the answer, and not as a description."""
    if not _LETTER.search(text, 0, pair.start) and _AFTER_ANSWER.match(text, pair.end):
        return True
    begin = _clause_start(text, pair.start)
    ending = _SENTENCE_END.search(text, pair.end, pair.end + _REACH)
    clause = text[begin : ending.start() if ending else pair.end + _REACH]
    if is_only_times(clause, find_times(clause)):
        return True
    return bool(_CLAIM.search(text, begin, pair.start))


def _clause_start(text: str, position: int) -> int:
    start = max(0, position - _REACH)
    for match in _BREAK.finditer(text, start, position):
        start = match.end()
    return start


def _in_passing(text: str, cue: Cue) -> bool:
    return bool(_PASSING.search(text, cue.start, min(len(text), cue.end + 40)))


def _conceded(text: str, position: int) -> bool:
    """Return whether "although" opens the clause: the claim that follows is the main clause."""
    begin = max(0, position - _REACH)
    return bool(_CONCESSION.search(text, begin, position))


def _denies(text: str, cue: Cue, pairs: Sequence[Pair]) -> bool:
    """Return whether a cue denies the event, where the times of the text only describe."""
    if cue.strength != "remark":
        return cue.strength == "verdict"
    if _SUBORDINATE.search(text, _clause_start(text, cue.start), cue.start):
        return False
    if not _OBJECT_REMARK.fullmatch(text, cue.start, cue.end):
        return True
    described = next((pair.start for pair in pairs if pair.start >= cue.end), None)
    return described is None or bool(_BREAK.search(text, cue.end, described))
