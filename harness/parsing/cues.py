"""The words that say "no such segment", and the words that say "I cannot see videos".

A `verdict` cue is about the query, the video or the event and refuses by itself. A `remark` cue is
a negation about anything else: it refuses only where no time is claimed. A `hint` is a contrast
such as "rather than": it refuses only where there is no time at all.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Strength = Literal["verdict", "remark", "hint"]

_NOT = (
    r"(?:does\s?n[o']t|does\snot|doesn’t|do\snot|don['’]t|did\snot|didn['’]t|is\snot|isn['’]t"
    r"|are\snot|aren['’]t|was\snot|wasn['’]t|were\snot|weren['’]t|has\snot|have\snot|had\snot"
    r"|cannot|can\snot|can['’]t|could\snot|couldn['’]t|never|fails?\sto|failed\sto|not)"
)
_GAP = r"[^.!?;\n]{0,60}?"
_VIDEO = (
    r"(?:videos?|footage|clips?|segments?|materials?|recordings?|film|scenes?|frames?|content"
    r"|shots?|visuals?)"
)
_QUERY = (
    r"(?:query|queries|descriptions?|requests?|sentence|statement|prompt|text|question|events?"
    r"|actions?|activity|scenario|moment|it|there)"
)
_SHOW = (
    r"(?:contain|show|depict|include|feature|have|display|present|provide|match|align|correspond"
    r"|involve|capture|support|reveal|portray|mention|satisfy|illustrate|exhibit|fit|offer|cover"
    r"|appear\sto\s(?:contain|show|depict|include|match))"
)
_HOLD = (
    r"(?:match|align|correspond|appear|occur|happen|exist|present|depicted|shown|seen|found|visible"
    r"|takes?\splace|taking\splace|taken\splace|supported|relevant|related|contained|located"
    r"|grounded|consistent|appropriate|accurate|correct|describe|fit|reflect|apply|applicable"
    r"|in\sthe\svideo|in\sthis\svideo|part\sof|represent|included|featured|displayed|captured"
    r"|observed|detected|answerable|compatible|satisf)"
)
# A verb that ends in -s is not the one denied: "the event 'he is not here' happens from 3 to 9".
_BASE = r"(?!e?s\b)"
_EVENTS = (
    r"(?:such|relevant|matching|corresponding|suitable|appropriate|clear|explicit|specific|valid"
    r"|part|portion|parts|segments?|events?|scenes?|moments?|evidence|intervals?|instances?|footage"
    r"|clips?|mention|indication|sign|timestamps?|time\srange|shots?|frames?|match|section|answer"
    r"|point\sin|occurrence|span)"
)

_VERDICTS: Final = (
    rf"\b{_VIDEO}\b{_GAP}\b{_NOT}\s(?:\w+\s){{0,3}}?{_SHOW}{_BASE}",
    rf"\b{_VIDEO}\b{_GAP}\bnever\s(?:\w+\s){{0,2}}?{_SHOW}",
    rf"\b{_QUERY}\b{_GAP}\bnever\s(?:\w+\s){{0,2}}?{_HOLD}",
    rf"\b{_QUERY}\b{_GAP}\b{_NOT}\s(?:\w+\s){{0,4}}?{_HOLD}{_BASE}",
    rf"\b{_QUERY}\b{_GAP}\b{_NOT}\s(?:\w+\s){{0,3}}?(?:be\s){_HOLD}",
    rf"\b(?:no|not\sany|n['o’]t\sany|without\sany|zero)\s(?:\w+\s){{0,2}}?{_EVENTS}\b"
    rf"(?!\s(?:else|other|later|longer))",
    r"\b(?:mis-?match\w*|inconsisten\w*|discrepan\w*|incompatib\w*|contradict\w*|unanswerable)",
    r"\bconflicts?\swith\b|\bin\sconflict\b|\bunsupported\b|\bnot\sapplicable\b",
    r"\b(?:is|are|seems?|appears?|be|was|were|completely|entirely|totally|clearly)\s(?:\w+\s){0,2}?"
    r"(?:irrelevant|unrelated|inappropriate|inaccurate|nonexistent|non-existent|incorrect"
    r"|impossible)\b",
    r"\b(?:irrelevant|unrelated)\s(?:to|query|video)\b|^\W*(?:irrelevant|unrelated|refus\w+)\b",
    r"\bnot\s(?:\w+\s)?(?:relevant|related|found|present|answerable|appropriate|supported|depicted"
    r"|shown|visible|available\sin)\b",
    r"\b(?:cannot|can\snot|can['’]t|could\snot|couldn['’]t|unable\sto|not\sable\sto|failed?\sto"
    r"|did\snot|didn['’]t|do\snot|don['’]t)\s(?:\w+\s){0,2}?"
    r"(?:find|locate|identify|detect|see|observe|pinpoint|ground|spot)\b",
    r"\bcannot\sbe\s(?:\w+\s)?(?:found|located|identified|detected|seen|grounded|answered)\b",
    rf"\bquery\b{_GAP}\b(?:asks?|asked|mentions?|describes?|states?|refers?|specifies|requests?"
    rf"|involves?|requires?|assumes?|claims?|indicates?|looks\sfor)\b[^.!?\n]{{0,160}}?"
    rf"\b(?:but|while|whereas|however|yet|instead|although)\b[^.!?\n]{{0,60}}?"
    rf"\b(?:{_VIDEO}|shows?|shown|depicts?|no|not|nobody)\b",
    rf"\bquery\b{_GAP}\b(?:asks?|mentions?|describes?|states?|refers?|requests?|specifies)\b"
    rf"[^.!?;\n]{{0,160}}?;\s(?:but\s|however,?\s)?(?:the|this)\s{_VIDEO}\b",
    rf"\b(?:but|while|whereas|however|yet|although)\b[^.!?\n]{{0,40}}?\bquery\b{_GAP}"
    rf"\b(?:asks?|asked|mentions?|describes?|states?|refers?|specifies|requests?|involves?"
    rf"|requires?|says|is\sabout|indicates?)\b",
    r"^\W*no(?:\s?[.,;:!\n–—-]|\Z)",
    r"\b(?:answer|result|output|segment|span|timestamps?|interval|time|segments|spans)\s?(?:is|are|:|=)"
    r"\s?(?:no\b|none\b|null\b|n/a\b|nil\b|\[\s?\])",
    r"\bnone\sof\sthe\s(?:segments?|scenes?|clips?|frames?|events?|moments?|parts?)\b",
    r"\bnothing\s(?:in\sthe\svideo\s)?(?:matches|corresponds|relevant|of\sthe\skind)\b",
    r"\bno\s(?:\w+\s){1,4}?(?:is|are|was|were|can\sbe)\s(?:\w+\s)?(?:shown|visible|seen|present"
    r"|found|depicted|detected|featured|displayed|observed)\b",
    r"\bnowhere\sto\sbe\s(?:seen|found)\b|\bneither\b[^.!?\n]{0,80}?\bnor\b",
    r"\bfalse\spremise\b|\bquery\s(?:should|must)\sbe\s(?:refused|rejected)\b|\bi\srefuse\b",
)
_REMARKS: Final = (
    r"\b(?:nobody|no\sone|no-one|none\sof|nothing)\b(?!\selse)",
    r"\b(?:there\s(?:is|are|was|were)|there['’]s|contains?|shows?|has|have|with|features?|includes?"
    r"|depicts?)\sno\b(?!\s(?:one\selse|other|longer|doubt|more|less))",
    r"\b(?:does|do|did|is|are|was|were|has|have|had|could|would|can)(?:\snot|n['’]t)\b"
    r"|\bcannot\b|\bnever\b",
    r"(?:^|(?<=[.;:!?\n]))\s{0,3}no\s(?!doubt|longer|more|less|later|one\selse)\w+",
    r"\b(?:absent|missing|lacks?|lacking)\b",
    rf"\b{_VIDEO}\b{_GAP}\b(?:shows?|depicts?|displays?|features?|presents?)\b[^.!?;\n]{{0,100}}?"
    r"(?:\brather\sthan\b|\binstead\sof\b|,\snot\s)",
)
_HINTS: Final = (
    r"\b(?:rather\sthan|instead\sof|instead|as\sopposed\sto|contrary|opposite|reversed|differs?"
    r"|differing|different\sfrom|wrong|without|false)\b",
    r",\snot\b|\bnot\s(?:an?|the|in|on|at|with|by|from|for|any|his|her|their)\b",
    r"^\W*no\s\w+",
    r"\b(?:while|whereas|but)\b[^.!?\n]{0,60}\b(?:query|video|clip|footage)\b",
)


def _compile(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_TABLE: Final[dict[Strength, re.Pattern[str]]] = {
    "verdict": _compile(_VERDICTS),
    "remark": _compile(_REMARKS),
    "hint": _compile(_HINTS),
}
_HARMLESS: Final = re.compile(
    r"\bnot\s(?:until|only|because|just)\b|\b(?:nobody|no\s(?:one|\w+))\s(?:other|else)\sthan\b"
    r"|\bnothing\s(?:else|more|happens\s(?:before|until))\b",
    re.IGNORECASE,
)
"""Negations that refuse nothing: "it is not until 5.0 that", "no person other than"."""
_CHEAPEST_FIRST: Final[tuple[Strength, ...]] = ("hint", "remark", "verdict")


@dataclass(frozen=True, slots=True)
class Cue:
    """One sign of refusal: how strong it is, and the characters it takes."""

    strength: Strength
    start: int
    end: int


def find_cues(text: str) -> list[Cue]:
    """Return the signs of refusal in `text`, in the order of the text within each strength.

    Example:
        >>> [cue.strength for cue in find_cues("The query does not match the video.")]
        ['verdict', 'remark']
        >>> find_cues("The event happens in 3.0 - 9.0 seconds.")
        []
    """
    searched = _without_harmless(text)
    return [
        Cue(strength, match.start(), match.end())
        for strength, pattern in _TABLE.items()
        for match in pattern.finditer(searched)
    ]


def has_cue(text: str, *strengths: Strength) -> bool:
    """Return whether `text` holds a sign of refusal, of any strength unless some are named.

    Example:
        >>> has_cue("No dog is shown."), has_cue("A man sits.")
        (True, False)
    """
    searched = _without_harmless(text)
    return any(_TABLE[strength].search(searched) for strength in strengths or _CHEAPEST_FIRST)


def _without_harmless(text: str) -> str:
    """Blank out harmless negations; what follows keeps its place."""
    return _HARMLESS.sub(lambda match: "_" * len(match.group()), text)
