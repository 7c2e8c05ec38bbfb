"""A structured reply that refuses keeps the spans that it would have given."""

import json

import pytest

from rarft.harness.parsing import parse_reply, parse_structured
from rarft.harness.types import Reply, Span

SPAN = Span(3.0, 9.0)


def test_the_spans_of_a_refusal_are_candidates() -> None:
    prediction = parse_structured(Reply(relevant=False, spans=(SPAN,), relevance_score=0.2))
    assert (prediction.kind, prediction.spans, prediction.candidates) == ("refused", (), (SPAN,))


def test_a_grounded_reply_has_no_candidates_beside_its_spans() -> None:
    prediction = parse_structured(Reply(relevant=True, spans=(SPAN,)))
    assert (prediction.spans, prediction.candidates) == ((SPAN,), ())


@pytest.mark.parametrize(
    ("fields", "kind", "candidates"),
    [
        ({"relevant": False, "spans": [[3, 9]]}, "refused", (SPAN,)),
        ({"relevance_score": 0.2, "windows": [[3, 9, 0.7], [1, 2]]}, "refused", (SPAN, Span(1, 2))),
        ({"relevance_score": 0.2, "threshold": 0.1, "windows": [[3, 9]]}, "grounded", ()),
        ({"relevant": False, "spans": [[9, 3]]}, "refused", (SPAN,)),
        ({"relevant": False, "spans": []}, "refused", ()),
        ({"relevant": False}, "refused", ()),
    ],
)
def test_a_json_reply_that_refuses_keeps_its_spans(
    fields: dict[str, object], kind: str, candidates: tuple[Span, ...]
) -> None:
    prediction = parse_reply(json.dumps(fields), form="structured")
    assert (prediction.kind, prediction.candidates) == (kind, candidates)
