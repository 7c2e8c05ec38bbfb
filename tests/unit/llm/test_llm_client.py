"""Each distinct request is asked once, stored, and handed on once."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from rarft.harness.llm import AnswerCache, LLMSettings, Message, answer_all
from rarft.harness.llm.call import read_completion


def test_every_index_is_handed_on_once_with_the_servers_answer(judge, ask, questions):
    done = ask(questions(100), n_concurrent=16)
    assert set(done.answers) == set(range(100))
    assert {counted["valid"] for counted in judge.digests().values()} == {1}
    assert done.spending.n_calls == done.spending.n_requests == 100
    assert done.answers[0].served_model == "gpt-4o-mini-2025-01-01"


def test_no_more_calls_are_under_way_than_allowed(judge, ask, questions):
    judge.set(latency_ms=10)
    ask(questions(60), n_concurrent=6)
    assert judge.counts()["most_open"] == 6


def test_alike_requests_are_asked_once_and_paid_once(judge, ask, questions):
    done = ask(questions(2) * 5)
    assert judge.counts()["n_calls"] == 2
    assert {done.answers[index].value.score for index in range(0, 10, 2)} == {
        done.answers[0].value.score
    }
    paid = sum(answer.usd for answer in done.answers.values())
    assert paid == pytest.approx(done.spending.usd)
    assert sum(answer.n_calls for answer in done.answers.values()) == 2


def test_alike_requests_that_fail_all_count_as_failed(judge, ask, questions):
    judge.set(faults="prose=1")
    done = ask(questions(1) * 3)
    assert done.spending.n_failed == 3
    assert done.spending.n_calls == 3


def test_a_second_run_asks_nothing_and_gets_the_same_in_one_group(judge, ask, questions):
    first = ask(questions(30))
    second = ask(questions(30))
    assert judge.counts()["n_calls"] == 30
    assert [len(group) for group in second.groups] == [30]
    for index, answer in second.answers.items():
        assert answer.cached
        assert answer.value == first.answers[index].value
        assert (answer.usd, answer.n_calls, answer.n_prompt_tokens) == (0.0, 0, 0)
    assert second.spending.n_cached == 30
    assert second.spending.usd == 0.0


@pytest.mark.parametrize("change", [{"model": "gpt-4o"}, {"temperature": 0.5}])
def test_another_model_or_temperature_is_another_question(judge, ask, questions, change):
    ask(questions(3))
    assert ask(questions(3), **change).spending.n_cached == 0


def test_a_failure_is_asked_again_by_the_next_run(judge, ask, questions):
    judge.set(faults="prose=1")
    assert ask(questions(2)).spending.n_failed == 2
    judge.set()
    assert ask(questions(2)).spending.n_failed == 0


def test_a_stored_answer_that_the_schema_rejects_is_asked_again_once(judge, questions, tmp_path):
    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1")
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        answer_all(questions(1), settings, cache=cache)
        cache._connection.execute("UPDATE answers SET value = '{\"score\": 7}'")
        assert answer_all(questions(1), settings, cache=cache).n_calls == 1
        assert answer_all(questions(1), settings, cache=cache).n_calls == 0


def test_answers_are_stored_before_they_are_handed_on(judge, questions, tmp_path):
    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1")
    requests = questions(20)
    digests = [request.digest(model="m", settings=settings.answer_settings) for request in requests]
    with AnswerCache(tmp_path / "a.sqlite") as cache, AnswerCache(tmp_path / "a.sqlite") as other:

        def check(group):
            names = [digests[index] for index, _ in group]
            assert set(other.get_many(names)) == set(names)

        answer_all(requests, settings, cache=cache, on_answers=check)


def test_an_error_of_the_caller_ends_the_run_with_that_error(judge, ask, questions):
    def fail(group):
        raise LookupError("the caller's own")

    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1")
    with pytest.raises(LookupError, match="the caller's own"):
        answer_all(questions(50), settings, on_answers=fail)


def test_a_slow_caller_holds_no_call_up_and_gets_every_answer_once(judge, questions):
    judge.set(latency_ms=20)
    sizes, indices = [], []

    def keep(group):
        time.sleep(0.2)
        sizes.append(len(group))
        indices.extend(index for index, _ in group)

    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1", n_concurrent=8)
    answer_all(questions(300), settings, on_answers=keep)
    assert sorted(indices) == list(range(300))
    assert len(sizes) < 30


def test_an_interrupt_hands_on_what_has_come_and_goes_on(judge, questions, tmp_path):
    judge.set(latency_ms=100)
    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1", n_concurrent=4)
    got = []

    def interrupt_once(group):
        got.extend(group)
        if len(got) == len(group):
            threading.Timer(0.15, signal.raise_signal, [signal.SIGINT]).start()

    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        with pytest.raises(KeyboardInterrupt):
            answer_all(questions(100), settings, cache=cache, on_answers=interrupt_once)
        assert 4 <= len(got) <= 40
        judge.set()
        assert answer_all(questions(100), settings, cache=cache).n_cached == len(got)


def test_it_works_beside_a_running_loop_and_inside_one(judge, ask, questions):
    async def inside() -> int:
        beside = await asyncio.to_thread(ask, questions(3))
        within = ask(questions(6))
        return len(beside.answers) + len(within.answers)

    assert asyncio.run(inside()) == 9


def test_an_interrupt_inside_a_running_loop_ends_the_run_too(judge, questions, tmp_path):
    judge.set(latency_ms=100)
    settings = LLMSettings(model="m", base_url=f"{judge.url}/v1", n_concurrent=4)
    got = []

    async def inside():
        here = threading.main_thread().ident
        threading.Timer(0.5, signal.pthread_kill, [here, signal.SIGINT]).start()
        answer_all(questions(1000), settings, on_answers=got.extend)

    # Without the handler of asyncio.run, as in a notebook.
    loop = asyncio.new_event_loop()
    with contextlib.closing(loop), pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(inside())
    assert 4 <= len(got) <= 100


def test_importing_the_client_loads_neither_openai_nor_aiohttp():
    code = "import sys, rarft.harness.llm; print({'openai', 'aiohttp', 'httpx2'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_no_requests_need_no_server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert answer_all([], LLMSettings(model="m")).n_calls == 0


def test_text_that_utf_8_cannot_hold_is_sent_with_a_mark(judge, ask, questions):
    [request] = questions(1)
    broken = Message("user", "half a pair: \ud83d")
    assert ask([replace(request, messages=(broken,))]).answers[0].failure == ""


def test_a_reply_with_half_a_surrogate_pair_can_be_stored():
    body = '{"choices": [{"message": {"content": "half \\ud83d"}}]}'
    assert read_completion(body).outcome.text == "half ?"


def test_a_used_up_limit_in_the_headers_pauses_all_workers(judge, ask, questions):
    judge.set(header=["x-ratelimit-remaining-requests:0", "x-ratelimit-reset-requests:400ms"])
    assert ask(questions(3), n_concurrent=1).spending.seconds >= 0.8
