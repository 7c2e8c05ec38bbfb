"""`rarft-data balance`: which candidate stands for each plan, and the accepted rows."""

from __future__ import annotations

import typer

from rarft.dataset_builder.commands.build_options import (
    Batch,
    ConfigFile,
    Directory,
    GuessRounds,
    GuessTarget,
    LLMBaseUrl,
    LLMBudget,
    LLMConcurrency,
    LLMModel,
    LLMPrices,
    LLMTimeout,
    Prompts,
    RetryFailed,
    building_of,
    say,
)
from rarft.dataset_builder.store import ACCEPTED
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S


def balance_command(
    context: typer.Context,
    directory: Directory,
    config: ConfigFile = None,
    guess_target: GuessTarget = None,
    guess_rounds: GuessRounds = None,
    llm_model: LLMModel = None,
    llm_base_url: LLMBaseUrl = None,
    prompts: Prompts = None,
    llm_budget: LLMBudget = None,
    llm_concurrency: LLMConcurrency = N_CONCURRENT,
    llm_timeout_s: LLMTimeout = TIMEOUT_S,
    llm_prices: LLMPrices = None,
    retry_failed: RetryFailed = False,
    batch: Batch = False,
) -> None:
    """Choose candidates that words alone do not tell from relevant queries; write what is taken."""
    from rarft.dataset_builder.build_steps import balance_step
    from rarft.dataset_builder.build_summary import summary_lines

    built = balance_step(building_of(directory, context.params, config=config))
    for line in summary_lines(built, directory):
        say(line)
    print(directory / ACCEPTED)
    if built.is_over:
        raise typer.Exit(1)
