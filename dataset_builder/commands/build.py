"""`rarft-data build`: a whole build from one config, begun or continued."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rarft.dataset_builder.commands.build_options import (
    Batch,
    ChoiceOption,
    ConfigFile,
    GuessRounds,
    GuessTarget,
    Levels,
    Limit,
    LLMBaseUrl,
    LLMBudget,
    LLMConcurrency,
    LLMModel,
    LLMPrices,
    LLMTimeout,
    MaxCandidates,
    NumProc,
    OutputPath,
    PerQueryOption,
    Prompts,
    Queries,
    RetryFailed,
    Rows,
    Seed,
    Shard,
    building_of,
    say,
)
from rarft.harness.errors import UserError
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S


def build_command(
    context: typer.Context,
    config: ConfigFile = None,
    output_path: OutputPath = None,
    rows: Rows = None,
    limit: Limit = None,
    n_queries: Queries = None,
    shard: Shard = None,
    levels: Levels = None,
    per_query: PerQueryOption = None,
    choice: ChoiceOption = None,
    max_candidates: MaxCandidates = None,
    guess_target: GuessTarget = None,
    guess_rounds: GuessRounds = None,
    splits: Annotated[
        str | None, typer.Option("--splits", help="name=share,…, such as train=0.9,test=0.1.")
    ] = None,
    seed: Seed = None,
    llm_model: LLMModel = None,
    llm_base_url: LLMBaseUrl = None,
    prompts: Prompts = None,
    llm_budget: LLMBudget = None,
    llm_concurrency: LLMConcurrency = N_CONCURRENT,
    llm_timeout_s: LLMTimeout = TIMEOUT_S,
    llm_prices: LLMPrices = None,
    retry_failed: RetryFailed = False,
    batch: Batch = False,
    num_proc: NumProc = 1,
    card: Annotated[
        bool, typer.Option("--card/--no_card", help="Write the set and its card at the end.")
    ] = True,
) -> None:
    """Build a data set; a build that was stopped goes on where it stopped."""
    from rarft.dataset_builder.build import build
    from rarft.dataset_builder.build_summary import summary_lines

    if config is None and output_path is None:
        raise UserError(
            "got neither --config nor --output_path, expected a YAML file for a new build, or the "
            "folder of one that was begun"
        )
    directory = output_path or Path("builds") / (config.stem if config else "")
    building = building_of(directory, context.params, config=config)
    built = build(building)
    for line in summary_lines(built, directory):
        say(line)
    if card and not built.is_over:
        from rarft.dataset_builder.output import write_output

        directory = write_output(directory, n_processes=num_proc).folder
    print(directory)
    if built.is_over:
        raise typer.Exit(1)
