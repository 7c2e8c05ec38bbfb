"""`rarft-eval judge`: judge the stored replies of a run by other judges, and score them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rarft.harness.commands.judge_options import (
    CategoryWeights,
    JudgeBaseUrl,
    JudgeBudget,
    JudgeConcurrency,
    JudgeModel,
    JudgePrices,
    JudgePrompt,
    Judges,
    JudgeTextOption,
    JudgeTimeout,
    RetryUnscored,
    SbertModel,
    judging_over,
)
from rarft.harness.commands.show_results import show_results
from rarft.harness.errors import UserError
from rarft.harness.judges.judge_config import JudgeEffort
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S


def judge_command(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="A run's output directory; or give --responses.")
    ] = None,
    responses: Annotated[
        Path | None,
        typer.Option("--responses", help="A run's output directory, or its responses.jsonl."),
    ] = None,
    judges: Judges = None,
    judge_model: JudgeModel = None,
    judge_base_url: JudgeBaseUrl = None,
    judge_text: JudgeTextOption = None,
    judge_prompt: JudgePrompt = None,
    sbert_model: SbertModel = None,
    category_weights: CategoryWeights = None,
    judge_budget: JudgeBudget = None,
    judge_concurrency: JudgeConcurrency = N_CONCURRENT,
    judge_timeout_s: JudgeTimeout = TIMEOUT_S,
    judge_prices: JudgePrices = None,
    retry_unscored: RetryUnscored = False,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Send by the Batch API; the same command collects later."),
    ] = False,
) -> None:
    """Judge what a run has stored, and score it; nothing already judged is judged again."""
    from rarft.harness.rescore import rejudge
    from rarft.harness.stages.run_record import read_record

    run = run_directory(directory, responses)
    judging = judging_over(read_record(run)[0].config.judging, context.params)
    effort = JudgeEffort(
        judge_budget=judge_budget,
        judge_concurrency=judge_concurrency,
        judge_timeout_s=judge_timeout_s,
        judge_prices=judge_prices,
        retry_unscored=retry_unscored,
        batch=batch,
    )
    rejudge(run, judging, effort=effort, show_progress=True, say=say)
    show_results(run)


def say(line: str) -> None:
    """Print a line about the work, not about the results."""
    print(line, file=sys.stderr)


def run_directory(directory: Path | None, responses: Path | None) -> Path:
    """Return the run that is meant.

    Raises:
        UserError: no run, or two, are named.
    """
    if (directory is None) == (responses is None):
        raise UserError(
            "got no run to judge, or two, expected one; give its output directory, as an argument "
            "or by --responses"
        )
    named = directory or responses
    assert named is not None  # narrowed for the type checker by the check above
    return named.parent if named.name == "responses.jsonl" else named
