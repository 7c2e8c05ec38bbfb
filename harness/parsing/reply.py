"""parse_reply: from the text of a reply to a Prediction."""

from collections.abc import Sequence
from dataclasses import replace

from rarft.harness.parsing.body import Body, make_body
from rarft.harness.parsing.cleaning import binary_reason
from rarft.harness.parsing.forms import FORM_READERS, FORMS, Form, read_form
from rarft.harness.parsing.spans import order_flags
from rarft.harness.types import Prediction


def parse_reply(
    text: str,
    *,
    form: Form = "generic",
    duration_s: float | None = None,
    frame_times_s: Sequence[float] | None = None,
) -> Prediction:
    """Read a reply as grounded, refused or unparsed; never raise for any text.

    Args:
        text: the reply as the model wrote it, special tokens included.
        form: the output form the model's card declares; another shape is read by `generic`.
        duration_s: length of the video in seconds, for percents and the flag beyond_end.
        frame_times_s: when each shown frame is, for frame numbers. Shape: (n_frames,).

    Raises:
        ValueError: the form is unknown.

    Example:
        >>> parse_reply("<think>..</think><answer>12.54 to 17.83</answer>").spans
        (Span(start_s=12.54, end_s=17.83),)
        >>> parse_reply("The video does not show a dog; from 3.2 to 12.5 a man cooks.").kind
        'refused'
        >>> parse_reply("I cannot watch videos.").kind
        'unparsed'
    """
    if form not in FORM_READERS:
        raise ValueError(f"got {form = }, expected one of {', '.join(FORMS)}")
    reason = binary_reason(text)
    if reason:
        return Prediction(kind="unparsed", reason=reason)
    body = make_body(text, duration_s=duration_s, frame_times_s=frame_times_s)
    if not body.exact:
        return Prediction(kind="unparsed", reason="empty reply")
    if body.had_thinking and not body.visible.strip():
        prediction = Prediction(kind="unparsed", reason="no answer after <think>")
    else:
        prediction = replace(read_form(body, form), correction=body.correction)
    return replace(prediction, flags=order_flags((*prediction.flags, *_tag_flags(body))))


def _tag_flags(body: Body) -> list[str]:
    correction = body.last("correction")
    unclosed = not body.think_closed or (correction is not None and not correction.closed)
    return ["unclosed_tag"] if unclosed else []
