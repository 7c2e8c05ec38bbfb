import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.models.bridge_messages import (
    KINDS,
    Answer,
    Failure,
    WrongMessageError,
    encode_message,
    read_message,
)
from rarft.harness.types import Reply, Span

HELLO = {"type": "hello", "protocol": 1, "name": "n", "licence": "", "engine": {"a": "1"}}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_noise(line: bytes) -> None:
    assert read_message(line) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(("id", "text", "relevant", "spans", "reason", "engine", "n_frames"))


@given(st.sampled_from(tuple(KINDS)), st.dictionaries(fields, json_values))
def test_any_fields_are_read_or_named_as_wrong(kind: str, content: dict[str, object]) -> None:
    line = json.dumps({**content, "type": kind}).encode()
    with contextlib.suppress(WrongMessageError):
        message = read_message(line)
        assert message is not None
        if isinstance(message, Answer):
            reply = message.to_reply()
            assert reply.text is not None or reply.relevant is not None


@given(st.dictionaries(st.text(), st.text()))
def test_a_message_is_one_line_of_ascii_that_reads_back(content: dict[str, str]) -> None:
    line = encode_message(content)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line) == content


def test_fields_of_a_later_protocol_are_passed_over() -> None:
    message = read_message(json.dumps({**HELLO, "colour": "red"}).encode())
    assert message is not None
    assert not hasattr(message, "colour")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": ""}, "name: "),
        ({"engine": {}}, "engine: "),
        ({"engine": {"torch": 2}}, "engine.torch: "),
        ({"protocol": "1"}, "protocol: "),
        ({"capabilities": {"batch": 0}}, "capabilities.batch: "),
        ({"capabilities": {"video": "yes"}}, "capabilities.video: "),
    ],
)
def test_a_hello_has_a_name_versions_and_true_capabilities(
    changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(WrongMessageError, match=reason):
        read_message(json.dumps({**HELLO, **changed}).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("relevance_score", float("nan")),
        ("spans", [[0, float("inf")]]),
        ("spans", [[1.0]]),
        ("spans", [["1", "2"]]),
        ("seconds", -1),
        ("n_frames", 2.5),
        ("n_frames", True),
        ("relevant", "yes"),
        ("id", 7),
    ],
)
def test_a_wrong_field_of_an_answer_is_named_with_the_id(field: str, value: object) -> None:
    content = {"type": "reply", "id": "7", "text": "hello", field: value}
    with pytest.raises(WrongMessageError, match=f"^{field}") as caught:
        read_message(json.dumps(content).encode())
    assert caught.value.request_id == (None if field == "id" else "7")


def test_an_answer_becomes_the_reply_of_any_backend() -> None:
    line = (
        b'{"type": "reply", "id": "1", "relevant": true, "spans": [[5, 2.5]], "n_frames": 96,'
        b' "relevance_score": 1, "effective_fps": 0.5, "seconds": 2}'
    )
    message = read_message(line)
    assert isinstance(message, Answer)
    assert message.to_reply() == Reply(
        relevant=True,
        spans=(Span(2.5, 5.0),),
        relevance_score=1.0,
        n_frames=96,
        effective_fps=0.5,
        seconds=2.0,
    )


def test_a_reason_is_one_line_of_bounded_length() -> None:
    assert Failure(type="error", reason="a\n b" + "c" * 1000).line == "a b" + "c" * 497
