"""A server that cannot be used ends the command with one line that holds no key."""

from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm import LLMRequest

SECRET = "batch-key-0123456789"


def line_of(raised: pytest.ExceptionInfo[UserError]) -> str:
    line = str(raised.value)
    assert "\n" not in line
    assert SECRET not in line
    return line


def test_an_expired_key_stops_and_what_was_sent_is_kept(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked[:2])
    server.set(key="another")

    with pytest.raises(UserError):
        desk.submit(asked)
    with pytest.raises(UserError) as raised:
        desk.collect(asked)
    assert "HTTP 401" in line_of(raised)
    assert "OPENAI_API_KEY" in line_of(raised)

    server.set(key=SECRET)
    assert desk.collect(asked).n_done == 2
    assert len(server.sent()) == 1


def test_no_key_is_stored(desk: Any, asked: list[LLMRequest]) -> None:
    desk.submit(asked)
    desk.collect(asked)
    for path in desk.directory.rglob("*"):
        assert path.is_dir() or SECRET not in path.read_text()


def test_a_server_without_batches_is_named_as_such(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(absent=True)
    with pytest.raises(UserError) as raised:
        desk.submit(asked)
    assert "got HTTP 404, expected a server with the Batch API" in line_of(raised)
    assert "without --batch" in line_of(raised)


def test_a_refused_batch_is_not_waited_for(server: Any, desk: Any, asked: list[LLMRequest]) -> None:
    server.set(create="refuse")
    with pytest.raises(UserError, match="no more batches today"):
        desk.submit(asked)
    server.set()

    state = desk.submit(asked)
    assert [status for _, status in state.batches] == ["lost", "validating"]
    assert state.n_waiting == 3


def test_a_server_that_does_not_listen_is_one_line(
    desk: Any, asked: list[LLMRequest], tmp_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        desk.submit(asked, base_url="http://127.0.0.1:9/v1", n_attempts=1)
    assert "http://127.0.0.1:9/v1" in line_of(raised)


def test_a_batch_unknown_to_the_server_is_not_sent_again(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    server.set(reset=True)
    with pytest.raises(UserError, match="the key with which it was made"):
        desk.collect(asked)
    assert server.sent() == []


def test_a_budget_for_a_model_without_a_price_is_an_error(
    desk: Any, asked: list[LLMRequest]
) -> None:
    with pytest.raises(UserError, match="has no price"):
        desk.submit(asked, model="of-my-own", budget_usd=1.0)
