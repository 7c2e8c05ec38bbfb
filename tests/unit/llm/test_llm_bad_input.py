"""Each way in which a judge fails, by itself, over a real connection."""

import time

import pytest


def once(fault: str) -> dict[str, object]:
    """The server settings by which the first call of each question has a fault, no later one."""
    return {"faults": f"{fault}=1", "faulty_calls": 1}


def test_a_429_with_retry_after_is_sent_again_when_the_server_allows_it(judge, ask, questions):
    judge.set(**once("limited_with_wait"), retry_after_s=0.6)
    started_s = time.monotonic()
    done = ask(questions(4))
    assert time.monotonic() - started_s >= 0.6
    assert all(answer.value is not None for answer in done.answers.values())
    assert judge.counts()["n_calls"] == 8


def test_a_429_without_retry_after_is_sent_again(judge, ask, questions):
    judge.set(**once("limited"))
    done = ask(questions(4))
    assert [done.answers[index].failure for index in range(4)] == [""] * 4
    assert done.spending.n_calls == judge.counts()["n_calls"] == 8


def test_a_500_is_sent_again(judge, ask, questions):
    judge.set(**once("error_500"))
    assert ask(questions(1)).answers[0].n_calls == 2


def test_a_500_that_stays_becomes_a_failure_with_the_status(judge, ask, questions):
    judge.set(faults="error_500=1")
    answer = ask(questions(1), n_attempts=2).answers[0]
    assert answer.value is None
    assert answer.failure == "HTTP 500: the server had an error"
    assert answer.n_calls == 2


def test_a_call_that_hangs_is_sent_again_after_the_timeout(judge, ask, questions):
    judge.set(**once("hangs"))
    assert ask(questions(1), timeout_s=0.3).answers[0].n_calls == 2


def test_calls_that_only_hang_become_a_failure_that_tells_the_timeout(judge, ask, questions):
    judge.set(faults="hangs=1")
    answer = ask(questions(1), timeout_s=0.3, n_attempts=2).answers[0]
    assert answer.failure == "no complete answer within 0.3 s"


def test_a_dropped_connection_is_sent_again(judge, ask, questions):
    judge.set(**once("dropped"))
    assert ask(questions(1)).answers[0].n_calls == 2


def test_a_connection_that_is_always_dropped_becomes_a_failure(judge, ask, questions):
    judge.set(faults="dropped=1")
    assert ask(questions(1), n_attempts=2).answers[0].failure == "the connection was dropped"


def test_a_truncated_body_is_sent_again(judge, ask, questions):
    judge.set(**once("truncated_body"))
    done = ask(questions(8))
    assert all(answer.n_calls == 2 and answer.value for answer in done.answers.values())


def test_truncated_bodies_become_a_failure(judge, ask, questions):
    judge.set(faults="truncated_body=1")
    done = ask(questions(8), n_attempts=1)
    assert {answer.failure for answer in done.answers.values()} == {
        "the body of the answer is truncated"
    }


def test_an_endless_stream_ends_by_its_length_or_by_the_timeout(judge, ask, questions):
    judge.set(faults="endless=1")
    done = ask(questions(12), timeout_s=1.0, n_attempts=1)
    assert {answer.failure for answer in done.answers.values()} == {
        "the body of the answer does not end",
        "no complete answer within 1 s",
    }


def test_an_endless_stream_is_sent_again(judge, ask, questions):
    judge.set(**once("endless"))
    done = ask(questions(4), timeout_s=1.0)
    assert all(answer.n_calls == 2 and answer.value for answer in done.answers.values())


def test_truncated_json_in_a_reply_is_asked_again_with_the_reason(judge, ask, questions):
    judge.set(faults="truncated_content=1")
    answer = ask(questions(1)).answers[0]
    assert answer.failure.startswith("the reply was cut off at the token limit")
    assert answer.n_calls == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong_schema", "got no field categories"),
        ("score_of_7", "got 7 for score: input should be less than or equal to 5"),
        ("unknown_category", 'got "Object/ObjectColour" for categories.0: input should be'),
        ("prose", "got no JSON in the reply"),
        ("empty", "got an empty reply"),
        ("refusal", "the model refused (I cannot help with that.)"),
    ],
)
def test_a_reply_that_fits_no_schema_is_corrected_twice_and_then_fails(
    judge, ask, questions, fault, reason
):
    judge.set(faults=f"{fault}=1")
    answer = ask(questions(1)).answers[0]
    assert answer.value is None
    assert answer.failure.startswith(reason)
    assert answer.n_calls == judge.counts()["n_calls"] == 3


@pytest.mark.parametrize(
    "fault", ["truncated_content", "wrong_schema", "score_of_7", "unknown_category", "prose"]
)
def test_a_correction_gets_the_answer(judge, ask, questions, fault):
    judge.set(**once(fault))
    answer = ask(questions(1)).answers[0]
    assert answer.failure == ""
    assert answer.n_calls == 2
    assert 0 <= answer.value.score <= 5


@pytest.mark.parametrize("fault", ["fenced", "python_literal"])
def test_a_reply_that_can_be_mended_needs_no_second_call(judge, ask, questions, fault):
    judge.set(faults=f"{fault}=1")
    done = ask(questions(4))
    assert all(answer.value is not None for answer in done.answers.values())
    assert done.spending.n_calls == 4


def test_a_bad_request_fails_at_once_and_the_run_goes_on(judge, ask, questions):
    judge.set(bad_request="the prompt is too long")
    done = ask(questions(2))
    assert done.spending.n_failed == done.spending.n_calls == 2
    assert done.answers[1].failure == "HTTP 400: the prompt is too long (key [key])"


def test_tokens_of_unusable_replies_are_counted(judge, ask, questions):
    judge.set(faults="wrong_schema=1")
    done = ask(questions(1))
    answer, spending = done.answers[0], done.spending
    assert answer.n_prompt_tokens == spending.n_prompt_tokens > 0
    assert answer.n_new_tokens == spending.n_new_tokens == 3 * (len('{"verdict": "fine"}') // 4 + 1)
    assert answer.usd == pytest.approx(spending.usd)
