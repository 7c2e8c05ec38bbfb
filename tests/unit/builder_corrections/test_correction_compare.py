import pytest

from rarft.dataset_builder.corrections.compare import Comparison, compare
from rarft.dataset_builder.corrections.originals import Original, Originals, key_of
from rarft.harness.types import Query, Span
from rarft.tasks.overlays import OriginalRow

SOURCE = OriginalRow(file="a.json", row=0, sha256="0" * 64)
CLIP = Span(100.0, 180.0)


def query(text: str, *bounds: float, record: str = "0", query_id: str = "") -> Query:
    spans = (Span(bounds[0], bounds[1]),)
    return Query(
        id=query_id or text,
        task="t",
        video="v.mp4",
        text=text,
        relevant=True,
        record=record,
        spans=spans,
    )


def originals(*stated: tuple[str, list[Span], Span | None]) -> Originals:
    by_key: dict[tuple[str, str], tuple[Original, ...]] = {}
    for text, spans, clip in stated:
        one = Original(video="v", text=text, spans=tuple(spans), clip=clip, source=SOURCE)
        by_key[key_of("v", text)] = (*by_key.get(key_of("v", text), ()), one)
    return Originals(by_key=by_key, rejected=())


def one(query: Query, known: Originals) -> Comparison:
    [compared] = compare([query], known)
    return compared


@pytest.mark.parametrize(
    ("bounds", "found", "reason"),
    [
        ((105.0, 112.0), "same", None),
        ((105.01, 111.99), "same", None),
        ((105.0, 112.03), "wrong", "differs"),
        ((105.0, 192.0), "wrong", "clip_end_added"),
        ((5.0, 92.0), "wrong", "clip_end_added"),
        ((5.0, 12.0), "wrong", "clip_shift"),
        ((205.0, 212.0), "wrong", "clip_shift"),
        ((106.0, 193.0), "wrong", "differs"),
    ],
)
def test_the_way_a_span_in_a_clip_is_wrong_is_told(
    bounds: tuple[float, float], found: str, reason: str | None
) -> None:
    known = originals(("a dog", [Span(105.0, 112.0)], CLIP))
    compared = one(query("a dog", *bounds), known)
    assert (compared.found, compared.reason) == (found, reason)


def test_a_span_of_another_query_of_the_record_is_told_from_any_other() -> None:
    known = originals(("a dog", [Span(1.0, 2.0)], None), ("a cat", [Span(4.0, 6.0)], None))
    dog, cat = query("a dog", 1.0, 2.0), query("a cat", 1.0, 2.0)
    assert [c.found for c in compare([dog, cat], known)] == ["same", "wrong"]
    assert [c.reason for c in compare([dog, cat], known)] == [None, "other_query"]
    apart = query("a cat", 1.0, 2.0, record="1")
    assert [c.reason for c in compare([dog, apart], known)] == [None, "differs"]


def test_a_window_of_several_is_incomplete_and_another_span_is_wrong() -> None:
    known = originals(("a dog", [Span(1.0, 2.0), Span(5.0, 9.0)], None))
    assert one(query("a dog", 5.0, 9.0), known).reason == "more_windows"
    assert one(query("a dog", 6.0, 9.0), known).reason == "differs"


def test_a_query_stated_twice_is_right_where_it_agrees_with_either() -> None:
    known = originals(("a dog", [Span(1.0, 2.0)], None), ("a dog", [Span(5.0, 9.0)], None))
    assert one(query("a dog", 5.0, 9.0), known).found == "same"
    assert one(query("a dog", 5.0, 8.0), known).found == "ambiguous"


def test_a_known_defect_tells_which_of_two_clips_a_row_was_made_from() -> None:
    known = originals(
        ("a dog", [Span(105.0, 112.0)], CLIP), ("a dog", [Span(305.0, 320.0)], Span(300.0, 390.0))
    )
    compared = one(query("a dog", 305.0, 410.0), known)
    assert compared.reason == "clip_end_added"
    assert compared.original is not None
    assert compared.original.spans == (Span(305.0, 320.0),)


def test_nothing_is_said_of_irrelevant_queries_and_of_those_nobody_knows() -> None:
    known = originals(("a dog", [Span(1.0, 2.0)], None))
    irrelevant = Query(id="x", task="t", video="v", text="a dog", relevant=False, record="0")
    assert list(compare([irrelevant], known)) == []
    assert one(query("a fish", 1.0, 2.0), known).found == "not_found"
