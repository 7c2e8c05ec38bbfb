"""The rules about a refusal: it denies, names what does not fit, and gives nothing away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.edit import Edit
from rarft.dataset_builder.verify.lexicon import base_form, lexicon
from rarft.dataset_builder.verify.limits import Rules
from rarft.dataset_builder.verify.tokens import Token, tokens_of
from rarft.harness.audit.refusals import INSTRUCTION
from rarft.harness.audit.words import contains_words, words_of
from rarft.harness.judges.refusal_sentences import sentences
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Query

CHECK: Final = "refusal"
_DENIAL: Final = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|nowhere|hardly|neither|nor|without|"
    r"rather than|instead|whereas|but|while|"
    r"cannot|can't|isn't|doesn't|aren't|wasn't|don't|didn't|mismatch\w*|inconsisten\w*|"
    r"contradict\w*|conflict\w*|absent|absence|missing|lack\w*|fails?|differ\w*|incorrect\w*|"
    r"wrong|unrelated|irrelevant|opposite|other than|only)\b",
    re.IGNORECASE,
)
_TIMES: Final = re.compile(r"\d+(?:\.\d+)?\s*(?:s|sec|seconds)?\s*(?:to|-|–|—|and)\s*\d+(?:\.\d+)?")
_PLAIN: Final = frozenset({"Counting", "Comparison"})
"""Names of categories that are also words of a refusal."""
_NAMES: Final = "|".join(
    {part for path in CATEGORIES for part in (path, path.split("/")[1])} - _PLAIN
)
_TOLD: Final = re.compile(
    rf"</?\w+>|\b(?:{_NAMES})\b|\w+\s*(?:->|→|=>)\s*\w+"
    r"|\b(?:original|relevant|related|source|positive|true) (?:query|queries|caption|sentence)\b"
    r"|\b(?:rewrit\w+|hard[- ]negative|negative query|difficulty|applied categor\w+|the plan\b)"
    r"|\b(?:was|were|been|is) (?:edited|rewritten|replaced|swapped|modified|altered)\b"
    r"|\bI (?:changed|replaced|edited|swapped|modified)\b",
)
_ORDER_WORDS: Final = frozenset(
    [
        "order",
        "before",
        "after",
        "first",
        "then",
        "sequence",
        "earlier",
        "later",
        "follow",
        "start",
        "previously",
        "prior",
        "precede",
        "subsequent",
        "reverse",
        "next",
        "finally",
        "beginning",
        "simultaneously",
        "while",
        "chronology",
    ]
)
_COUNT_WORDS: Final = frozenset(
    [
        "single",
        "multiple",
        "several",
        "number",
        "count",
        "pair",
        "both",
        "only",
        "alone",
        "another",
        "more",
        "fewer",
        "many",
    ]
)
_QUOTED: Final = re.compile(r"[\"“]([^\"“”]+)[\"”]|(?<!\w)['‘]([^'‘’]+)['’](?!\w)|:\s*([^.:]+)")
_STEM: Final = 4


def refusal_findings(
    candidate: Candidate, query: Query, edits: Sequence[Edit], rules: Rules
) -> list[Finding]:
    """Return what is wrong with a refusal."""
    fault = _fault(candidate.refusal, edits, rules)
    leak = _leak(candidate, query, rules)
    found = []
    if fault:
        found.append(Finding(reason="refusal", detail=fault, check=CHECK))
    if leak:
        found.append(Finding(reason="leak", detail=leak, check=CHECK))
    return found


def _fault(refusal: str, edits: Sequence[Edit], rules: Rules) -> str:
    n_words = len(words_of(refusal))
    if not rules.min_refusal_words <= n_words <= rules.max_refusal_words:
        return (
            f"the refusal has {n_words} words, expected {rules.min_refusal_words} to "
            f"{rules.max_refusal_words}"
        )
    if match := _TIMES.search(refusal):
        return f"the refusal gives the times '{match[0]}', which read as an answer"
    if not _DENIAL.search(refusal):
        return "the refusal denies nothing"
    certain = [edit for edit in edits if edit.weight == "certain"]
    said = frozenset(base_form(word) for word in words_of(refusal))
    unnamed = [edit for edit in certain if not _names(said, edit)]
    if 2 * len(unnamed) > len(certain):
        concepts = frozenset(one for token in tokens_of(refusal) for one in token.concepts)
        unnamed = [e for e in unnamed if not any(t.concepts & concepts for t in e.tokens)]
    if 2 * len(unnamed) > len(certain):
        edit = unnamed[0]
        return f"the refusal does not name the mismatch '{edit.shown}' > '{edit.claimed}'"
    return ""


def _names(said: frozenset[str], edit: Edit) -> bool:
    """Return whether a refusal speaks of what an edit changed."""
    kinds = {edit.kind, *(token.kind for token in edit.tokens)}
    if "order" in kinds and said & _ORDER_WORDS:
        return True
    if "number" in kinds and (said & _COUNT_WORDS or _numbers(said)):
        return True
    return any(_speaks_of(said, token) for token in edit.tokens) or not edit.tokens


def _numbers(said: frozenset[str]) -> bool:
    senses = lexicon().senses
    return any(sense.kind == "number" for word in said for sense in senses.get(word, ()))


def _speaks_of(said: frozenset[str], token: Token) -> bool:
    """Return whether a word, one of its synonyms, or another form of it is said."""
    senses = lexicon().senses
    parts = [part for part in token.base.split() if part not in lexicon().weightless]
    for word in said:
        if word in parts or any(_same_stem(word, part) for part in parts):
            return True
        if any(sense.concept in token.concepts for sense in senses.get(word, ())):
            return True
    return False


def _same_stem(word: str, part: str) -> bool:
    return len(part) >= _STEM and len(word) >= _STEM and word[:_STEM] == part[:_STEM]


def _leak(candidate: Candidate, query: Query, rules: Rules) -> str:
    refusal = candidate.refusal
    if match := INSTRUCTION.search(refusal) or _TOLD.search(refusal):
        return f"the refusal repeats what the writer was told: '{match[0]}'"
    if _gives_original(candidate, query, rules):
        return "the refusal repeats the original query"
    edited = set(words_of(candidate.text)) ^ set(words_of(query.text))
    for sentence in sentences(refusal):
        words = words_of(sentence)
        if len(words) > 1 and edited and set(words) <= edited:
            return f"the refusal lists edited words: '{sentence}'"
    return ""


def _gives_original(candidate: Candidate, query: Query, rules: Rules) -> bool:
    """Return whether the original stands by itself, in quotes, at the end, or is long.

    That "the video shows a man holding a cup, not a bag" has the words of "a man holding a cup" is
    no leak: it is what a model that watches would say.
    """
    original = words_of(query.text)
    if not contains_words(words_of(candidate.refusal), original):
        return False
    if len(original) >= rules.min_leaked_words:
        return True
    if len(original) > 1 and any(words_of(one) == original for one in _quoted(candidate.refusal)):
        return True
    if any(words_of(sentence) == original for sentence in sentences(candidate.refusal)):
        return True
    tail = words_of(candidate.refusal)
    before = tail[: -len(original)] if tail[-len(original) :] == original else ()
    edited = set(words_of(candidate.text)) ^ set(original)
    return bool(before) and before[-1] in edited


def _quoted(text: str) -> list[str]:
    return [part for match in _QUOTED.findall(text) for part in match if part]
