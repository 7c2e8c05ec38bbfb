"""The rules about a rewritten query: changed, fluent, no paraphrase, false of the whole video."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.edit import Edit
from rarft.dataset_builder.verify.edits import is_entailed
from rarft.dataset_builder.verify.limits import Rules
from rarft.harness.audit.refusals import INSTRUCTION
from rarft.harness.audit.words import same_words_key, words_of
from rarft.harness.types import Query

CHECK: Final = "words"
_MARKUP: Final = re.compile(r"[<>{}\[\]|`\n\t\\→=]|\*\*|->|\.\.\.|…")
_NO_QUERY: Final = re.compile(
    r"\b(?:i'm sorry|i am sorry|i cannot|i can't|i won't|as an ai|rewritten|rewrite|irrelevant "
    r"query|negative query|here is|query\s*:)",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.!?]+\s+\S")


def unchanged_finding(candidate: Candidate, query: Query) -> Finding | None:
    """Object to a rewrite in the words of the original."""
    if same_words_key(candidate.text) != same_words_key(query.text):
        return None
    return Finding(reason="unchanged", detail="the words are those of the original", check=CHECK)


def length_finding(text: str, query: Query, rules: Rules) -> Finding | None:
    """Object to what does not read like a query of a fitting length."""
    n_words, n_original = len(words_of(text)), len(words_of(query.text))
    fault = ""
    if not rules.min_query_words <= n_words <= rules.max_query_words:
        fault = f"{n_words} words, expected {rules.min_query_words} to {rules.max_query_words}"
    elif n_words > rules.max_growth * max(n_original, 4):
        fault = f"{n_words} words where the original has {n_original}"
    elif match := _MARKUP.search(text) or INSTRUCTION.search(text):
        fault = f"{match[0]!r} has no place in a query"
    elif match := _NO_QUERY.search(text):
        fault = f"'{match[0]}' is no part of a query"
    elif _n_sentences(text) > _n_sentences(query.text) + 1:
        fault = f"{_n_sentences(text)} sentences"
    elif word := _doubled(text, query.text):
        fault = f"'{word} {word}'"
    if not fault:
        return None
    return Finding(reason="length", detail=f"the query does not read well: {fault}", check=CHECK)


def paraphrase_finding(edits: Sequence[Edit]) -> Finding | None:
    """Object to a rewrite that is true wherever its original is."""
    if any(edit.weight != "weak" for edit in edits):
        return None
    return Finding(
        reason="paraphrase", detail="only other words, or fewer, for the same", check=CHECK
    )


def other_meaning_finding(edits: Sequence[Edit]) -> Finding | None:
    """Object to other words for a relevant query that change what it says.

    Example:
        >>> from rarft.dataset_builder.verify.edits import edits_between
        >>> other_meaning_finding(edits_between("a man shuts a door", "a guy closes a door"))
        >>> other_meaning_finding(edits_between("a man shuts a door", "a man opens a door")).detail
        "'shut' > 'open' changes what it says"
    """
    certain = [edit for edit in edits if edit.weight == "certain"]
    if not certain:
        return None
    detail = f"'{certain[0].shown or '-'}' > '{certain[0].claimed or '-'}' changes what it says"
    return Finding(reason="category", detail=detail, check=CHECK)


def true_elsewhere_finding(candidate: Candidate, others: Sequence[Query]) -> Finding | None:
    """Object to a rewrite that says what another true query of the video says."""
    for other in others:
        if is_entailed(other.text, candidate.text):
            return Finding(
                reason="true_elsewhere",
                detail=f"it follows from the true query {other.id}",
                check=CHECK,
            )
    return None


def span_finding(query: Query, rules: Rules) -> Finding | None:
    """Object to an answer that is empty, or outside of its video or clip."""
    end_s = None if query.duration_s is None else query.duration_s + rules.span_slack_s
    for span in query.spans:
        fault = ""
        if span.duration_s <= 0:
            fault = "is empty"
        elif span.start_s < 0 or (end_s is not None and span.end_s > end_s):
            fault = f"is not inside the video of {query.duration_s} s"
        elif query.clip is not None and not (
            query.clip.start_s - rules.span_slack_s <= span.start_s
            and span.end_s <= query.clip.end_s + rules.span_slack_s
        ):
            fault = f"is not inside the clip of {query.clip.start_s} to {query.clip.end_s} s"
        if fault:
            detail = f"the answer {span.start_s} to {span.end_s} s {fault}"
            return Finding(reason="span", detail=detail, check=CHECK)
    return None


def _n_sentences(text: str) -> int:
    return 1 + len(_SENTENCE_END.findall(text))


def _doubled(text: str, original: str) -> str:
    """Return a word that stands twice in a row where the original has no such pair."""
    known = set(pairwise(words_of(original)))
    for first, second in pairwise(words_of(text)):
        if first == second and not first.isdigit() and (first, second) not in known:
            return first
    return ""
