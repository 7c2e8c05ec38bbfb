"""Servers that know no JSON schema are asked in the next best way."""

import pytest

from rarft.harness.llm.answer_schema import FormatMemory


def test_a_server_that_refuses_json_schema_is_asked_for_any_object(judge, ask, questions):
    judge.set(no_json_schema=True)
    done = ask(questions(30), n_concurrent=1)
    assert all(answer.value is not None for answer in done.answers.values())
    assert judge.counts()["n_calls"] == 31


def test_a_server_that_knows_neither_gets_the_schema_in_the_prompt(judge, ask, questions):
    judge.set(no_json_schema=True, no_json_object=True)
    done = ask(questions(30), n_concurrent=1)
    assert all(answer.value is not None for answer in done.answers.values())
    assert judge.counts()["n_calls"] == 32


def test_a_server_that_ignores_the_schema_is_found_out(judge, ask, questions):
    judge.set(ignore_format=True)
    done = ask(questions(30), n_concurrent=1)
    assert all(answer.value is not None for answer in done.answers.values())
    assert judge.counts()["n_calls"] == 35


def test_a_format_that_the_user_fixed_is_not_left(judge, ask, questions):
    judge.set(no_json_schema=True)
    done = ask(questions(1), response_format="json_schema")
    assert "response_format" in done.answers[0].failure


@pytest.mark.parametrize("kind", ["json_object", "text"])
def test_any_format_gets_answers(judge, ask, questions, kind):
    assert ask(questions(5), response_format=kind).spending.n_failed == 0


def test_calls_that_were_under_way_do_not_skip_a_format():
    formats = FormatMemory("auto")
    for _ in range(3):
        formats.refused("json_schema")
    assert formats.current == "json_object"


def test_one_usable_answer_proves_a_format():
    formats = FormatMemory("auto")
    formats.answered("json_schema", usable=True)
    for _ in range(20):
        formats.answered("json_schema", usable=False)
    assert formats.current == "json_schema"
