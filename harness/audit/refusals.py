"""Checks of reference refusals: what they give away, and what a model should not learn from them.

A refusal that repeats the relevant query rewards a model for naming words that are not in its
question; one that ends in edited words and that query is what was left of an editing prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rarft.harness.audit.words import contains_words, words_of
from rarft.harness.types import Query

MIN_QUERY_WORDS: Final = 3
"""A shorter relevant query can occur in a refusal by chance."""

INSTRUCTION: Final = re.compile(
    r"</?(?:think|answer|correct|correction)>|```|\bjson\b"
    r"|\bas an ai\b|\blanguage model\b|\bthis prompt\b|\bsystem prompt\b"
    r"|\b(?:following|given|above|these) instructions?\b|\binstructions?:"
    r"|\b(?:please|you must|make sure to|be sure to|do not|don't) "
    r"(?:answer|explain|generate|output|provide|respond|return|rewrite|write)\b"
    r"|\b(?:output|respond|reply|answer) (?:only|in the (?:following )?format)\b"
    r"|\b(?:edited|changed|modified|replaced) (?:words?|elements?|query)\s*:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalChecks:
    """Ids of the irrelevant queries whose reference refusal has a fault, in the task's order.

    `n_refusals` counts the refusals that are not empty. A task without any (`n_refusals` 0) has no
    reference to check, so none of its queries counts as empty.
    """

    n_refusals: int
    empty: tuple[str, ...] = ()
    contains_relevant_query: tuple[str, ...] = ()
    ends_in_edits_and_query: tuple[str, ...] = ()
    contains_instructions: tuple[str, ...] = ()


def refusal_checks(queries: Sequence[Query]) -> RefusalChecks:
    """Read every reference refusal of a task.

    Example:
        >>> query = Query(id="1", task="t", video="v", text="We see the opening trailer first.",
        ...               relevant=False, record="1", relevant_query="We see the ending credits.",
        ...               refusal="There is no opening. opening, trailer, first We see the ending "
        ...                       "credits.")
        >>> refusal_checks([query]).ends_in_edits_and_query
        ('1',)
    """
    irrelevant = [query for query in queries if not query.relevant]
    written = [query for query in irrelevant if query.refusal.strip()]
    if not written:
        return RefusalChecks(n_refusals=0)
    return RefusalChecks(
        n_refusals=len(written),
        empty=tuple(query.id for query in irrelevant if not query.refusal.strip()),
        contains_relevant_query=tuple(q.id for q in written if _contains_relevant_query(q)),
        ends_in_edits_and_query=tuple(q.id for q in written if ends_in_edits_and_query(q)),
        contains_instructions=tuple(q.id for q in written if INSTRUCTION.search(q.refusal)),
    )


def ends_in_edits_and_query(query: Query) -> bool:
    """Return whether the refusal ends in the edited words, and then in the relevant query.

    An edited word is in the irrelevant query and not in the relevant one, or the other way round.
    """
    relevant = words_of(query.relevant_query or "")
    refusal = words_of(query.refusal)
    if not relevant or refusal[-len(relevant) :] != relevant:
        return False
    before = refusal[: -len(relevant)]
    edited = set(words_of(query.text)) ^ set(relevant)
    return bool(before) and before[-1] in edited


def _contains_relevant_query(query: Query) -> bool:
    relevant = words_of(query.relevant_query or "")
    return len(relevant) >= MIN_QUERY_WORDS and contains_words(words_of(query.refusal), relevant)
