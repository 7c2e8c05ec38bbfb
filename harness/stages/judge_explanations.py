"""How refusals of irrelevant queries explain themselves, by the judges that ask no LLM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rarft.harness.judges.applies import applies
from rarft.harness.judges.case import Case
from rarft.harness.judges.encoder import encoder_identity
from rarft.harness.judges.judge_config import LLM_JUDGES, NONE, JudgeConfig
from rarft.harness.progress import track
from rarft.harness.stages.judgement_store import (
    Entry,
    JudgementKey,
    JudgementStore,
    basis_digest,
)
from rarft.harness.types import Judgement, Measure

GROUP_CASES = 512
LOCAL_MEASURES: Final[tuple[Measure, ...]] = ("categories", "similarity", "correction")

Cases = Mapping[JudgementKey, Case]
LocalJudge = Callable[[Sequence[Case]], Sequence[Judgement]]


def explain_here(
    cases: Cases,
    judgements: Mapping[JudgementKey, dict[Measure, Judgement]],
    store: JudgementStore,
    config: JudgeConfig,
    *,
    show_progress: bool,
) -> None:
    """Add what the judges that ask nobody say of each case to its judgements."""
    for measure in LOCAL_MEASURES:
        asked = {key: case for key, case in cases.items() if applies(measure, case)}
        if asked and config.judge_of(measure) not in (NONE, *LLM_JUDGES):
            found = _stored_or_made(measure, asked, store, config, show_progress=show_progress)
            for key, judgement in found.items():
                judgements[key][measure] = judgement


def _stored_or_made(
    measure: Measure,
    cases: Cases,
    store: JudgementStore,
    config: JudgeConfig,
    *,
    show_progress: bool,
) -> dict[JudgementKey, Judgement]:
    identity = local_identity(measure, config)
    bases = {
        key: basis_digest(measure, identity, *_compared(measure, case))
        for key, case in cases.items()
    }
    found: dict[JudgementKey, Judgement] = {}
    for key, basis in bases.items():
        stored = store.get(key, measure, basis)
        if stored is not None:
            found[key] = stored
    left = [key for key in cases if key not in found]
    if not left:
        return found
    judge = _local_judge(measure, config)
    with track(f"{measure} judged", len(left), shown=show_progress) as advance:
        for start in range(0, len(left), GROUP_CASES):
            keys = left[start : start + GROUP_CASES]
            made = dict(zip(keys, judge([cases[key] for key in keys]), strict=True))
            store.put(
                [Entry(key=key, basis=bases[key], judgement=one) for key, one in made.items()]
            )
            found.update(made)
            advance(len(keys))
    return found


def _compared(measure: Measure, case: Case) -> tuple[str | None, ...]:
    """Return the texts that a local judge sees."""
    if measure == "similarity":
        return (case.text, case.query.refusal)
    if measure == "correction":
        return (case.prediction.correction, case.query.relevant_query)
    return (case.text,)


def local_identity(measure: Measure, config: JudgeConfig) -> dict[str, str]:
    """Return the name, version and model of a judge that asks nobody."""
    from rarft.harness.judges import local_categories, similarity

    if measure == "categories":
        weights = local_categories.load_weights(_weights_folder(config))
        return {
            "judge": local_categories.NAME,
            "version": local_categories.VERSION,
            "model": weights.identity,
        }
    model = encoder_identity(config.sbert_model)
    return {"judge": similarity.NAME, "version": similarity.VERSION, "model": model}


def _local_judge(measure: Measure, config: JudgeConfig) -> LocalJudge:
    from rarft.harness.judges import local_categories, similarity

    if measure == "categories":
        weights = local_categories.load_weights(_weights_folder(config))
        return lambda cases: local_categories.judge_categories(cases, weights=weights)
    judge = similarity.judge_similarity if measure == "similarity" else similarity.judge_correction
    return lambda cases: judge(cases, encoder=config.sbert_model)


def _weights_folder(config: JudgeConfig) -> Path | None:
    return Path(config.category_weights) if config.category_weights else None
