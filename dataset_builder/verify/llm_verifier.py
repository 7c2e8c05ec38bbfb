"""A language model reads what the rules let through, and may object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.limits import Checks
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.judges.categories import CategoryPaths
from rarft.harness.judges.prompt import GUARD
from rarft.harness.llm import AnswerCache, LLMAnswer, LLMRequest, Message, answer_all

CHECK: Final = "llm"
VERSION: Final = "1"
MOST_OTHERS: Final = 30
"""Further true queries of the video that are shown; the rules have seen all of them."""
_PROMPT: Final = Path(__file__).parent / "prompts" / "verifier.txt"


class Verified(BaseModel):
    """What the verifier answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    still_true: bool
    true_by: list[int]
    edited: CategoryPaths
    refusal: Literal["good", "vague", "leaking"]


def llm_findings(
    candidates: Sequence[Candidate], *, rows: VideoQueries, checks: Checks
) -> list[list[Finding]]:
    """Return what the language model objects to in each candidate.

    A candidate that was not answered about is not accepted: it gets the finding "model". Answers
    are cached, so that asking again costs nothing.

    Raises:
        UserError: the model cannot be reached.
    """
    assert checks.llm is not None
    requests = [_request(candidate, rows) for candidate in candidates]
    answers: dict[int, LLMAnswer] = {}
    with AnswerCache() as cache_of_answers:
        spending = answer_all(
            requests, checks.llm, cache=cache_of_answers, on_answers=lambda got: answers.update(got)
        )
    if checks.on_spending is not None:
        checks.on_spending(spending)
    unasked = LLMAnswer(failure="it was not asked, the budget is used up")
    return [
        list(_objections(candidate, answers.get(at, unasked), rows))
        for at, candidate in enumerate(candidates)
    ]


def _request(candidate: Candidate, rows: VideoQueries) -> LLMRequest:
    system, user, digest = _prompt()
    content = {
        "original": rows.row(candidate.query_id).query.text,
        "other_true": [other.text for other in rows.others(candidate.query_id)[:MOST_OTHERS]],
        "rewrite": candidate.text,
        "refusal": candidate.refusal,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return LLMRequest(
        name="verify",
        version=f"{VERSION}+{digest[:8]}",
        messages=(Message("system", system), Message("user", user.replace("{input}", text))),
        schema=Verified,
    )


@cache
def _prompt() -> tuple[str, str, str]:
    text = _PROMPT.read_text(encoding="utf-8")
    system, _, user = text.removeprefix("[SYSTEM]\n").partition("\n[USER]\n")
    return f"{system.strip()}\n\n{_OF_JSON}", user.strip(), prompt_sha256()


def prompt_sha256() -> str:
    """Return the digest of the packaged prompt."""
    return hashlib.sha256(_PROMPT.read_bytes()).hexdigest()


_OF_JSON: Final = GUARD.replace(
    "stands between two boundary lines that carry the same code.",
    "is a value of a JSON object.",
)


def _objections(candidate: Candidate, answer: LLMAnswer, rows: VideoQueries) -> Iterator[Finding]:
    if answer.value is None:
        detail = f"the verifier gave no answer: {answer.failure}"
        yield Finding(reason="model", detail=detail, check=CHECK)
        return
    said = answer.value
    assert isinstance(said, Verified)
    if said.still_true:
        detail = "true wherever the original is"
        yield Finding(reason="paraphrase", detail=detail, check=CHECK)
    others = rows.others(candidate.query_id)[:MOST_OTHERS]
    for number in said.true_by:
        if 0 <= number < len(others):
            detail = f"it follows from the true query {others[number].id}"
            yield Finding(reason="true_elsewhere", detail=detail, check=CHECK)
    for category in candidate.categories:
        if category not in said.edited:
            detail = f"{category} is planned and not edited"
            yield Finding(reason="category", detail=detail, check=CHECK)
    if said.refusal == "vague":
        detail = "the refusal does not name the mismatch"
        yield Finding(reason="refusal", detail=detail, check=CHECK)
    elif said.refusal == "leaking":
        detail = "the refusal gives away how it was written"
        yield Finding(reason="leak", detail=detail, check=CHECK)
