"""What a batch brings back: answers, failures, and requests that have to be sent again."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rarft.harness.llm import LLMRequest

Ask = Callable[[str], LLMRequest]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ("I would say four.", "got no JSON in the reply"),
        ('{"score": 7}', "got 7 for score: input should be less than or equal to 5"),
        ('{"verdict": 4}', "got no field score"),
        ("", "got an empty reply"),
    ],
)
def test_an_unusable_reply_is_a_failure_and_is_not_sent_again(
    server: Any, desk: Any, ask_score: Ask, reply: str, failure: str
) -> None:
    requests = [ask_score(reply), ask_score('{"score": 3}')]
    desk.submit(requests)
    state = desk.collect(requests)

    assert (state.n_done, state.n_failed, state.n_to_submit) == (1, 1, 0)
    assert desk.answers[0].failure == failure
    assert desk.answers[0].text == reply
    assert desk.submit(requests).n_waiting == 0
    assert len(server.sent()) == 1


def test_a_failure_is_sent_again_on_demand(server: Any, desk: Any, ask_score: Ask) -> None:
    requests = [ask_score("prose"), ask_score('{"score": 3}')]
    desk.submit(requests)
    desk.collect(requests)

    state = desk.submit(requests, retry_failed=True)

    assert (state.n_waiting, state.n_done, state.n_failed) == (1, 1, 0)
    assert server.sent()[1] == ["prose"]
    assert desk.collect(requests).n_failed == 1


def test_a_reply_with_mended_json_is_read_as_in_a_single_call(desk: Any, ask_score: Ask) -> None:
    requests = [ask_score("Here you are: ```json\n{'score': 4.5,}\n```")]
    desk.submit(requests)
    desk.collect(requests)
    assert desk.scores == {0: 4.5}


def test_requests_in_the_errors_file_are_sent_again(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(error_first=2, error_times=1)
    desk.submit(asked)
    state = desk.collect(asked)

    assert (state.n_done, state.n_failed, state.n_to_submit) == (1, 0, 2)
    assert state.reasons == (("HTTP 500: the server had an error", 2),)
    desk.submit(asked)
    assert server.sent()[1] == ['{"score": 0}', '{"score": 1}']
    assert desk.collect(asked).is_complete
    assert desk.scores == {0: 0, 1: 1, 2: 2}


def test_a_request_sent_in_vain_as_often_as_allowed_is_a_failure(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(error_first=1)
    for _ in range(2):
        desk.submit(asked[:1], n_attempts=2)
        state = desk.collect(asked[:1], n_attempts=2)

    assert (state.n_failed, state.n_to_submit) == (1, 0)
    assert desk.answers[0].failure == "HTTP 500: the server had an error, sent in 2 batches"
    assert desk.submit(asked[:1], n_attempts=2).n_waiting == 0


def test_a_request_that_the_server_rejects_is_a_failure_at_once(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(error_first=1, error_status=400)
    desk.submit(asked)
    state = desk.collect(asked)

    assert (state.n_done, state.n_failed, state.n_to_submit) == (2, 1, 0)
    assert desk.answers[0].failure == "HTTP 400: the server had an error"


def test_an_expired_batch_gives_what_it_has_and_the_rest_is_sent_again(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(final="expired", n_answered=2)
    desk.submit(asked)
    state = desk.collect(asked)

    assert (state.n_done, state.n_to_submit) == (2, 1)
    assert state.reasons == (("batch_expired", 1),)
    server.set()
    desk.submit(asked)
    assert server.sent()[1] == ['{"score": 2}']
    desk.collect(asked)
    assert desk.scores == {0: 0, 1: 1, 2: 2}


def test_a_failed_batch_is_sent_again_with_its_reason_counted(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(final="failed")
    desk.submit(asked)
    state = desk.collect(asked)

    assert (state.n_to_submit, state.usd) == (3, 0)
    assert state.reasons == (("failed: token_limit_exceeded", 3),)
    assert [status for _, status in state.batches] == ["failed"]


def test_a_damaged_line_of_results_costs_only_its_own_request(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(damage_from=2)
    desk.submit(asked)
    state = desk.collect(asked)

    assert desk.scores == {0: 0, 1: 1}
    assert (state.n_to_submit, state.reasons) == (1, (("no line in the results", 1),))


def test_results_that_the_server_keeps_no_longer_are_sent_for_again(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    server.set(content_gone=True)
    state = desk.collect(asked)

    assert state.n_to_submit == 3
    assert state.reasons == (("the server keeps the results no longer", 3),)


def test_results_are_kept_when_the_server_has_forgotten_them(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    desk.collect(asked)
    server.set(reset=True)

    assert desk.collect(asked).n_done == 3
    assert desk.scores == {0: 0, 1: 1, 2: 2}


def test_answers_are_stored_for_the_model_and_settings_that_were_asked(
    desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked)
    desk.collect(asked)
    assert desk.collect(asked, temperature=1.0).n_to_submit == 3
    assert json.loads((desk.directory / "batches.jsonl").read_text().splitlines()[0])["digests"]
