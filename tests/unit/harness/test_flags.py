import pytest

from rarft.harness.errors import UserError
from rarft.harness.flags import parse_batch_size, parse_limit, parse_object, parse_pairs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a=1", {"a": 1}),
        ("a=1.5,b=x,c=True,d=none", {"a": 1.5, "b": "x", "c": True, "d": None}),
        ("path=runs/a=b.jsonl", {"path": "runs/a=b.jsonl"}),
        ('{"a": [1, 2]}', {"a": [1, 2]}),
    ],
)
def test_pairs_are_read_as_lm_eval_reads_them(text: str, expected: dict[str, object]) -> None:
    assert parse_pairs(text, flag="--model_args") == expected


@pytest.mark.parametrize("text", ["a", "a=1,b", "=1", "{"])
def test_what_is_no_pair_is_named(text: str) -> None:
    with pytest.raises(UserError, match="--model_args"):
        parse_pairs(text, flag="--model_args")


@pytest.mark.parametrize("text", ["[]", "3", "{a: 1}", ""])
def test_metadata_must_be_an_object(text: str) -> None:
    with pytest.raises(UserError, match="JSON object"):
        parse_object(text, flag="--metadata")


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "inf"])
def test_a_limit_must_be_above_zero(text: str) -> None:
    with pytest.raises(UserError, match="--limit"):
        parse_limit(text)


def test_batch_size_auto_is_left_to_the_backend() -> None:
    assert parse_batch_size("auto") is None
    assert parse_batch_size("8") == 8
    with pytest.raises(UserError, match="--batch_size"):
        parse_batch_size("0")
