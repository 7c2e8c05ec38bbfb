"""The command `rarft-eval`: thin over harness.run; results on stdout, everything else on stderr."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from typer.exceptions import TyperException

from rarft.harness.errors import RarftError, UserError
from rarft.harness.flags import parse_batch_size, parse_limit, parse_object, parse_pairs
from rarft.harness.replies import Policy
from rarft.harness.run_config import N_RESAMPLES, RunConfig, read_config

INTERRUPTED = 130

app = typer.Typer(
    help="Evaluate models that ground a query in a video or refuse it and say why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

IncludePath = Annotated[
    list[str] | None,
    typer.Option("--include_path", help="A folder with more tasks and model cards; repeatable."),
]


@app.command("run")
def run_command(
    context: typer.Context,
    model: Annotated[str | None, typer.Option("--model", help="A model card's name.")] = None,
    tasks: Annotated[
        str | None, typer.Option("--tasks", help="Names or patterns, comma separated: 'hi_*'.")
    ] = None,
    model_args: Annotated[
        str, typer.Option("--model_args", help="key=value,key=value for the backend.")
    ] = "",
    batch_size: Annotated[str, typer.Option("--batch_size", help="A number, or auto.")] = "auto",
    limit: Annotated[
        str | None, typer.Option("--limit", help="Queries per task, or a share below 1.")
    ] = None,
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="Where to keep the run [runs/MODEL].")
    ] = None,
    gen_kwargs: Annotated[
        str, typer.Option("--gen_kwargs", help="key=value over the card's generation settings.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    metadata: Annotated[
        str, typer.Option("--metadata", help="A JSON object for the task loaders.")
    ] = "{}",
    include_path: IncludePath = None,
    prompt_file: Annotated[
        str | None, typer.Option("--prompt_file", help="A prompt with {query} in it.")
    ] = None,
    prompt_mode: Annotated[
        Literal["refusal", "native"] | None,
        typer.Option("--prompt_mode", help="Whose prompt [the task's]."),
    ] = None,
    policy: Annotated[
        Policy, typer.Option("--policy", help="How an unparsed reply counts.")
    ] = "paper",
    n_resamples: Annotated[int, typer.Option("--n_resamples")] = N_RESAMPLES,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A results.json to repeat; other flags go on top."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry_run", help="Say what would be sent, and send nothing.")
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh/--resume", help="Forget what the directory holds, or go on with it."),
    ] = False,
) -> None:
    """Evaluate a model on tasks; a run that was stopped goes on where it stopped."""
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
        n_resamples=n_resamples,
    )
    resolved = given if config is None else _over(read_config(config), given, context)
    _run(resolved, output_path or Path("runs") / resolved.model, dry_run=dry_run, fresh=fresh)


def _over(config: RunConfig, given: RunConfig, context: typer.Context) -> RunConfig:
    """Put the flags of the command line over those of `--config`, as lm-eval does."""
    changed = {}
    for item in fields(RunConfig):
        source = context.get_parameter_source(item.name)
        if source is not None and source.name == "COMMANDLINE":
            changed[item.name] = getattr(given, item.name)
    return replace(config, **changed)


def _run(config: RunConfig, directory: Path, *, dry_run: bool, fresh: bool) -> None:
    from rarft.harness.run import prepare, run
    from rarft.harness.summary import workload_lines

    if dry_run:
        for line in workload_lines(prepare(config, directory, show_progress=True), directory):
            print(line)
        return
    run(config, directory, fresh=fresh, show_progress=True)
    _show(directory)


@app.command("score")
def score_command(
    directory: Annotated[Path, typer.Argument(help="A run's output directory.")],
    policy: Annotated[Policy | None, typer.Option("--policy")] = None,
    n_resamples: Annotated[int | None, typer.Option("--n_resamples")] = None,
) -> None:
    """Score what a run has stored again, without its model."""
    from rarft.harness.run import rescore

    rescore(directory, policy=policy, n_resamples=n_resamples)
    _show(directory)


@app.command("report")
def report_command(
    directories: Annotated[list[Path], typer.Argument(help="Output directories of runs.")],
    output_path: Annotated[Path, typer.Option("--output_path")] = Path("report.html"),
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown too.")
    ] = False,
) -> None:
    """Write one page about one or several runs."""
    from rarft.harness.report import markdown_table, read_run, write_page

    runs = [read_run(directory) for directory in directories]
    write_page(runs, output_path)
    if markdown:
        print(markdown_table([run.results for run in runs]))
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


def _show(directory: Path) -> None:
    from rarft.harness.report import read_run, results_table, write_page

    run = read_run(directory)
    write_page([run], directory / "report.html")
    console = Console()
    console.print(results_table(run.results, width=console.width))
    Console(stderr=True).print(
        f"results and report.html are in {directory}", style="dim", markup=False
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a user's mistake prints one line and returns 2."""
    # Scoring holds a few million small objects at once; the default collector walks them for a
    # quarter of the time and finds nothing.
    gc.set_threshold(200_000, 50, 50)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0].startswith("-") and given[0] not in ("--help", "-h"):
        given.insert(0, "run")
    try:
        stopped = app(given, prog_name="rarft-eval", standalone_mode=False)
    except UserError as error:
        print(f"rarft-eval: {error}", file=sys.stderr)
        return 2
    except RarftError as error:
        print(f"rarft-eval: stopped, {error}; what is stored stays stored", file=sys.stderr)
        return 1
    except TyperException as error:
        message = " ".join(error.format_message().split())
        print(f"rarft-eval: {message}; see `rarft-eval --help`", file=sys.stderr)
        return 2
    if stopped == INTERRUPTED:
        print("rarft-eval: interrupted; run the same command to go on", file=sys.stderr)
    return stopped if isinstance(stopped, int) else 0


if __name__ == "__main__":
    sys.exit(main())
