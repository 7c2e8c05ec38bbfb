"""The flags about judges that `rarft-eval run` and `rarft-eval judge` share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from rarft.harness.flags import parse_pairs
from rarft.harness.judges.judge_config import CHOICES, LLM_JUDGES, JudgeConfig
from rarft.harness.judges.prompt import read_prompt_file

Judges = Annotated[
    str | None,
    typer.Option(
        "--judges",
        help="measure=judge,…: relevance=rule|llm|combined, categories=local|llm|combined|none, "
        "similarity=sbert|none, reasoning=none|llm|combined, correction=sbert|none; or llm or "
        "combined alone, for every measure that has it.",
    ),
]
JudgeModel = Annotated[
    str | None, typer.Option("--judge_model", help="The LLM that judges, such as gpt-5-mini.")
]
JudgeBaseUrl = Annotated[
    str | None,
    typer.Option("--judge_base_url", help="An OpenAI-compatible endpoint [OPENAI_BASE_URL]."),
]
JudgeTextOption = Annotated[
    Literal["answer", "official"] | None,
    typer.Option(
        "--judge_text", help="What is judged: the answer, or thinking and answer [answer]."
    ),
]
JudgePrompt = Annotated[
    str | None,
    typer.Option("--judge_prompt", help="kind=FILE,…: your prompts, such as reasoning=mine.txt."),
]
SbertModel = Annotated[
    str | None,
    typer.Option(
        "--sbert_model",
        help="Encoder of similarities [all-MiniLM-L6-v2]; official: all-mpnet-base-v2.",
    ),
]
CategoryWeights = Annotated[
    str | None,
    typer.Option("--category_weights", help="A folder made by `rarft-eval fit-categories`."),
]
JudgeBudget = Annotated[
    float | None,
    typer.Option("--judge_budget", help="USD at most; stops cleanly, the same command goes on."),
]
JudgeConcurrency = Annotated[
    int, typer.Option("--judge_concurrency", help="Calls in flight at once.")
]
JudgeTimeout = Annotated[
    float, typer.Option("--judge_timeout_s", help="Seconds a call may take as a whole.")
]
RetryUnscored = Annotated[
    bool, typer.Option("--retry_unscored", help="Ask again where no usable answer came.")
]
JudgePrices = Annotated[
    Path | None, typer.Option("--judge_prices", help="Your prices, a YAML over the packaged one.")
]

ALONE: Final[dict[str, dict[str, str]]] = {
    name: {measure: name for measure, allowed in CHOICES.items() if name in allowed}
    for name in LLM_JUDGES
}


def parse_judges(value: str) -> dict[str, str]:
    """Return the judge of each named measure.

    `llm` or `combined` alone stands for every measure that it can judge.

    Raises:
        UserError: the value is neither pairs nor the name of an LLM judge.

    Example:
        >>> parse_judges("combined")
        {'relevance': 'combined', 'categories': 'combined', 'reasoning': 'combined'}
        >>> parse_judges("llm,relevance=rule,similarity=none")
        {'relevance': 'rule', 'categories': 'llm', 'reasoning': 'llm', 'similarity': 'none'}
    """
    parts = [part.strip() for part in value.split(",")]
    alone = {measure: judge for part in parts for measure, judge in ALONE.get(part, {}).items()}
    pairs = parse_pairs(",".join(part for part in parts if part not in ALONE), flag="--judges")
    return alone | {one: "none" if judge is None else str(judge) for one, judge in pairs.items()}


def judging_over(base: JudgeConfig, given: Mapping[str, Any]) -> JudgeConfig:
    """Put the judge flags of a command line over a run's own; None is a flag not given.

    Raises:
        UserError: the flags do not fit together.
    """
    values = {item.name: getattr(base, item.name) for item in fields(JudgeConfig)}
    changed = {name: given[name] for name in values if given.get(name) is not None}
    if "judges" in changed:
        changed["judges"] = {**base.judges, **parse_judges(changed["judges"])}
    if "judge_prompt" in changed:
        prompts = parse_pairs(changed["judge_prompt"], flag="--judge_prompt")
        read = {kind: read_prompt_file(Path(str(path))) for kind, path in prompts.items()}
        changed["judge_prompt"] = {**base.judge_prompt, **read}
    if "category_weights" in changed:
        changed["category_weights"] = str(Path(changed["category_weights"]).absolute())
    return JudgeConfig(**(values | changed))
