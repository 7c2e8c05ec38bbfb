"""Which words of a reply, and of a reference, a judge is given.

Special tokens of chat templates are never among them. Of a text longer than 20,000 characters the
two ends are judged. Characters that no server and no tokenizer takes are replaced.
"""

from __future__ import annotations

import re
from typing import Final

from rarft.harness.judges.case import JudgeText
from rarft.harness.parsing.body import Body, make_body
from rarft.harness.parsing.cleaning import collapse, ends_of, strip_special_tokens
from rarft.harness.parsing.tags import iterate_tags, without_markup, without_sections
from rarft.harness.types import Prediction, Query

_MAX_REPLY_CHARS: Final = 200_000
_MAX_JUDGED_CHARS: Final = 20_000
_UNSENDABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_NIL_LINE: Final = re.compile(r"(?m)^[ \t]*NIL[ \t]*$\n?")


def judged_text(reply_text: str, prediction: Prediction, *, text: JudgeText) -> str:
    r"""Return what of a reply is judged as its explanation.

    `answer` is the paper's definition (Section 3.2): the content of the last answer block. Without
    one it is the explanation that the parser found, else the reply without thinking and correction.
    `official` is what the authors' code scores: the whole reply with its thinking, without closed
    correction blocks, tag markers and lines that hold NIL alone.

    Args:
        reply_text: The reply as the model wrote it.
        prediction: What the relevance judge reads in it.
        text: Which of the two definitions is used.

    Example:
        >>> reply = "<think>A cat.</think><answer>No dog.</answer><correction>a cat</correction>"
        >>> refused = Prediction(kind="refused", explanation="No dog.")
        >>> judged_text(reply, refused, text="answer")
        'No dog.'
        >>> judged_text(reply, refused, text="official")
        'A cat.  No dog.'
    """
    if text == "official":
        return _official_text(reply_text)
    body = _body(reply_text)
    section = body.last("answer")
    if section is not None:
        words = section.text
    elif prediction.kind == "refused" and prediction.explanation:
        words = prediction.explanation
    else:
        words = without_sections(body.visible)
    return _judgeable(collapse(without_markup(words)))


def relevance_text(reply_text: str) -> str:
    """Return what the first step of the official protocol reads: the answer without thinking.

    Without an answer block it is the whole reply without thinking. The last answer block counts,
    as everywhere here; the authors' code takes the first.

    Example:
        >>> relevance_text("<think>It is 3 to 5.</think><answer>6 to 7</answer>")
        '6 to 7'
        >>> relevance_text("<think>Hm.</think>There is no dog.")
        'There is no dog.'
    """
    body = _body(reply_text)
    section = body.last("answer")
    return _judgeable(_NIL_LINE.sub("", section.text if section else body.visible))


def reference_text(query: Query, *, text: JudgeText) -> str:
    """Return the reference refusal that a reply is compared with; the same for both choices.

    It is the reference answer without tags and correction. The authors' code keeps what stands in
    the reference's `<correct>` block, which only the human set has.

    Example:
        >>> query = Query(id="0", task="t", video="v.mp4", text="a dog", relevant=False,
        ...               record="0", refusal="The animal is a cat.")
        >>> reference_text(query, text="official")
        'The animal is a cat.'
    """
    return _judgeable(query.refusal)


def _body(reply_text: str) -> Body:
    return make_body(reply_text, duration_s=None, frame_times_s=None)


def _official_text(reply_text: str) -> str:
    exact = strip_special_tokens(ends_of(reply_text, n_chars=_MAX_REPLY_CHARS))
    kept: list[str] = []
    cursor, opened = 0, None
    for tag in iterate_tags(exact):
        if tag.name != "correction":
            continue
        if not tag.closes:
            opened = tag.start if opened is None else opened
        elif opened is not None:
            kept.append(exact[cursor:opened])
            cursor, opened = tag.end, None
    words = without_markup("".join([*kept, exact[cursor:]]))
    return _judgeable(_NIL_LINE.sub("", words))


def _judgeable(text: str) -> str:
    clean = _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return ends_of(clean.strip(), n_chars=_MAX_JUDGED_CHARS)
