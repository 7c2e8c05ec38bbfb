"""A language model reads what the rules let through, and may object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from rarft.dataset_builder.build_calls import Asked, ask_step, usage_of
from rarft.dataset_builder.config import LLMEffort
from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.limits import Checks
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.judges.categories import CategoryPaths
from rarft.harness.judges.prompt import GUARD
from rarft.harness.llm import LLMAnswer, LLMRequest, Message

STEP: Final = "verify"
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
) -> tuple[list[list[Finding] | None], Asked]:
    """Return what the language model objects to in each candidate, and what that has cost.

    A candidate whose answer cannot be used is not accepted: it gets the finding "model". One that
    the budget left unasked, or that waits in a batch, has None. Answers are cached, so that asking
    again costs nothing.

    Raises:
        UserError: the model cannot be reached.
    """
    assert checks.llm is not None
    answers: dict[str, LLMAnswer] = {}
    asked = ask_step(
        STEP,
        candidates,
        lambda candidate: _request(candidate, rows),
        lambda got: answers.update((candidate.id, answer) for candidate, answer in got),
        checks.llm,
        LLMEffort(batch=checks.by_batch),
        checks.directory,
    )
    if checks.on_asked is not None:
        checks.on_asked(asked, {id_: usage_of(answer) for id_, answer in answers.items()})
    found = [
        list(_objections(candidate, answers[candidate.id], rows))
        if candidate.id in answers
        else None
        for candidate in candidates
    ]
    return found, asked


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
        name=STEP,
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
