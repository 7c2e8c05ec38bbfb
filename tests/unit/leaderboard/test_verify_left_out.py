"""What may leave a figure without costing an entry its tier, and what may not."""

from dataclasses import replace
from pathlib import Path

import pytest

from rarft.harness.judges.judge_config import JudgeConfig
from rarft.harness.models.card import Card
from rarft.harness.report.schema import ModelEntry, Results
from rarft.harness.run_config import RunConfig
from rarft.harness.types import Prediction, Query, Span
from rarft.leaderboard.entries import EntryRefused
from rarft.leaderboard.types import Sample
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.left_out import check_left_out
from rarft.leaderboard.verification.provenance import _check_card
from rarft.leaderboard.verification.repeated import check_repeats

GROUNDED = Prediction(kind="grounded", spans=(Span(1.0, 2.0),), format_ok=True)
SPANLESS = Prediction(kind="grounded", format_ok=True)
REFUSED = Prediction(kind="refused", format_ok=True)
BY_LLM = JudgeConfig(judges={"reasoning": "llm"}, judge_model="judge-1")


def claims(figures=None, model=None, **flags):
    config = RunConfig(**{"model": "m", "tasks": ("t",), **flags})
    results = Results(
        schema_version=1, model=model or ModelEntry(name="m"), results={"t": figures or {}}
    )
    return Claims(path=Path("entry"), results=results, config=config, form="prose", tier=None)


def answered(prediction, number=0, relevant=True, score=None):
    query = Query(
        id=str(number), task="t", video="a.mp4", text="a dog", relevant=relevant, record="0",
        spans=(Span(1.0, 3.0),) if relevant else (), duration_s=30.0,
    )  # fmt: skip
    sample = Sample(query_id=query.id, status="scored", relevance_score=score)
    return Answered(query=query, sample=sample, prediction=prediction, speaks=False)


def outcomes(checks):
    return [(check.name, check.outcome) for check in checks]


def test_what_leaves_nothing_out_is_not_worth_a_word():
    assert check_left_out("t", [answered(GROUNDED), answered(REFUSED)], claims()) == []


def test_groundings_without_a_span_leave_the_entry_partial():
    both = [answered(GROUNDED), answered(SPANLESS, 1)]
    (check,) = check_left_out("t", both, claims())
    assert (check.name, check.outcome) == ("left_out", "lacking")
    assert check.detail == "1 of 2 right groundings tell no span and leave mIoU"
    few = [answered(GROUNDED, number) for number in range(100)] + [answered(SPANLESS, 100)]
    assert outcomes(check_left_out("t", few, claims())) == [("left_out", "taken")]


def test_a_model_that_never_tells_a_span_has_no_iou_to_gain():
    never = [answered(SPANLESS), answered(REFUSED, 1)]
    assert outcomes(check_left_out("t", never, claims())) == [("left_out", "taken")]


def test_groundings_that_count_nothing_or_zero_leave_nothing_out():
    no_time = replace(SPANLESS, flags=("no_time",))
    held = [answered(GROUNDED), answered(no_time, 1), answered(SPANLESS, 2, relevant=False)]
    assert check_left_out("t", held, claims()) == []


def test_relevance_scores_of_some_queries_only_leave_the_entry_partial():
    scores = [answered(GROUNDED, score=0.5), answered(GROUNDED, 1, score=0.1)]
    assert outcomes(check_left_out("t", scores, claims())) == [("scores", "taken")]
    some = [*scores, answered(GROUNDED, 2)]
    assert outcomes(check_left_out("t", some, claims())) == [
        ("scores", "taken"),
        ("left_out", "lacking"),
    ]


@pytest.mark.parametrize(("n_unscored", "outcome"), [(1, "taken"), (2, "lacking")])
def test_judgements_without_a_value_leave_the_entry_partial(n_unscored, outcome):
    figures = {"n_judged_reasoning,none": 100, "n_unscored_reasoning,none": n_unscored}
    checks = check_left_out("t", [], claims(figures, judging=BY_LLM))
    assert outcomes(checks) == [("left_out", outcome)]


def test_few_resamples_are_said():
    (check,) = check_left_out("t", [], claims(n_resamples=999))
    assert check.detail == "intervals are of 999 resamples, fewer than 1,000"
    assert check_left_out("t", [], claims(n_resamples=1_000)) == []


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        (REFUSED, 1.0),
        (GROUNDED, 0.0),
        (REFUSED, 0.4),
        (replace(REFUSED, candidates=(Span(1.0, 2.0),)), 0.0),
        (replace(REFUSED, candidates=(Span(1.0, 2.0), Span(1.0, 3.0))), 0.5),
    ],
    ids=["all ground", "none grounds", "no share", "a candidate of none", "two candidates"],
)
def test_a_score_of_a_repeated_query_goes_with_its_first_reply(prediction, score):
    with pytest.raises(EntryRefused) as refused:
        check_repeats("t", [answered(prediction, score=score)], claims(repeats=4))
    assert refused.value.reason == "bad_sample"
    check_repeats("t", [answered(prediction, score=score)], claims())


def test_scores_that_go_with_the_first_reply_pass():
    candidate = replace(REFUSED, candidates=(Span(1.0, 2.0),))
    held = [
        answered(GROUNDED, score=0.25),
        answered(candidate, 1, score=0.75),
        answered(REFUSED, 2, score=0.0),
        answered(REFUSED, 3),
    ]
    check_repeats("t", held, claims(repeats=4))


def card(backend, form="time_tag", **named):
    fields = {"name": "m", "family": "base", "licence": "", "source": "", **named}
    return Card(backend=backend, output={"form": form}, **fields)


def model(**named):
    return ModelEntry(**{"name": "m", "form": "time_tag", **named})


def checked(own, stated, **arguments):
    found = replace(claims(model=stated, model_args=arguments), form=stated.form)
    _check_card(found, own)


def refusal(*named, **arguments):
    with pytest.raises(EntryRefused) as refused:
        checked(*named, **arguments)
    assert refused.value.reason == "provenance_differs"
    return str(refused.value)


def test_a_model_is_read_by_the_form_of_its_card_unless_it_is_replayed():
    bridged = model(form="structured", backend="bridge", card_backend="bridge")
    assert "model.form" in refusal(card("bridge"), bridged, form="structured")
    replayed = model(form="structured", backend="replay", card_backend="replay")
    checked(card("replay"), replayed, form="structured")


def test_a_model_ran_on_a_backend_that_can_run_it():
    own = card("bridge", "structured")
    silent = model(form="structured", backend="replay", card_backend="replay")
    assert "model.card_backend" in refusal(own, silent)
    silent = model(form="structured", backend="replay", card_backend="bridge")
    assert "model.backend" in refusal(own, silent)
    assert "backend=replay" in refusal(own, silent, backend="replay")
    served = model(backend="openai", card_backend="hf")
    checked(card("hf"), served, backend="openai")


def test_a_status_is_never_left_out():
    own = card("hf", status="untrained")
    assert "model.status" in refusal(own, model(backend="hf", card_backend="hf"))
