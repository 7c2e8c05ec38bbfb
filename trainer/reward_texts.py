"""What a completion says, read once for all rewards by the parser of the harness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from rarft.harness.parsing.body import Body, clean_correction, make_body, readable
from rarft.harness.parsing.clauses import find_named_pairs
from rarft.harness.parsing.cleaning import binary_reason, collapse
from rarft.harness.parsing.forms import read_text
from rarft.harness.parsing.json_spans import read_json
from rarft.harness.parsing.pairs import find_pairs
from rarft.harness.parsing.shapes import is_answer_correction
from rarft.harness.parsing.spans import make_spans
from rarft.harness.parsing.tags import without_markup
from rarft.harness.parsing.verdict import is_none_word
from rarft.harness.types import Kind, Span

Completion = str | Sequence[Mapping[str, Any]] | None
"""What TRL hands over: a text, or the messages that follow a conversation's prompt."""

_N_REMEMBERED: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCompletion:
    """One completion as the rewards see it.

    `answer` is the text of the last answer block, None where no block is opened and closed. `spans`
    are all that it names, `kind` is what the harness makes of it. `correction` is None where there
    is none, where its tag is not closed, or where it is a word such as NIL; that is `is_nil`.
    """

    format_ok: bool = False
    answer: str | None = None
    kind: Kind = "unparsed"
    spans: tuple[Span, ...] = ()
    correction: str | None = None
    is_nil: bool = False


def completion_text(completion: Completion) -> str:
    """Return the text of a completion: that of the last message where it is a list of messages.

    Example:
        >>> completion_text("a"), completion_text([{"role": "assistant", "content": "b"}])
        ('a', 'b')
        >>> completion_text([{"role": "assistant", "content": [{"type": "text", "text": "c"}]}])
        'c'
    """
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") if completion else None
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content or ())


def read_completions(completions: Sequence[Completion]) -> list[ReadCompletion]:
    """Return what each completion says; equal texts are read once, by whatever reward."""
    return [read_completion(completion_text(completion)) for completion in completions]


@lru_cache(maxsize=_N_REMEMBERED)
def read_completion(text: str) -> ReadCompletion:
    """Return what a completion says; never raises for any text.

    Example:
        >>> said = read_completion("<answer>3 to 5 s</answer><correct>NIL</correct>")
        >>> said.format_ok, said.kind, said.spans, said.is_nil
        (False, 'grounded', (Span(start_s=3.0, end_s=5.0),), True)
        >>> read_completion("<answer>No dog runs from 3.0 to 5.0 s.</answer>").spans
        (Span(start_s=3.0, end_s=5.0),)
        >>> read_completion("3 to 5").answer is None
        True
    """
    if binary_reason(text):
        return ReadCompletion()
    body = make_body(text, duration_s=None, frame_times_s=None)
    correction = _closed(body, "correction")
    answer = _closed(body, "answer")
    said = ReadCompletion(
        format_ok=is_answer_correction(body.exact),
        correction=None if correction is None else clean_correction(correction),
        is_nil=correction is not None and is_none_word(without_markup(correction)),
    )
    if answer is None:
        return said
    prediction = read_text(answer, body, tagged=True)
    return replace(
        said,
        answer=collapse(without_markup(answer)),
        kind=prediction.kind,
        spans=prediction.spans or _spans(answer),
    )


def time_text(spans: Sequence[Span]) -> str:
    """Return the answer that a relevant query's reference is, empty where there is none.

    Example:
        >>> time_text([Span(2.5, 4.0)])
        '2.50 to 4.00'
    """
    return f"{spans[0].start_s:.2f} to {spans[0].end_s:.2f}" if spans else ""


def _closed(body: Body, name: str) -> str | None:
    """Return a section's text; one that was cut off by the limit of tokens says nothing."""
    section = body.last(name)
    return section.text if section is not None and section.closed else None


def _spans(answer: str) -> tuple[Span, ...]:
    """Return what an answer names although the harness takes it for a refusal."""
    plain = readable(without_markup(answer))
    value = read_json(plain, anywhere=True)
    pairs = value.pairs if value is not None else ()
    return make_spans(pairs or find_pairs(plain) or find_named_pairs(plain)).spans
