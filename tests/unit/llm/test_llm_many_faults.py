"""Many requests to a judge with every fault at once: none lost, none doubled."""

import collections

import pytest

FAULTS = 12


def check(judge, done, n_requests: int) -> None:
    answers = done.answers
    assert set(answers) == set(range(n_requests))
    failed = [answer for answer in answers.values() if answer.value is None]
    assert all(answer.failure for answer in failed)
    assert len(failed) == done.spending.n_failed < 0.1 * n_requests
    counts, questions = judge.counts(), judge.digests()
    assert len(counts["by_fault"]) == FAULTS
    assert done.spending.n_calls == counts["n_calls"]
    assert len(questions) == n_requests
    valid = collections.Counter(question["valid"] for question in questions.values())
    assert valid == {1: n_requests - len(failed), 0: len(failed)}


def test_300_answers_come_through_5_percent_of_each_fault(judge, ask, questions):
    judge.set(faults="rate=0.05", retry_after_s=0.05)
    check(judge, ask(questions(300), timeout_s=2.0), 300)


@pytest.mark.slow
def test_5000_answers_come_through_5_percent_of_each_fault(judge, ask, questions):
    judge.set(faults="rate=0.05", retry_after_s=0.05)
    done = ask(questions(5000), timeout_s=2.0)
    check(judge, done, 5000)
    n_calls = judge.counts()["n_calls"]
    judge.set()
    again = ask(questions(5000))
    assert again.spending.n_calls == done.spending.n_failed
    assert n_calls > 5000
