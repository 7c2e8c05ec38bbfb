"""LLM judges: what each asks about a case, and what its answer says about which measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from rarft.harness.judges.applies import Value, applies
from rarft.harness.judges.case import Case, JudgeText
from rarft.harness.judges.categories import Categories, categories_texts, read_categories
from rarft.harness.judges.combined import combined_schema, combined_texts, read_combined
from rarft.harness.judges.prompt import PromptKind, make_prompt
from rarft.harness.judges.reasoning import Score, read_reasoning, reasoning_texts
from rarft.harness.judges.relevance import Relevance, read_relevance, relevance_texts
from rarft.harness.llm.request import LLMAnswer, LLMRequest
from rarft.harness.types import Judgement, Measure

Texts = Callable[[Case], Mapping[str, str]]
Read = Callable[[BaseModel, Case], Mapping[Measure, Value | None]]

VERSION: Final = "1"
_OWED: Final = "the judge gave no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMJudge:
    """One question to a language model about a reply, and the measures its answer gives.

    `version` names the code and the prompt. A value of None in what `read` returns is unscored.
    """

    name: Literal["llm", "combined"]
    measures: tuple[Measure, ...]
    version: str
    prompt_sha256: str
    build: Callable[[Case], LLMRequest]
    read: Read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    schema: Callable[[Case], type[BaseModel]]
    measures: tuple[Measure, ...]
    texts: Callable[[JudgeText], Texts]
    read: Read


_KINDS: Final[dict[PromptKind, _Kind]] = {
    "relevance": _Kind(
        schema=lambda _: Relevance,
        measures=("relevance",),
        texts=lambda _: relevance_texts,
        read=read_relevance,
    ),
    "categories": _Kind(
        schema=lambda _: Categories,
        measures=("categories",),
        texts=lambda _: categories_texts,
        read=read_categories,
    ),
    "reasoning": _Kind(
        schema=lambda _: Score,
        measures=("reasoning",),
        texts=reasoning_texts,
        read=read_reasoning,
    ),
    "combined": _Kind(
        schema=combined_schema,
        measures=("relevance", "categories", "reasoning"),
        texts=combined_texts,
        read=read_combined,
    ),
}


def llm_judge(
    kind: PromptKind, *, prompt: str | None = None, text: JudgeText = "answer"
) -> LLMJudge:
    """Return the judge of that kind.

    Args:
        kind: What is asked.
        prompt: The text of a prompt that replaces the packaged one.
        text: Which words of a reply `Case.text` holds.

    Raises:
        UserError: the prompt has another layout, or lacks or misplaces a placeholder.

    Example:
        >>> judge = llm_judge("reasoning")
        >>> judge.name, judge.measures, judge.version[:2]
        ('llm', ('reasoning',), '1+')
    """
    filled = make_prompt(kind, prompt)
    made = _KINDS[kind]
    texts = made.texts(text)
    version = f"{VERSION}+{filled.sha256[:8]}"

    def build(case: Case) -> LLMRequest:
        return LLMRequest(
            name=kind,
            version=version,
            messages=filled.messages(texts(case)),
            schema=made.schema(case),
        )

    return LLMJudge(
        name="combined" if kind == "combined" else "llm",
        measures=made.measures,
        version=version,
        prompt_sha256=filled.sha256,
        build=build,
        read=made.read,
    )


def judgements_of(
    judge: LLMJudge, case: Case, answer: LLMAnswer, *, model: str
) -> dict[Measure, Judgement]:
    """Return what an answer says about each measure that applies to the case.

    A failed answer leaves every measure that applies by the prediction at hand unscored, with the
    reason; so does a value the judge owes.
    """
    values: Mapping[Measure, Value | None]
    if answer.value is None:
        values = {measure: None for measure in judge.measures if applies(measure, case)}
    else:
        values = judge.read(answer.value, case)
    reason = answer.failure or _OWED
    return {
        measure: Judgement(
            measure=measure,
            judge=judge.name,
            version=judge.version,
            model=model,
            value=value,
            reason=reason if value is None else "",
        )
        for measure, value in values.items()
    }
