"""Which predictions follow from their replies, by rule, by a language model, and without words."""

from dataclasses import replace
from pathlib import Path

import pytest

from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import JudgeConfig
from rarft.harness.judges.relevance import predict
from rarft.harness.judges.rule import judge_reply
from rarft.harness.report.schema import ModelEntry, Results
from rarft.harness.run_config import RunConfig
from rarft.harness.types import Prediction, Query, Reply, Span
from rarft.leaderboard.entries import EntryRefused
from rarft.leaderboard.types import Sample
from rarft.leaderboard.verification.answered import Answered
from rarft.leaderboard.verification.claims import Claims
from rarft.leaderboard.verification.predictions import check_predictions

BY_LLM = JudgeConfig(judges={"relevance": "llm"}, judge_model="judge-1")


def claims(form="prose", backend="hf", **flags):
    config = RunConfig(model="m", tasks=("t",), **flags)
    results = Results(
        schema_version=1, model=ModelEntry(name="m"), results={}, provenance={"backend": backend}
    )
    return Claims(path=Path("entry"), results=results, config=config, form=form, tier=None)


def answered(prediction, reply="2.0 to 5.0", number=0, clip=None, duration_s=30.0, **frames):
    query = Query(
        id=str(number), task="t", video="a.mp4", text="a dog", relevant=True, record="0",
        duration_s=duration_s, clip=clip,
    )  # fmt: skip
    sample = Sample(query_id=query.id, status="scored", reply=reply, **frames)
    return Answered(query=query, sample=sample, prediction=prediction, speaks=bool(reply))


def read(reply, form="prose", **named):
    return judge_reply(Reply(text=reply, **named), form=form, duration_s=30.0)


def outcomes(checks):
    return [(check.name, check.outcome) for check in checks]


def refusal(call, reason="prediction_differs"):
    with pytest.raises(EntryRefused) as refused:
        call()
    assert refused.value.reason == reason
    return str(refused.value)


def test_what_the_rule_reads_passes():
    checks = check_predictions("t", [answered(read("2.0 to 5.0"))], claims())
    assert outcomes(checks) == [("replies", "passed")]
    assert checks[0].detail == "1 replies read again by form prose"


def test_a_moved_span_is_refused_with_the_field_and_both_values():
    moved = replace(read("2.0 to 5.0"), spans=(Span(2.5, 5.0),))
    message = refusal(lambda: check_predictions("t", [answered(moved)], claims()))
    assert "query 0: got the prediction's spans [[2.5, 5.0]], expected [[2.0, 5.0]]" in message


def test_times_of_a_clip_count_from_its_start_for_every_reply_or_for_none():
    clip = Span(10.0, 40.0)
    moved = replace(read("2.0 to 5.0"), spans=(Span(12.0, 15.0),))
    both = [
        answered(moved, clip=clip, n_frames=8),
        answered(moved, number=1, clip=clip, n_frames=8),
    ]
    assert outcomes(check_predictions("t", both, claims())) == [("replies", "passed")]
    untold = [answered(read("2.0 to 5.0"), clip=clip)]
    assert outcomes(check_predictions("t", untold, claims())) == [("replies", "passed")]
    mixed = [both[0], answered(read("2.0 to 5.0"), number=1, clip=clip)]
    assert "query '1'" in refusal(lambda: check_predictions("t", mixed, claims()), "bad_sample")
    unmoved = [answered(read("2.0 to 5.0"), clip=clip, n_frames=8)]
    assert "query 0" in refusal(lambda: check_predictions("t", unmoved, claims()))


def counting(number=0, reply="frames 3 to 5", duration_s=4.0, **frames):
    """A reply in frames, read with the frames that the entry tells."""
    told = judge_reply(Reply(text=reply, **frames), form="frames", duration_s=duration_s)
    return answered(told, reply, number=number, duration_s=duration_s, **frames)


def test_replies_in_frames_are_read_again_by_the_frames_shown():
    one = counting(n_frames=8, effective_fps=2.0)
    assert one.prediction.spans == (Span(1.0, 2.0),)
    checks = check_predictions("t", [one], claims("frames"))
    assert outcomes(checks) == [("replies", "passed"), ("frames", "taken")]
    moved = replace(one, prediction=replace(one.prediction, spans=(Span(1.5, 2.5),)))
    refusal(lambda: check_predictions("t", [moved], claims("frames")))


def test_frames_of_another_length_than_the_video_leave_the_entry_partial():
    slow = counting(n_frames=8, effective_fps=0.5)
    checks = check_predictions("t", [slow], claims("frames"))
    assert outcomes(checks) == [("replies", "passed"), ("frames", "lacking")]
    other_video = check_predictions("t", [slow], claims("frames", video_input="other"))
    assert outcomes(other_video) == [("replies", "passed"), ("frames", "taken")]


@pytest.mark.parametrize(
    "other",
    [{"n_frames": 9, "effective_fps": 2.0}, {"n_frames": 8}, {}],
    ids=["more", "no rate", "none"],
)
def test_frames_do_not_differ_between_replies_to_queries_of_one_video(other):
    both = [counting(n_frames=8, effective_fps=2.0), counting(1, **other)]
    assert "query '1'" in refusal(
        lambda: check_predictions("t", both, claims("frames")), "bad_sample"
    )


def test_candidates_of_a_repeated_query_are_taken_but_not_those_of_a_single_one():
    refused = replace(read("There is no dog."), candidates=(Span(1.0, 2.0),))
    one = answered(refused, "There is no dog.")
    checks = check_predictions("t", [one], claims(repeats=3))
    assert outcomes(checks) == [("replies", "passed"), ("repeats", "taken")]
    refusal(lambda: check_predictions("t", [one], claims()))


@pytest.mark.parametrize("verdict", ["relevant", "irrelevant"])
def test_verdict_and_span_of_a_language_model_are_taken_and_nothing_else(verdict):
    reply = "<answer>The dog runs at 7 down to 3.</answer>"
    one = answered(None, reply)
    rule = read(reply)
    case = Case(query=one.query, reply=Reply(text=reply), prediction=rule, text="")
    told = predict(case, relevance=verdict, span=[7.0, 3.0])
    checks = check_predictions("t", [replace(one, prediction=told)], claims(judging=BY_LLM))
    assert outcomes(checks) == [("replies", "taken")]
    assert "judge-1" in checks[0].detail
    forged = replace(one, prediction=replace(told, explanation="There is a cat."))
    refusal(lambda: check_predictions("t", [forged], claims(judging=BY_LLM)))


def test_a_reply_without_words_is_no_matter_of_a_language_model():
    reply = "<think>A dog.</think>"
    claimed = Prediction(kind="grounded", spans=(Span(1.0, 2.0),))
    one = answered(claimed, reply)
    refusal(lambda: check_predictions("t", [one], claims(judging=BY_LLM)))


def test_an_answer_without_words_is_the_models_own():
    told = Prediction(kind="grounded", spans=(Span(1.0, 2.0),), format_ok=True)
    silent = [answered(told, reply="")]
    checks = check_predictions("t", silent, claims("structured", backend="bridge"))
    assert outcomes(checks) == [("replies", "taken")]


@pytest.mark.parametrize(
    "wrong",
    [
        Prediction(kind="refused", explanation="No dog.", format_ok=True),
        Prediction(kind="refused", correction="a cat", format_ok=True),
        Prediction(kind="refused", spans=(Span(1.0, 2.0),), format_ok=True),
        Prediction(kind="grounded", spans=(Span(1.0, 2.0),)),
        Prediction(kind="unparsed", reason="something else"),
    ],
    ids=["explains", "corrects", "refuses with spans", "is badly formed", "has another reason"],
)
def test_an_answer_without_words_says_no_more_than_it_can(wrong):
    silent = [answered(wrong, reply="")]
    refusal(lambda: check_predictions("t", silent, claims("structured", backend="bridge")))


@pytest.mark.parametrize(("form", "backend"), [("structured", "vllm"), ("prose", "replay")])
def test_a_model_that_speaks_does_not_answer_without_words(form, backend):
    told = Prediction(kind="refused", format_ok=True)
    reply = '{"relevant": true}' if form == "structured" else "2.0 to 5.0"
    spoken = answered(read(reply, form), reply)
    both = [spoken, answered(told, reply="", number=1)]
    message = refusal(lambda: check_predictions("t", both, claims(form, backend)))
    assert "query '1' without a reply" in message


def test_a_bridged_model_with_a_form_of_words_does_not_answer_without_any():
    told = Prediction(kind="refused", format_ok=True)
    silent = [answered(told, reply=""), answered(told, reply="", number=1)]
    refusal(lambda: check_predictions("t", silent, claims("prose", backend="bridge")))
    elsewhere = check_predictions("t", silent, claims("generic", backend="replay"))
    assert outcomes(elsewhere) == [("replies", "taken")]


def test_it_is_said_how_often_a_language_model_reads_otherwise_than_the_rule():
    one = answered(None, "<answer>2.0 to 5.0</answer>")
    case = Case(query=one.query, reply=one.reply, prediction=read(one.sample.reply), text="")
    same = predict(case, relevance="relevant", span=[2.0, 5.0])
    other = predict(case, relevance="relevant", span=[2.0, 9.0])
    both = [replace(one, prediction=same), replace(one, prediction=other)]
    (check,) = check_predictions("t", both, claims(judging=BY_LLM))
    assert "1 of them otherwise than the rule reads them" in check.detail


def test_queries_without_a_score_have_nothing_to_read():
    lost = replace(answered(None), sample=Sample(query_id="0", status="missing"))
    assert check_predictions("t", [lost], claims()) == ()
