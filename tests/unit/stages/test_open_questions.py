"""Which questions to an LLM are still to be asked, over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rarft.harness.judges.case import Case
from rarft.harness.judges.llm_judge import judgements_of, llm_judge
from rarft.harness.llm.request import LLMAnswer
from rarft.harness.llm.settings import LLMSettings
from rarft.harness.parsing import parse_reply
from rarft.harness.stages.ask_judges import Question, make_question, open_questions
from rarft.harness.stages.judgement_store import Entry, JudgementStore
from rarft.harness.types import Measure, Query, Reply

SETTINGS = LLMSettings(model="judge")
ALL: tuple[Measure, ...] = ("relevance", "categories", "reasoning")


def question(
    reply: str, *, measures: tuple[Measure, ...] = ALL, duration_s: float = 20.0
) -> Question:
    query = Query(
        id="1",
        task="t",
        video="a.mp4",
        text="a dog runs",
        relevant=False,
        record="1",
        duration_s=duration_s,
        categories=("Object/ObjectExistence",),
        refusal="It is a cat.",
    )
    prediction = parse_reply(reply, duration_s=duration_s)
    case = Case(query=query, reply=Reply(text=reply), prediction=prediction, text=reply)
    return make_question(("t", "1", "r"), case, llm_judge("combined"), measures, SETTINGS)


def answered(asked: Question, answer: LLMAnswer) -> list[Entry]:
    found = judgements_of(asked.judge, asked.case, answer, model="judge")
    return [
        Entry(key=asked.key, basis=asked.basis(measure), judgement=found[measure])
        for measure in asked.measures
        if measure in found
    ]


def answer_of(asked: Question, **value: object) -> LLMAnswer:
    content = {"span": None, "categories": [], "score": None} | value
    return LLMAnswer(value=asked.request.schema.model_validate(content))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JudgementStore]:
    with JudgementStore(tmp_path) as opened:
        yield opened


def is_open(asked: Question, store: JudgementStore, *, retry_unscored: bool = False) -> bool:
    return bool(open_questions([asked], store, retry_unscored=retry_unscored))


def test_a_question_without_any_answer_is_open(store: JudgementStore) -> None:
    assert is_open(question("No dog."), store)


def test_a_failed_reading_is_asked_again_only_when_retried(store: JudgementStore) -> None:
    # The rule reads a grounding here, so that the failure is a row about relevance alone.
    asked = question("From 3 to 9 s a man cooks.")
    store.put(answered(asked, LLMAnswer(failure="no complete answer within 120 s")))
    assert not is_open(asked, store)
    assert is_open(asked, store, retry_unscored=True)


def test_a_reply_that_the_judge_takes_for_grounded_has_its_whole_answer(
    store: JudgementStore,
) -> None:
    asked = question("No dog.")
    store.put(answered(asked, answer_of(asked, relevance="relevant", span=[1.0, 2.0])))
    assert not is_open(asked, store)


def test_a_refusal_whose_rows_were_torn_off_is_asked_again(store: JudgementStore) -> None:
    asked = question("No dog.")
    rows = answered(asked, answer_of(asked, relevance="irrelevant", score=2.0))
    assert len(rows) == 3
    store.put(rows[:2])
    assert is_open(asked, store)
    store.put(rows[2:])
    assert not is_open(asked, store)


def test_a_reading_rests_on_what_the_rule_adds_to_it(store: JudgementStore) -> None:
    asked = question("No dog.", measures=("relevance",))
    store.put(answered(asked, answer_of(asked, relevance="relevant", span=[1.0, 25.0])))
    # The same question, but the span is now inside the video and loses its flag.
    longer = question("No dog.", measures=("relevance",), duration_s=30.0)
    assert longer.digest == asked.digest
    assert is_open(longer, store)


def test_the_other_measures_rest_on_the_answer_alone() -> None:
    short, longer = question("No dog."), question("No dog.", duration_s=30.0)
    assert short.basis("categories") == longer.basis("categories")
    assert short.basis("relevance") != longer.basis("relevance")
