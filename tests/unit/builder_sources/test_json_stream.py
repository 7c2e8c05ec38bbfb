import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.dataset_builder.sources.json_stream import json_items


class Dribble(io.StringIO):
    """A stream that hands out few characters at once, as a slow disk may."""

    def read(self, size: int | None = -1, /) -> str:
        return super().read(3)


def values(text: str, **options: Any) -> list[Any]:
    return [item.problem or item.value for item in json_items(Dribble(text), **options)]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.lists(ANY_JSON), st.booleans(), st.sampled_from([None, 1]))
def test_a_list_comes_out_as_json_reads_it(
    rows: list[Any], ascii: bool, indent: int | None
) -> None:
    text = json.dumps(rows, ensure_ascii=ascii, indent=indent)
    found = list(json_items(Dribble(text)))
    assert [item.value for item in found] == rows
    assert [item.row for item in found] == list(range(len(rows)))
    assert not any(item.problem for item in found)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), ANY_JSON))
def test_the_members_of_an_object_come_out_with_their_keys(rows: dict[str, Any]) -> None:
    found = {item.key: item.value for item in json_items(Dribble(json.dumps(rows)))}
    assert found == rows


@settings(max_examples=50)
@given(st.text(alphabet='[]{}",:\\ 1a', max_size=30))
def test_no_text_raises_or_goes_on_for_ever(text: str) -> None:
    assert len(list(json_items(Dribble(text)))) <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}, {"a": }, {"a": 3}]', [{"a": 1}, "is no JSON (Expecting value)", {"a": 3}]),
        ('[{"a": "b}"}, {"b": [}, 3]', [{"a": "b}"}, "is no JSON (Expecting value)", 3]),
        ('[{"a": [1}, {"a": 2]', ["is no JSON (Expecting ',' delimiter)"] * 2),
        ("[1, tru, 3]", [1, "is no JSON (Expecting value)", 3]),
        ("[1, 2,]", [1, 2]),
        ("[12345", [12345, "the file ends here, without a closing ]"]),
        ("[1 2]", [1, "got '2', expected a comma; the rest is lost"]),
        ('{"a": 1, "b": , "c": 3}', [1, "is no JSON (Expecting value)", 3]),
        ("7", ["got 7, expected a JSON list or object"]),
        ("", ["got nothing, expected a JSON list or object"]),
    ],
)
def test_a_broken_record_is_named_and_the_others_are_read(text: str, expected: list[Any]) -> None:
    found = values(text)
    assert found == expected


def test_a_file_that_is_cut_keeps_what_came_before() -> None:
    found = values('[{"a": 1}, {"a": [2, 3')
    assert found[0] == {"a": 1}
    assert found[1].endswith("what follows it cannot be read")
    assert len(found) == 2


def test_a_record_nested_too_deeply_costs_itself() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    found = list(json_items(io.StringIO(f"[{deep}, 1]")))
    assert [item.problem for item in found] == ["is nested too deeply", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"version": "2", "n": [0, {"videos": 1}], "videos": [7, 8]}', [7, 8]),
        ('{"version": "2"}', ["got a JSON object without the member videos"]),
        ("[1]", ["got no JSON object, expected one with the member videos"]),
        ('{"a": nul, "videos": [7]}', [7]),
    ],
)
def test_records_inside_a_member_are_found(text: str, expected: list[Any]) -> None:
    assert values(text, inside="videos") == expected
