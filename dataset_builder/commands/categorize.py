"""`rarft-data categorize`: the categories along which each relevant query can be rewritten."""

from __future__ import annotations

import typer

from rarft.dataset_builder.commands.build_options import (
    Batch,
    ConfigFile,
    Directory,
    Limit,
    LLMBaseUrl,
    LLMBudget,
    LLMConcurrency,
    LLMModel,
    LLMPrices,
    LLMTimeout,
    Prompts,
    RetryFailed,
    Rows,
    building_of,
    end,
    say,
)
from rarft.dataset_builder.store import CATEGORIES
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S


def categorize_command(
    context: typer.Context,
    directory: Directory,
    config: ConfigFile = None,
    rows: Rows = None,
    limit: Limit = None,
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
    """Ask a language model for the categories of every relevant query."""
    from rarft.dataset_builder.build_steps import categorize_step

    asked = categorize_step(building_of(directory, context.params, config=config))
    say(f"{asked.n_asked} questions, {asked.n_calls} calls, {asked.n_failed} failed")
    print(directory / CATEGORIES)
    end(asked)
