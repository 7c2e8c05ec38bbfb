"""What every reply says, as the rule reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rarft.harness.judges import rule
from rarft.harness.parsing import Form
from rarft.harness.reply_rows import reply_from_row, row_from_reply
from rarft.harness.stages.judgement_store import (
    Entry,
    JudgementKey,
    JudgementStore,
    basis_digest,
)
from rarft.harness.stages.response_store import Responses
from rarft.harness.types import Judgement, Prediction, Query, Reply, pairs_from_spans

GROUP_ROWS = 4096

Queries = Mapping[JudgementKey, Query]


def answered_replies(
    responses: Responses, queries: Queries
) -> Iterator[tuple[JudgementKey, Query, Reply]]:
    """Yield every query that has a reply, with the reply."""
    for key, query in queries.items():
        row = responses.rows.get(key)
        if row is not None and row["status"] == "ok":
            yield key, query, reply_from_row(row)


def read_by_rule(
    answered: Iterable[tuple[JudgementKey, Query, Reply]], store: JudgementStore, *, form: Form
) -> dict[JudgementKey, Prediction]:
    """Return what each reply says, by the card's declared output form."""
    predictions: dict[JudgementKey, Prediction] = {}
    fresh: list[Entry] = []
    for key, query, reply in answered:
        clip = pairs_from_spans([query.clip] if query.clip else [])
        basis = basis_digest(
            rule.NAME, rule.VERSION, form, query.duration_s, clip, row_from_reply(reply)
        )
        stored = store.get(key, "relevance", basis)
        if stored is not None and isinstance(stored.value, Prediction):
            predictions[key] = stored.value
            continue
        prediction = rule.judge_reply(
            reply, form=form, duration_s=query.duration_s, clip=query.clip
        )
        judgement = Judgement(
            measure="relevance", judge=rule.NAME, version=rule.VERSION, value=prediction
        )
        predictions[key] = prediction
        fresh.append(Entry(key=key, basis=basis, judgement=judgement))
        if len(fresh) == GROUP_ROWS:
            store.put(fresh)
            fresh = []
    store.put(fresh)
    return predictions
