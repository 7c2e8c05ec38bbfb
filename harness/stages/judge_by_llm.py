"""The judges that ask a language model: relevance first, then explanations, in one go each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rarft.harness.judges.applies import applies, without_call
from rarft.harness.judges.case import Case
from rarft.harness.judges.judge_config import JudgeConfig, JudgeEffort
from rarft.harness.judges.llm_judge import LLMJudge, llm_judge
from rarft.harness.judges.prompt import PromptKind
from rarft.harness.metrics.explanations import has_reference
from rarft.harness.stages.ask_judges import (
    Asked,
    Question,
    ask,
    llm_settings,
    make_question,
    open_questions,
)
from rarft.harness.stages.judgement_store import JudgementKey, JudgementStore
from rarft.harness.types import Judgement, Measure, Prediction

Cases = Mapping[JudgementKey, Case]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What every step of judging one directory shares."""

    store: JudgementStore
    config: JudgeConfig
    effort: JudgeEffort
    directory: Path
    show_progress: bool = False


def llm_judges(config: JudgeConfig) -> dict[PromptKind, LLMJudge]:
    """Return the judges that ask an LLM, by what they ask, with the user's prompts in place.

    Raises:
        UserError: a prompt lacks a placeholder.
    """
    return {
        kind: llm_judge(kind, prompt=config.judge_prompt.get(kind), text=config.judge_text)
        for kind in config.llm_kinds
    }


def read_by_llm(
    judging: Judging, cases: Cases, by_rule: Mapping[JudgementKey, Prediction]
) -> tuple[dict[JudgementKey, Prediction], dict[JudgementKey, str], Asked]:
    """Return what each reply says as the LLM reads it, why some are unread, and what that cost.

    A reply without words to read is read by the rule.
    """
    judges = llm_judges(judging.config)
    kind = next(k for k, measures in judging.config.llm_kinds.items() if "relevance" in measures)
    measures = judging.config.llm_kinds[kind]
    settings = llm_settings(judging.config, judging.effort)
    questions: dict[JudgementKey, Question] = {}
    for key, case in cases.items():
        if applies("relevance", case) and without_call("relevance", case) is None:
            wanted = [one for one in measures if has_reference(one, case.query)]
            questions[key] = make_question(key, case, judges[kind], wanted, settings)
    asked = _ask_open(judging, list(questions.values()))
    predictions = {key: by_rule[key] for key in cases if key not in questions}
    unread: dict[JudgementKey, str] = {}
    for key, question in questions.items():
        stored = judging.store.get(key, "relevance", question.basis("relevance"))
        if stored is not None and isinstance(stored.value, Prediction):
            predictions[key] = stored.value
        else:
            unread[key] = stored.reason if stored else "the relevance judge was not asked"
    return predictions, unread, asked


def explain_by_llm(
    judging: Judging,
    cases: Cases,
    by_rule: Cases,
    judgements: Mapping[JudgementKey, dict[Measure, Judgement]],
) -> Asked:
    """Put what an LLM says of each refusal beside the other judgements; return what it cost.

    Args:
        judging: The directory and its judges.
        cases: The irrelevant queries, read by the relevance judge.
        by_rule: The same as the rule reads them: what the combined judge was shown.
        judgements: The judgements so far, which are added to.
    """
    questions = list(_questions(judging, cases, by_rule, judgements))
    asked = _ask_open(judging, questions)
    for question in questions:
        for measure in question.measures:
            stored = judging.store.get(question.key, measure, question.basis(measure))
            if stored is not None:
                judgements[question.key][measure] = stored
    return asked


def _questions(
    judging: Judging,
    cases: Cases,
    by_rule: Cases,
    judgements: Mapping[JudgementKey, dict[Measure, Judgement]],
) -> Iterator[Question]:
    settings = llm_settings(judging.config, judging.effort)
    for kind, judge in llm_judges(judging.config).items():
        measures = judging.config.llm_kinds[kind]
        for key, case in cases.items():
            wanted = [one for one in measures if one != "relevance" and applies(one, case)]
            for measure in wanted:
                known = _known_without_call(measure, case, judge=judge, model=settings.model)
                if known is not None:
                    judgements[key][measure] = known
            wanted = [one for one in wanted if one not in judgements[key]]
            if wanted:
                shown = by_rule[key] if "relevance" in measures else case
                yield make_question(key, shown, judge, wanted, settings)


def _ask_open(judging: Judging, questions: Sequence[Question]) -> Asked:
    left = open_questions(questions, judging.store, retry_unscored=judging.effort.retry_unscored)
    if not left:
        n_unscored = sum(one.is_unscored(judging.store) for one in questions)
        if n_unscored and not judging.effort.offline:
            return Asked(note=f"{n_unscored} replies stay unscored; --retry_unscored asks again")
        return Asked()
    if judging.effort.offline:
        note = f"{len(left)} questions to {judging.config.judge_model} were never asked"
        return Asked(note=note)
    return ask(
        left,
        judging.store,
        llm_settings(judging.config, judging.effort),
        judging.effort,
        judging.directory,
        show_progress=judging.show_progress,
    )


def _known_without_call(
    measure: Measure, case: Case, *, judge: LLMJudge, model: str
) -> Judgement | None:
    """Return the judgement of a reply that says nothing, which no LLM has to be asked for."""
    value = without_call(measure, case)
    if value is None:
        return None
    return Judgement(
        measure=measure, judge=judge.name, version=judge.version, model=model, value=value
    )
