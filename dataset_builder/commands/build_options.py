"""The flags that the commands which ask a language model share, named after the config's keys."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rarft.dataset_builder.build_record import merged_config
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, LLMEffort, read_config_file
from rarft.harness.flags import parse_pairs
from rarft.harness.judges.prompt import read_prompt_file

if TYPE_CHECKING:
    from rarft.dataset_builder.build_calls import Asked

Directory = Annotated[Path, typer.Argument(metavar="BUILD", help="A build's folder.")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A YAML file; flags count more than its keys.")
]
OutputPath = Annotated[
    Path | None, typer.Option("--output_path", help="The build's folder [builds/CONFIG].")
]
Rows = Annotated[Path | None, typer.Option("--rows", help="Rows that rarft-data normalise wrote.")]
LLMModel = Annotated[
    str | None, typer.Option("--llm_model", help="The LLM that writes, such as gpt-5-mini.")
]
LLMBaseUrl = Annotated[
    str | None,
    typer.Option("--llm_base_url", help="An OpenAI-compatible endpoint [OPENAI_BASE_URL]."),
]
LLMBudget = Annotated[
    float | None,
    typer.Option("--llm_budget", help="USD at most; stops cleanly, the same command goes on."),
]
LLMConcurrency = Annotated[int, typer.Option("--llm_concurrency", help="Calls in flight at once.")]
LLMTimeout = Annotated[
    float, typer.Option("--llm_timeout_s", help="Seconds a call may take as a whole.")
]
LLMPrices = Annotated[
    Path | None, typer.Option("--llm_prices", help="Your prices, a YAML over the packaged one.")
]
Prompts = Annotated[
    str | None,
    typer.Option("--prompts", help="step=FILE,…: your prompts, such as rewrite=mine.txt."),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry_failed", help="Ask again where no usable answer came.")
]
Batch = Annotated[
    bool,
    typer.Option("--batch", help="Send by the Batch API; the same command collects later."),
]
Limit = Annotated[int | None, typer.Option("--limit", help="The first so many rows.")]
Queries = Annotated[
    int | None, typer.Option("--n_queries", help="Exactly so many queries that lack nothing.")
]
Levels = Annotated[str | None, typer.Option("--levels", help="Some of strong,moderate,weak [all].")]
PerQueryOption = Annotated[
    Literal["each", "one"] | None,
    typer.Option("--per_query", help="Every level of each query, or one level in turn [each]."),
]
ChoiceOption = Annotated[
    Literal["top", "balanced"] | None,
    typer.Option("--choice", help="The best categories, or those used least [top]."),
]
MaxCandidates = Annotated[
    int | None, typer.Option("--max_candidates", help="The candidates of one planned query [8].")
]
GuessTarget = Annotated[
    float | None, typer.Option("--guess_target", help="The most a blind model may know [0.60].")
]
GuessRounds = Annotated[
    int | None, typer.Option("--guess_rounds", help="Redraws against a blind model [3].")
]
Shard = Annotated[
    str | None, typer.Option("--shard", help="k/n: build part k of n, from 0; merge joins them.")
]
NumProc = Annotated[
    int,
    typer.Option("--num_proc", min=1, help="Processes that work where no model is waited for."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Decides levels, folds and splits [0].")]


def building_of(
    directory: Path, given: Mapping[str, Any], *, config: Path | None = None
) -> Building:
    """Return the build a command works on: its own record, the file's keys, then the flags.

    Raises:
        UserError: a key is unknown, or decides rows that are stored.
    """
    values = read_config_file(config) if config is not None else {}
    names = {item.name for item in fields(BuildConfig)}
    flags = {key: value for key, value in given.items() if key in names and value is not None}
    if "prompts" in flags:
        files = parse_pairs(flags["prompts"], flag="--prompts")
        flags["prompts"] = {step: read_prompt_file(Path(str(f))) for step, f in files.items()}
    if "rows" in flags:
        flags["rows"] = str(flags["rows"])
    if "splits" in flags:
        flags["splits"] = parse_pairs(flags["splits"], flag="--splits")
    effort = {item.name for item in fields(LLMEffort)}
    return Building(
        directory=directory,
        config=merged_config(directory, {**values, **flags}),
        effort=LLMEffort(**{key: value for key, value in given.items() if key in effort}),
        n_processes=given.get("num_proc", 1),
        show_progress=True,
        say=say,
    )


def end(asked: Asked) -> None:
    """Say what keeps a step from its end, if anything, and let the exit code say it too."""
    if asked.note:
        say(asked.note)
    if asked.is_over:
        raise typer.Exit(1)


def say(line: str) -> None:
    """Print a line about the work, not about its results."""
    print(line, file=sys.stderr)
