"""What ends a whole run at once, with one line, and keeps what was answered."""

import logging
import socket
import time
import traceback

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm import LLMSettings, answer_all
from rarft.harness.llm.endpoint import find_endpoint

KEY = "test-key-of-the-loopback-judge"


def stop_of(ask, requests, **settings) -> tuple[str, object]:
    """Return the line that ended a round, and the round."""
    done = type("Round", (), {})()
    done.groups = []
    with pytest.raises(UserError) as caught:
        ask(requests, round_=done, **settings)
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return message, done


def test_an_expired_key_stops_at_once_and_loses_nothing(judge, ask, questions):
    judge.set(expired_after=20)
    message, done = stop_of(ask, questions(200), n_concurrent=4)
    assert "HTTP 401" in message
    assert "OPENAI_API_KEY" in message
    handed_on = {index for group in done.groups for index, _ in group}
    assert 16 <= len(handed_on) <= 20
    assert judge.counts()["n_calls"] <= 24
    judge.set()
    again = ask(questions(200))
    assert again.spending.n_cached == len(handed_on)
    assert judge.counts()["n_calls"] == 200 - len(handed_on)


def test_the_key_is_in_no_message_log_or_file(judge, ask, questions, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    judge.set(expired_after=3)
    message, _ = stop_of(ask, questions(5), n_concurrent=1)
    assert "Incorrect API key provided: [key]." in message
    assert KEY not in caplog.text
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert stored
    assert KEY.encode() not in stored


def test_a_key_that_a_reply_repeats_is_not_handed_on(judge, ask, questions):
    judge.set(bad_request="no")
    assert KEY not in ask(questions(1)).answers[0].failure


def test_a_used_up_quota_stops_at_once(judge, ask, questions):
    judge.set(quota_after=5)
    message, _ = stop_of(ask, questions(50), n_concurrent=1)
    assert "exceeded your current quota" in message
    assert judge.counts()["n_calls"] == 6


def test_an_unknown_model_stops_at_once(judge, ask, questions):
    message, _ = stop_of(ask, questions(50), model="no-such-model")
    assert "'no-such-model'" in message


def test_a_wrong_path_stops_at_once(judge, ask, questions):
    message, _ = stop_of(ask, questions(5), base_url=f"{judge.url}/elsewhere")
    assert "HTTP 404" in message


def test_a_setting_that_the_model_does_not_take_stops_at_once(judge, ask, questions):
    judge.set(bad_request="Unsupported value: 'temperature' does not support 0.0")
    message, _ = stop_of(ask, questions(5), temperature=0.0)
    assert "expected settings that 'gpt-4o-mini' takes" in message


def test_a_server_that_refuses_every_connection_stops_the_run(judge, ask, questions):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        started_s = time.monotonic()
        message, done = stop_of(ask, questions(200), base_url=url, n_concurrent=8)
    assert f"got no connection to {url}" in message
    # Waiting out the backoff of every question would take minutes.
    assert time.monotonic() - started_s < 30
    assert done.groups == []


def test_neither_key_nor_address_stops_before_a_call(questions, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        answer_all(questions(1), LLMSettings(model="gpt-4o-mini"))


def test_a_server_of_ones_own_needs_no_key(judge, ask, questions, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{judge.url}/v1")
    assert ask(questions(1), base_url=None).answers[0].value is not None


@pytest.mark.parametrize("key", ["two words", "schlüssel", "line\nbreak"])
def test_a_malformed_key_is_refused_without_being_shown(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(UserError, match="OPENAI_API_KEY") as caught:
        find_endpoint(LLMSettings(model="m"))
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000/v1", "http://", "http://[half/v1", "http://h:x/"])
def test_a_malformed_address_is_refused(monkeypatch, url):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(UserError, match="expected http"):
        find_endpoint(LLMSettings(model="m", base_url=url))


def test_a_key_that_is_a_mere_word_does_not_change_answers(judge, ask, questions, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "score")
    assert ask(questions(1)).answers[0].failure == ""


def test_a_prompt_that_is_too_long_fails_alone(judge, ask, questions):
    judge.set(bad_request="max_tokens is too large: the context length is 4096 tokens")
    assert ask(questions(2)).spending.n_failed == 2


def test_a_server_that_goes_away_stops_the_run_and_what_came_is_kept(
    judge_server_of_its_own, ask, questions
):
    url, end = judge_server_of_its_own
    requests, done = questions(400), type("Round", (), {})()

    class Groups(list):
        def append(self, group):
            super().append(group)
            end()

    done.groups = Groups()
    with pytest.raises(UserError, match="got no connection"):
        ask(requests, round_=done, base_url=f"{url}/v1", n_concurrent=4)
    n_answered = sum(map(len, done.groups))
    assert 4 <= n_answered < 400
    assert ask(requests, base_url=f"{url}/v1", budget_usd=0).spending.n_cached == n_answered


def test_a_wait_beyond_a_quarter_of_an_hour_ends_the_run(judge, ask, questions):
    judge.set(faults="limited_with_wait=1", retry_after_s=7200)
    message, _ = stop_of(ask, questions(3))
    assert "to wait 7200 s, expected at most 900 s" in message


def test_the_key_is_not_in_the_repr_of_the_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert KEY not in repr(find_endpoint(LLMSettings(model="m")))
