"""Verification of candidates: rules first, then the models that were named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.processes import mapped
from rarft.dataset_builder.types import Candidate, Finding, Verdict
from rarft.dataset_builder.verify.edits import edits_between
from rarft.dataset_builder.verify.limits import Checks, Rules
from rarft.dataset_builder.verify.plan_rules import plan_findings
from rarft.dataset_builder.verify.query_rules import (
    length_finding,
    paraphrase_finding,
    span_finding,
    true_elsewhere_finding,
    unchanged_finding,
)
from rarft.dataset_builder.verify.refusal_rules import refusal_findings
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.types import Query

GROUP: Final = 512
"""Candidates that are read, and put to the models, at once."""
BATCH_GROUP: Final = 50_000
"""The same where a language model is asked by batches: as many as one batch may hold."""

Found = list[list[Finding] | None]
"""What speaks against each candidate; None where a model has yet to say."""


def verify(
    candidates: Iterable[Candidate], *, rows: VideoQueries, checks: Checks
) -> Iterator[Verdict]:
    """Yield a verdict on each candidate, in order, with all that speaks against it.

    Models see only what the rules let through, a group at a time. A candidate that the budget of
    the language model left unasked, or that waits in a batch, gets no verdict.

    Args:
        candidates: Rewritten queries with their refusals.
        rows: The relevant rows they were made from, and all true queries of their videos.
        checks: The limits of the rules, and the models.

    Raises:
        NotFoundError: a candidate's query is not among the rows.
        UserError: a model cannot be loaded or reached.
    """
    ruled = mapped(
        partial(_ruled, rules=checks.rules, encoder=checks.encoder),
        (_claim(one, rows) for one in candidates),
        n_processes=checks.n_processes,
    )
    n_at_once = BATCH_GROUP if checks.by_batch else GROUP
    while claims := list(islice(ruled, n_at_once)):
        group = [claim.candidate for claim, _ in claims]
        found: Found = [findings for _, findings in claims]
        checks = _ask_models(group, found, rows, checks)
        for candidate, findings in zip(group, found, strict=True):
            if findings is not None:
                yield Verdict(candidate_id=candidate.id, findings=tuple(findings))


def rule_findings(candidate: Candidate, *, rows: VideoQueries, checks: Checks) -> list[Finding]:
    """Return what the rules object to, with no model but the encoder of single words.

    Example:
        >>> from rarft.dataset_builder.types import Origin, Row
        >>> from rarft.harness.types import Query, Span
        >>> query = Query(id="q", task="t", video="v.mp4", text="A man shuts the red door.",
        ...               relevant=True, record="q", spans=(Span(1, 4),), duration_s=9.0)
        >>> origin = Origin(source="mine", split="train", licence="MIT", citation="",
        ...                 redistributable=True)
        >>> rows = VideoQueries([Row(query=query, origin=origin)])
        >>> candidate = Candidate(id="q-1", query_id="q", level="strong", attempt=0,
        ...     categories=("Attribute/AttributeValue",), text="A guy closes the red door.",
        ...     refusal="The door in the video is red, not blue.")
        >>> [finding.reason for finding in rule_findings(candidate, rows=rows, checks=Checks())]
        ['paraphrase']
    """
    return _ruled(_claim(candidate, rows), rules=checks.rules, encoder=checks.encoder)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A candidate, the query it was made from, and the other true queries where that is asked."""

    candidate: Candidate
    query: Query
    others: tuple[Query, ...]


def _claim(candidate: Candidate, rows: VideoQueries) -> _Claim:
    query_id = candidate.query_id
    return _Claim(candidate, rows.row(query_id).query, rows.others(query_id))


def _ruled(claim: _Claim, *, rules: Rules, encoder: str | None) -> list[Finding]:
    candidate, query = claim.candidate, claim.query
    span = span_finding(query, rules)
    found = [span] if span else []
    unchanged = unchanged_finding(candidate, query)
    if unchanged:
        return [*found, unchanged]
    length = length_finding(candidate.text, query, rules)
    if length:
        return [*found, length]
    edits = edits_between(query.text, candidate.text)
    if encoder is not None:
        from rarft.dataset_builder.verify.unknown_words import weighed

        edits = weighed(edits, encoder=encoder)
    paraphrase = paraphrase_finding(edits)
    if paraphrase:
        return [*found, paraphrase]
    elsewhere = true_elsewhere_finding(candidate, claim.others)
    if elsewhere:
        found.append(elsewhere)
    found += plan_findings(candidate, edits)
    return found + refusal_findings(candidate, query, edits, rules)


def _ask_models(
    group: Sequence[Candidate], found: Found, rows: VideoQueries, checks: Checks
) -> Checks:
    """Add what the models object to in what has no finding yet; return what is left to spend."""
    if checks.nli is not None and (left := _sound(found)):
        from rarft.dataset_builder.verify.nli import nli_findings

        _put(found, left, nli_findings([group[at] for at in left], rows=rows, checks=checks))
    if checks.llm is None or not (left := _sound(found)):
        return checks
    from rarft.dataset_builder.verify.llm_verifier import llm_findings

    said, asked = llm_findings([group[at] for at in left], rows=rows, checks=checks)
    _put(found, left, said)
    return _after(checks, asked)


def _sound(found: Found) -> list[int]:
    return [at for at, findings in enumerate(found) if findings == []]


def _put(found: Found, places: Sequence[int], said: Sequence[list[Finding] | None]) -> None:
    for at, findings in zip(places, said, strict=True):
        found[at] = findings


def _after(checks: Checks, asked: Asked) -> Checks:
    """Return the checks with what is left of the budget; that of batches is counted on disk."""
    if checks.llm is None or checks.llm.budget_usd is None or checks.by_batch:
        return checks
    # Once a call did not fit, smaller ones would: the candidates after it are not asked either.
    left_usd = 0.0 if asked.is_over else max(0.0, checks.llm.budget_usd - (asked.usd or 0.0))
    return replace(checks, llm=replace(checks.llm, budget_usd=left_usd))
