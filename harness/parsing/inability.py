"""Tell "I cannot watch videos" from "I cannot find the event": only the second is a refusal."""

import re
from typing import Final

_CANNOT = (
    r"(?:can(?:not|['’]t|\snot)|could(?:\snot|n['’]t)|(?:am|['’]m|is|are|was)?\s?(?:unable|not\sable)\sto"
    r"|do(?:es)?(?:\snot|n['’]t)\shave\s(?:the\s)?(?:\w+\s)?(?:ability|capability|access|capacity)(?:\sto)?"
    r"|(?:am|['’]m)?\s?(?:not\scapable\sof|incapable\sof)|lack\sthe\s(?:ability|capability)\sto)"
)
_PERSON = r"(?:\bi|\bwe|\bthe\s(?:model|assistant|system)|\bsorry|^\W*)"
_VERB = (
    r"(?:(?:watch|view|access|process|open|play|see|analy[sz]e|interpret|receive|load|read|perceive"
    r"|handle|examine|directly|actually|currently|or|and|to|physically)(?:ing)?\s){1,5}"
)
_OBJECT = (
    r"(?:(?:the|any|this|that|these|your|an?|provided|actual|attached|uploaded|visual|content|of|or"
    r"|and|in|real|external|images?|directly)\s){0,5}"
    r"(?:videos?|images?|media|visual\w*|footage|files?|attachments?|links?|content|clips?|frames)\b"
)
_PATTERNS: Final = (
    rf"{_PERSON}[^.!?\n]{{0,40}}?{_CANNOT}\s{_VERB}{_OBJECT}",
    rf"{_PERSON}[^.!?\n]{{0,40}}?{_CANNOT}\s(?:videos?|images?|visual)",
    rf"\bas\san?\s(?:ai|artificial|large|language|text)\b[^.!?\n]{{0,80}}?{_CANNOT}",
    rf"{_PERSON}[^.!?\n]{{0,40}}?{_CANNOT}\s(?:\w+\s){{0,2}}?"
    r"(?:assist|help|comply|fulfil+|answer|complete|continue|do\sthat|respond)\b",
    r"\b(?:no|any)\svideos?\s(?:\w+\s){0,3}?(?:provided|attached|uploaded|given|available|received"
    r"|supplied|included|input)\b",
    r"\bvideos?\s(?:was|were|is|has|have|did)(?:\snot|n['’]t)\s(?:\w+\s){0,2}?(?:provided|attached"
    r"|uploaded|given|received|supplied|load|loaded)\b",
    r"\byou\s(?:have\snot|haven['’]t|did\snot|didn['’]t)\s(?:\w+\s){0,2}?(?:provide|upload|attach"
    r"|share|sen[dt])",
    r"\bvideos?\s(?:cannot|can\snot|can['’]t)\sbe\s(?:viewed|watched|processed|accessed|opened)",
    r"\bplease\s(?:provide|upload|share|attach|send|supply)\s(?:\w+\s){0,3}?(?:video|link|file|clip)",
    r"\b(?:there\sis\sno|(?:do\snot|don['’]t)\s(?:see|have))\s(?:an?\s|any\s|the\s)?(?:attached\s)?"
    r"(?:video|access)(?=\s?(?:$|[.,!;]|to\b|attached|file|here|in\sour|in\sthis\sc))",
)
_INABILITY = re.compile("|".join(f"(?:{p})" for p in _PATTERNS), re.IGNORECASE)
# Nine refusals in ten hold none of these words, and searching them all costs more than the rest.
_WORTH_A_LOOK = re.compile(
    r"can['’n\s]|could|able|ability|lack|provide|attach|upload|please|\bhave|load|given|received"
    r"|supplied|share|sen[dt]|see|included|available|input",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:not\s(?:\w+\s)?(?:sure|certain)|(?:do\snot|don['’]t)\s(?:know|understand)|unsure|uncertain"
    r"|no\sidea)\b",
    re.IGNORECASE,
)


def says_inability(text: str) -> bool:
    """Return whether the model says that it cannot watch the video or will not help.

    Example:
        >>> says_inability("I'm sorry, but I cannot watch videos.")
        True
        >>> says_inability("I'm sorry, but I cannot find the event in the video.")
        False
    """
    return bool(_WORTH_A_LOOK.search(text) and _INABILITY.search(text))


def says_unsure(text: str) -> bool:
    """Return whether the model says that it does not know.

    Example:
        >>> says_unsure("I am not sure.")
        True
    """
    return bool(_UNSURE.search(text))
