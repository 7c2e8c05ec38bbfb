"""The rows a build ends with, in the order of the source, and what is missing, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.plan import levels_of, unplanned
from rarft.dataset_builder.store import Failure, Missing, PlanKey
from rarft.dataset_builder.types import Candidate, Categorized, Planned, Row
from rarft.harness.types import Query

Chosen = Mapping[PlanKey, Candidate]


class StoredChoice(Mapping[PlanKey, Candidate]):
    """The candidate of each plan, read when it is asked for; memory holds its id."""

    def __init__(self, chosen: Chosen, store: DraftStore) -> None:
        self._ids = {key: one.id for key, one in chosen.items()}
        self._store = store

    def __getitem__(self, key: PlanKey) -> Candidate:
        wanted = self._ids[key]
        return next(one for one in self._store.candidates(key) if one.id == wanted)

    def __contains__(self, key: object) -> bool:
        return key in self._ids

    def __iter__(self) -> Iterator[PlanKey]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def accepted_rows(
    rows: Sequence[Row], chosen: Chosen, paraphrases: Mapping[str, str], config: BuildConfig
) -> Iterator[Row]:
    """Yield each relevant row and then its irrelevant ones, strong first.

    With `n_queries`, only the first so many queries that lack nothing.
    """
    n_yielded = 0
    for number, row in enumerate(rows):
        if config.n_queries is not None and n_yielded == config.n_queries:
            return
        keys: list[PlanKey] = [(row.query.id, level) for level in levels_of(number, config)]
        if config.n_queries is not None and any(key not in chosen for key in keys):
            continue
        n_yielded += 1
        query = relevant_query(row.query, paraphrases.get(row.query.id))
        yield replace(row, query=query)
        for key in keys:
            if key in chosen:
                yield replace(row, query=irrelevant_query(query, chosen[key]))


def relevant_query(query: Query, paraphrase: str | None) -> Query:
    """Return a relevant query as it stands in the set."""
    text = paraphrase or query.text
    return replace(query, text=text, level="original", record=query.id)


def irrelevant_query(query: Query, candidate: Candidate) -> Query:
    """Return the irrelevant query that was made from a relevant one."""
    return replace(
        query,
        id=f"{query.id}-{candidate.level}",
        text=candidate.text,
        relevant=False,
        record=query.id,
        spans=(),
        level=candidate.level,
        categories=candidate.categories,
        refusal=candidate.refusal,
        relevant_query=query.text,
        provenance=f"{query.provenance} rewritten {candidate.id}".strip(),
    )


def missing_queries(
    rows: Sequence[Row],
    plans: Mapping[str, Sequence[Planned]],
    categorized: Mapping[str, Categorized],
    failed: Mapping[str, Failure],
    store: DraftStore,
    chosen: Chosen,
    config: BuildConfig,
) -> Iterator[Missing]:
    """Yield every irrelevant query that should be there and is not, with the reason."""
    yield from unplanned(rows, config, categorized)
    for number, row in enumerate(rows):
        query_id = row.query.id
        if query_id not in categorized:
            failure = failed.get(query_id)
            reason = f"no categories: {failure.reason}" if failure else "not categorized yet"
            for level in levels_of(number, config):
                yield Missing(query_id=query_id, level=level, reason=reason)
        for planned in plans.get(query_id, ()):
            key = query_id, planned.level
            if key not in chosen:
                reason = why_missing(key, store, config)
                yield Missing(query_id=query_id, level=planned.level, reason=reason)


def why_missing(key: PlanKey, store: DraftStore, config: BuildConfig) -> str:
    """Say what became of the candidates of a plan."""
    reasons: Counter[str] = Counter(
        finding.reason for one in store.candidates(key) for finding in store.findings(one)[:1]
    )
    reasons["no usable answer"] += len(store.failures(key))
    tried = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common() if count)
    n_attempts = store.n_attempts(key)
    if store.unverified([key]):
        return f"not finished: {len(store.unverified([key]))} candidates are to be verified"
    if n_attempts < config.max_candidates:
        return f"not finished: {n_attempts} of {config.max_candidates} candidates tried"
    return f"all {n_attempts} candidates of the budget were rejected: {tried}"
