"""Batches are submitted, polled and collected; every request is in one count."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.llm import LLMAnswer, LLMRequest, LLMSettings, answer_all
from rarft.harness.llm.batch import cancel, collect, submit
from rarft.harness.llm.batch_lines import BatchLimits

Ask = Callable[[str], LLMRequest]
PROMPT_USD, NEW_USD, DISCOUNT = 0.15, 0.60, 0.5


def counts(state: Any) -> tuple[int, int, int, int, int]:
    assert state.n_requests == (
        state.n_cached + state.n_waiting + state.n_done + state.n_failed + state.n_to_submit
    )
    return state.n_cached, state.n_waiting, state.n_done, state.n_failed, state.n_to_submit


def test_submitted_requests_wait_until_their_batch_has_ended(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(n_polls=2)

    assert counts(desk.submit(asked)) == (0, 3, 0, 0, 0)
    assert counts(desk.collect(asked)) == (0, 3, 0, 0, 0)
    assert desk.answers == {}
    ended = desk.collect(asked)

    assert counts(ended) == (0, 0, 3, 0, 0)
    assert ended.is_complete
    assert desk.scores == {0: 0, 1: 1, 2: 2}
    assert [status for _, status in ended.batches] == ["completed"]


def test_a_batch_asks_what_a_single_call_asks(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked[:1], temperature=0.0, max_new_tokens=50)

    batch = server.book()["batches"][0]
    assert (batch["endpoint"], batch["completion_window"]) == ("/v1/chat/completions", "24h")
    row = batch["requests"][0]
    assert (row["method"], row["url"]) == ("POST", "/v1/chat/completions")
    settings = desk.llm(temperature=0.0, max_new_tokens=50)
    assert row["custom_id"] == asked[0].digest(
        model="gpt-4o-mini", settings=settings.answer_settings
    )
    assert row["body"]["response_format"]["type"] == "json_schema"
    assert row["body"]["max_completion_tokens"] == 50


def test_tokens_are_counted_at_the_price_of_a_batch(desk: Any, asked: list[LLMRequest]) -> None:
    desk.submit(asked)
    state = desk.collect(asked)

    one_usd = (100 * PROMPT_USD + 10 * NEW_USD) / 1e6 * DISCOUNT
    assert state.usd == pytest.approx(3 * one_usd)
    answer = desk.answers[1]
    assert (answer.n_prompt_tokens, answer.n_new_tokens, answer.n_calls) == (100, 10, 1)
    assert answer.usd == pytest.approx(one_usd)
    assert answer.served_model == "gpt-4o-mini-served"
    assert answer.text == '{"score": 1}'


def test_a_model_without_a_price_costs_nobody_knows_what(
    desk: Any, asked: list[LLMRequest]
) -> None:
    desk.submit(asked, model="of-my-own")
    assert desk.collect(asked, model="of-my-own").usd is None
    assert len(desk.scores) == 3


def test_a_request_that_is_asked_twice_is_sent_once(server: Any, desk: Any, ask_score: Ask) -> None:
    same = ask_score('{"score": 4}')
    desk.submit([same, ask_score('{"score": 2}'), same])
    state = desk.collect([same, ask_score('{"score": 2}'), same])

    assert server.sent() == [['{"score": 4}', '{"score": 2}']]
    assert counts(state) == (0, 0, 3, 0, 0)
    assert desk.scores == {0: 4, 1: 2, 2: 4}
    assert desk.answers[2].usd == 0


def test_nothing_is_sent_twice(server: Any, desk: Any, asked: list[LLMRequest]) -> None:
    desk.submit(asked[:2])
    desk.submit(asked)
    desk.collect(asked)
    desk.submit(asked)

    assert server.sent() == [['{"score": 0}', '{"score": 1}'], ['{"score": 2}']]


def test_cached_answers_are_not_sent_and_answers_are_cached(
    server: Any, cached_desk: Any, asked: list[LLMRequest]
) -> None:
    cached_desk.submit(asked[:2])
    cached_desk.collect(asked[:2])
    cached_desk.directory = cached_desk.directory / "another"

    assert counts(cached_desk.submit(asked)) == (2, 1, 0, 0, 0)
    assert server.sent()[1] == ['{"score": 2}']
    assert counts(cached_desk.collect(asked)) == (2, 0, 1, 0, 0)
    assert cached_desk.scores == {0: 0, 1: 1, 2: 2}
    assert [cached_desk.answers[index].cached for index in range(3)] == [True, True, False]


def test_a_single_call_finds_what_a_batch_has_cached(
    cached_desk: Any, asked: list[LLMRequest]
) -> None:
    cached_desk.submit(asked)
    cached_desk.collect(asked)

    spending = answer_all(asked, cached_desk.llm(), cache=cached_desk.cache)
    assert (spending.n_cached, spending.n_calls) == (3, 0)


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        (BatchLimits(n_requests=2), [2, 2, 1]),
        (BatchLimits(n_requests=5), [5]),
        (BatchLimits(n_bytes=1), [1, 1, 1, 1, 1]),
    ],
)
def test_requests_are_split_by_number_and_size(
    server: Any, desk: Any, ask_score: Ask, limits: BatchLimits, sizes: list[int]
) -> None:
    requests = [ask_score(json.dumps({"score": k / 2})) for k in range(5)]

    desk.submit(requests, limits=limits)

    assert [len(batch) for batch in server.sent()] == sizes
    desk.collect(requests)
    assert desk.scores == {k: k / 2 for k in range(5)}


def test_a_budget_lets_through_what_it_covers(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    assert counts(desk.submit(asked, budget_usd=0)) == (0, 0, 0, 0, 3)
    assert server.sent() == []
    # One request is estimated at 512 new tokens: 512 * 0.6 / 1e6 / 2 = 0.000154 USD and a prompt.
    state = desk.submit(asked, budget_usd=0.0004)
    assert counts(state) == (0, 2, 0, 0, 1)
    assert state.reasons == (("budget", 1),)
    # Two answers cost 0.00002 USD in the end, which leaves room for the third.
    desk.collect(asked, budget_usd=0.0004)
    assert counts(desk.submit(asked, budget_usd=0.0004)) == (0, 1, 2, 0, 0)


def test_a_cancelled_batch_keeps_what_was_answered(
    server: Any, desk: Any, asked: list[LLMRequest]
) -> None:
    server.set(n_polls=100, n_answered=1)
    desk.submit(asked)
    cancel(desk.llm(), desk.directory)

    state = desk.collect(asked)
    assert counts(state) == (0, 0, 1, 0, 2)
    assert state.batches[0][1] == "cancelled"
    assert desk.scores == {0: 0}


def test_a_batch_gives_the_answers_of_single_calls(
    judge: Any, questions: Callable[[int], list[LLMRequest]], tmp_path: Path
) -> None:
    settings = LLMSettings(model="gpt-4o-mini", base_url=f"{judge.url}/v1")
    requests = questions(20)
    single: dict[int, LLMAnswer] = {}
    batched: dict[int, LLMAnswer] = {}

    answer_all(requests, settings, on_answers=single.update)
    submit(requests, settings, tmp_path)
    state = collect(requests, settings, tmp_path, on_answers=batched.update)

    assert state.n_done == 20
    assert {k: batched[k].value for k in batched} == {k: single[k].value for k in single}
