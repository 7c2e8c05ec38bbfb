from rarft.harness.judges.rule import frame_times_s, judge_reply
from rarft.harness.types import Reply, Span


def test_times_of_a_clip_are_moved_to_the_file() -> None:
    reply = Reply(text="<answer>1.0 to 2.5</answer>", n_frames=8, effective_fps=2.0)
    prediction = judge_reply(reply, form="answer_tag", duration_s=100.0, clip=Span(30.0, 34.0))
    assert prediction.spans == (Span(31.0, 32.5),)
    assert prediction.flags == ()


def test_replayed_times_stay_as_they_are() -> None:
    reply = Reply(text="<answer>31.0 to 32.5</answer>")
    prediction = judge_reply(reply, form="answer_tag", duration_s=100.0, clip=Span(30.0, 34.0))
    assert prediction.spans == (Span(31.0, 32.5),)


def test_a_structured_reply_needs_no_text() -> None:
    reply = Reply(relevant=True, spans=(Span(1.0, 2.0),))
    assert judge_reply(reply, form="structured", duration_s=None).spans == (Span(1.0, 2.0),)
    assert judge_reply(Reply(relevant=False), form="structured", duration_s=None).kind == "refused"


def test_frames_have_times_where_their_rate_is_known() -> None:
    assert frame_times_s(Reply(text="", n_frames=4, effective_fps=2.0)) == [0.0, 0.5, 1.0, 1.5]
    assert frame_times_s(Reply(text="")) is None
