"""The command `rarft-eval`: thin over harness.run; results on stdout, everything else on stderr."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from typer.exceptions import TyperException

from rarft.harness.commands.agreement import agreement_command
from rarft.harness.commands.audit import audit_command
from rarft.harness.commands.compare import compare_command
from rarft.harness.commands.fit_categories import FIT_NAME, fit_categories_command
from rarft.harness.commands.judge import judge_command, say
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
from rarft.harness.commands.prepare import prepare_command
from rarft.harness.commands.run_options import (
    BatchSize,
    ConfigFile,
    DryRun,
    Fresh,
    GenKwargs,
    IncludePath,
    Limit,
    Metadata,
    ModelArgs,
    ModelName,
    OutputPath,
    PolicyOption,
    PromptFile,
    PromptModeOption,
    Repeats,
    Resamples,
    Seed,
    TaskNames,
    VideoInputOption,
)
from rarft.harness.commands.show_results import show_results
from rarft.harness.errors import RarftError, UserError, WorkerError
from rarft.harness.flags import parse_batch_size, parse_limit, parse_object, parse_pairs
from rarft.harness.judges.judge_config import JudgeConfig, JudgeEffort
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S
from rarft.harness.replies import Policy
from rarft.harness.run_config import N_RESAMPLES, RunConfig, read_config
from rarft.harness.workers.launcher import Launch, launched, leave_launcher

INTERRUPTED = 130

app = typer.Typer(
    help="Evaluate models that ground a query in a video or refuse it and say why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command("run")
def run_command(
    context: typer.Context,
    model: ModelName = None,
    tasks: TaskNames = None,
    model_args: ModelArgs = "",
    batch_size: BatchSize = "auto",
    limit: Limit = None,
    output_path: OutputPath = None,
    gen_kwargs: GenKwargs = "",
    seed: Seed = 0,
    metadata: Metadata = "{}",
    include_path: IncludePath = None,
    prompt_file: PromptFile = None,
    prompt_mode: PromptModeOption = None,
    video_input: VideoInputOption = "shown",
    repeats: Repeats = 1,
    policy: PolicyOption = "paper",
    n_resamples: Resamples = N_RESAMPLES,
    config: ConfigFile = None,
    dry_run: DryRun = False,
    fresh: Fresh = False,
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
) -> None:
    """Evaluate a model on tasks; a run that was stopped goes on where it stopped."""
    base = None if config is None else read_config(config)
    given = RunConfig(
        model=_required(model, "model", config),
        tasks=tuple(_required(tasks, "tasks", config).split(",")),
        model_args=parse_pairs(model_args, flag="--model_args"),
        gen_kwargs=parse_pairs(gen_kwargs, flag="--gen_kwargs"),
        metadata=parse_object(metadata, flag="--metadata"),
        include_path=tuple(include_path or ()),
        batch_size=parse_batch_size(batch_size),
        limit=parse_limit(limit),
        seed=seed,
        policy=policy,
        prompt_mode=prompt_mode,
        prompt_file=prompt_file,
        video_input=video_input,
        repeats=repeats,
        n_resamples=n_resamples,
        judging=judging_over(base.judging if base else JudgeConfig(), context.params),
    )
    effort = JudgeEffort(
        judge_budget=judge_budget,
        judge_concurrency=judge_concurrency,
        judge_timeout_s=judge_timeout_s,
        judge_prices=judge_prices,
        retry_unscored=retry_unscored,
    )
    resolved = given if base is None else _over(base, given, context)
    directory = output_path or Path("runs") / resolved.model
    _run(resolved, directory, dry_run=dry_run, fresh=fresh, effort=effort, launch=context.obj)


def _over(config: RunConfig, given: RunConfig, context: typer.Context) -> RunConfig:
    """Put the flags of the command line over those of `--config`, as lm-eval does."""
    changed: dict[str, Any] = {"judging": given.judging}
    for item in fields(RunConfig):
        source = context.get_parameter_source(item.name)
        if source is not None and source.name == "COMMANDLINE":
            changed[item.name] = getattr(given, item.name)
    return replace(config, **changed)


def _run(
    config: RunConfig,
    directory: Path,
    *,
    dry_run: bool,
    fresh: bool,
    effort: JudgeEffort,
    launch: Launch,
) -> None:
    from rarft.harness.prepared_run import prepare
    from rarft.harness.run import run
    from rarft.harness.summary import workload_lines

    if dry_run:
        for line in workload_lines(prepare(config, directory, show_progress=True), directory):
            print(line)
        return
    results = run(
        config,
        directory,
        fresh=fresh,
        show_progress=launch.rank == 0,
        effort=effort,
        say=say if launch.rank == 0 else _say_nothing,
        launch=launch,
    )
    if results is not None:
        show_results(directory)


def _say_nothing(line: str) -> None:
    """Leave it to rank 0."""


@app.command("score")
def score_command(
    directory: Annotated[Path, typer.Argument(help="A run's output directory.")],
    policy: Annotated[Policy | None, typer.Option("--policy")] = None,
    n_resamples: Annotated[int | None, typer.Option("--n_resamples")] = None,
) -> None:
    """Score what a run has stored again, without its model."""
    from rarft.harness.rescore import rescore

    rescore(directory, policy=policy, n_resamples=n_resamples, say=say)
    show_results(directory)


app.command("prepare")(prepare_command)
app.command("judge")(judge_command)
app.command("compare")(compare_command)
app.command("agreement")(agreement_command)
app.command("audit")(audit_command)
app.command(FIT_NAME)(fit_categories_command)


@app.command("report")
def report_command(
    directories: Annotated[list[Path], typer.Argument(help="Output directories of runs.")],
    output_path: Annotated[Path, typer.Option("--output_path")] = Path("report.html"),
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown too.")
    ] = False,
) -> None:
    """Write one page about one or several runs."""
    from rarft.harness.report import markdown_table, read_run, run_labels, write_page

    runs = [read_run(directory) for directory in directories]
    write_page(runs, output_path)
    if markdown:
        print(markdown_table([run.results for run in runs], labels=run_labels(runs)))
    print(output_path)


@app.command("tasks")
def tasks_command(
    name: Annotated[str | None, typer.Argument(help="Say all about one task.")] = None,
    include_path: IncludePath = None,
) -> None:
    """List the tasks with their counts and licence, or say all about one."""
    from rarft.harness.listing import task_details, tasks_listing

    folders = tuple(map(Path, include_path or ()))
    Console().print(task_details(name, folders) if name else tasks_listing(folders))


@app.command("models")
def models_command(include_path: IncludePath = None) -> None:
    """List the model cards."""
    from rarft.harness.listing import models_listing

    Console().print(models_listing(tuple(map(Path, include_path or ()))))


def _required(value: str | None, name: Literal["model", "tasks"], config: Path | None) -> str:
    if not value and config is None:
        raise UserError(
            f"got no --{name}, expected one; see `rarft-eval {name.removesuffix('s')}s`"
        )
    return value or ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a user's mistake prints one line and returns 2."""
    # Scoring holds a few million small objects at once; the default collector walks them for a
    # quarter of the time and finds nothing.
    gc.set_threshold(200_000, 50, 50)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0].startswith("-") and given[0] not in ("--help", "-h"):
        given.insert(0, "run")
    launch = launched(os.environ)
    leave_launcher(launch)
    if launch.rank:
        logging.getLogger("rarft").setLevel(logging.ERROR)
    # What is wrong with the command is wrong for every rank, and one of each machine says it.
    is_speaker = launch.local_rank == 0
    try:
        stopped = app(given, prog_name="rarft-eval", standalone_mode=False, obj=launch)
    except UserError as error:
        if is_speaker or isinstance(error, WorkerError):
            print(f"rarft-eval: {error}", file=sys.stderr)
        return 2
    except RarftError as error:
        print(f"rarft-eval: stopped, {error}; what is stored stays stored", file=sys.stderr)
        return 1
    except TyperException as error:
        message = " ".join(error.format_message().split())
        if is_speaker:
            print(f"rarft-eval: {message}; see `rarft-eval --help`", file=sys.stderr)
        return 2
    if stopped == INTERRUPTED:
        print("rarft-eval: interrupted; run the same command to go on", file=sys.stderr)
    return stopped if isinstance(stopped, int) else 0


if __name__ == "__main__":
    sys.exit(main())
