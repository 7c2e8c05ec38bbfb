"""Agreement of annotators, computed by hand, and which rows are exported."""

from collections import Counter
from dataclasses import replace

import pytest

from rarft.dataset_builder.annotate import (
    Annotation,
    Saved,
    agreement_of,
    agreement_record,
    exported_rows,
    span_sets_tiou,
)
from rarft.dataset_builder.annotate.agreement import decisions_of
from rarft.dataset_builder.annotate.agreement_table import agreement_tables
from rarft.dataset_builder.annotate.export import Outcome
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.types import Query, Span

ORIGIN = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)
YES = Annotation(decision="accepted", text="a", relevant=True, spans=(Span(0.0, 4.0),))
NOT = Annotation(decision="accepted", text="a", relevant=False)
REJECT = Annotation(decision="rejected", text="a")


def row(number: int) -> Row:
    query = Query(
        id=str(number), task=TASK, video=f"{number}.mp4", text="a", relevant=True, record="r"
    )
    return Row(query=query, origin=ORIGIN)


def saved(annotator: str, annotation: Annotation, *, at: str = "") -> Saved:
    return Saved(item="", annotator=annotator, version=1, annotation=annotation, saved_at=at)


def both(*pairs: tuple[Annotation, Annotation]) -> list[tuple[Row, list[Saved]]]:
    return [(row(number), [saved("ada", a), saved("bo", b)]) for number, (a, b) in enumerate(pairs)]


def test_decisions_are_compared_on_all_rows_both_decided() -> None:
    # 4 rows: both accept 2, both reject 1, one differs. p_o = 3/4; ada accepts 3/4, bo 2/4:
    # p_e = 3/8 + 1/8 = 1/2, so kappa = 1/2.
    (pair,) = agreement_of(both((YES, YES), (NOT, NOT), (YES, REJECT), (REJECT, REJECT)))
    assert pair.estimates["decision_kappa"].value == pytest.approx(0.5)
    assert pair.estimates["decision_equal"].value == pytest.approx(0.75)
    assert (pair.n_rows["decided"], pair.differ) == (4, ("2",))


def test_relevance_is_compared_where_both_accept() -> None:
    # Of 4 accepted rows one differs: p_o = 3/4, ada says yes 2/4, bo 3/4, p_e = 1/2.
    (pair,) = agreement_of(both((YES, YES), (YES, YES), (NOT, NOT), (NOT, YES), (NOT, REJECT)))
    assert pair.estimates["relevance_kappa"].value == pytest.approx(0.5)
    assert pair.n_rows == {"decided": 5, "accepted": 4, "relevant": 2, "irrelevant": 1}
    assert pair.differ == ("3", "4")


def test_spans_are_compared_where_both_say_relevant() -> None:
    shifted = replace(YES, spans=(Span(2.0, 6.0),))
    (pair,) = agreement_of(both((YES, shifted), (YES, YES), (NOT, shifted)))
    assert pair.estimates["span_tiou"].value == pytest.approx((1 / 3 + 1) / 2)


def test_categories_are_compared_where_both_say_irrelevant() -> None:
    counting = replace(NOT, categories=("Attribute/Counting",))
    two = replace(NOT, categories=("Attribute/Counting", "Action/ActionSequence"))
    (pair,) = agreement_of(both((counting, two), (NOT, NOT), (YES, two)))
    assert pair.estimates["category_jaccard"].value == pytest.approx(0.75)


def test_a_measure_without_rows_is_not_applicable() -> None:
    (pair,) = agreement_of(both((REJECT, REJECT)))
    assert pair.estimates["span_tiou"].value is None
    assert pair.estimates["decision_kappa"].value is None
    assert agreement_record([pair], {})["pairs"][0]["estimates"]["span_tiou"]["value"] is None


def test_rows_that_one_left_open_are_not_compared() -> None:
    assert agreement_of(both((YES, Annotation(text="a", relevant=True)))) == []


def test_three_annotators_are_three_pairs() -> None:
    rows = [(row(0), [saved(name, YES) for name in ("cy", "ada", "bo")])]
    assert [(pair.a, pair.b) for pair in agreement_of(rows)] == [
        ("ada", "bo"),
        ("ada", "cy"),
        ("bo", "cy"),
    ]
    assert decisions_of(rows) == {"ada": 1, "bo": 1, "cy": 1}
    assert len(agreement_tables(agreement_of(rows), decisions_of(rows))) == 4


def test_sets_of_spans_are_compared_by_the_time_they_cover() -> None:
    first = [Span(0.0, 2.0), Span(4.0, 6.0)]
    assert span_sets_tiou(first, [Span(0.0, 6.0)]) == pytest.approx(4 / 6)
    assert span_sets_tiou(first, [Span(2.0, 4.0)]) == 0.0
    assert span_sets_tiou([Span(1.0, 1.0)], [Span(1.0, 1.0)]) == 0.0


def outcome(*annotations: Saved, annotators: tuple[str, ...] = ()) -> tuple[str, list[Row]]:
    counts: Counter[Outcome] = Counter()
    rows = list(exported_rows([(row(0), annotations)], counts=counts, annotators=annotators))
    ((name, n),) = counts.items()
    assert n == 1
    return name, rows


def test_a_row_goes_out_if_all_who_decided_it_accept_it_as_saved_last() -> None:
    later = replace(YES, text="b")
    name, rows = outcome(
        saved("ada", later, at="2"), saved("bo", YES, at="1"), saved("cy", Annotation(text="a"))
    )
    assert (name, rows[0].query.text) == ("accepted", "b")


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ([], "undecided"),
        ([Annotation(text="a")], "undecided"),
        ([REJECT, REJECT], "rejected"),
        ([YES, REJECT], "disagreed"),
        ([YES, NOT], "disagreed"),
    ],
)
def test_a_row_that_stays_behind_is_counted_with_its_reason(
    annotations: list[Annotation], expected: Outcome
) -> None:
    given = [saved(str(number), one) for number, one in enumerate(annotations)]
    assert outcome(*given) == (expected, [])


def test_of_named_annotators_the_first_who_decided_is_followed() -> None:
    given = (saved("ada", YES), saved("bo", REJECT), saved("cy", Annotation(text="a")))
    assert outcome(*given, annotators=("cy", "bo", "ada"))[0] == "rejected"
    assert outcome(*given, annotators=("ada",))[0] == "accepted"
    assert outcome(*given, annotators=("dan",))[0] == "undecided"
