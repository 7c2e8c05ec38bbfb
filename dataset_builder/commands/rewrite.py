"""`rarft-data rewrite`: one candidate for every plan that wants one."""

from __future__ import annotations

import typer

from rarft.dataset_builder.commands.build_options import (
    Batch,
    ConfigFile,
    Directory,
    LLMBaseUrl,
    LLMBudget,
    LLMConcurrency,
    LLMModel,
    LLMPrices,
    LLMTimeout,
    MaxCandidates,
    Prompts,
    RetryFailed,
    building_of,
    end,
    say,
)
from rarft.dataset_builder.store import CANDIDATES
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S


def rewrite_command(
    context: typer.Context,
    directory: Directory,
    config: ConfigFile = None,
    max_candidates: MaxCandidates = None,
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
    """Ask a language model once for each plan without a candidate that is not rejected."""
    from rarft.dataset_builder.build_steps import rewrite_step

    asked = rewrite_step(building_of(directory, context.params, config=config))
    say(f"{asked.n_asked} questions, {asked.n_calls} calls, {asked.n_failed} failed")
    print(directory / CANDIDATES)
    end(asked)
