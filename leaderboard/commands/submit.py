"""`rarft-leaderboard submit`: make an entry of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_RUN_SAYS = "What the run or its model card says is taken where it is left out."


def submit_command(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Output directory of a run.")],
    output: Annotated[
        Path, typer.Option("--output", help="The directory to make, such as entries/my_model.")
    ],
    entry: Annotated[
        str, typer.Option("--entry", help="The entry's short name [that of the directory].")
    ] = "",
    name: Annotated[str, typer.Option("--name", help=f"Name in the table. {_RUN_SAYS}")] = "",
    title: Annotated[str, typer.Option("--title", help="The name in full.")] = "",
    family: Annotated[
        str, typer.Option("--family", help="Such as vlp, sft, rft, base or baseline.")
    ] = "",
    size: Annotated[str, typer.Option("--size", help="Parameters in words, such as 7B.")] = "",
    submitter: Annotated[str, typer.Option("--submitter", help="Who submits it.")] = "",
    url: Annotated[str, typer.Option("--url", help="Page of the model, https only.")] = "",
    paper_url: Annotated[str, typer.Option("--paper_url", help="Paper, https only.")] = "",
    hardware: Annotated[
        str, typer.Option("--hardware", help="What the replies were made on, such as 1 x H100.")
    ] = "",
    notes: Annotated[str, typer.Option("--notes", help="Anything else, in plain text.")] = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Take a run that lacks queries, marked so.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the entry that is there.")
    ] = False,
) -> None:
    """Make an entry of a run: its results, samples and provenance, without the annotation."""
    from rarft.leaderboard.entries.submit import submit
    from rarft.leaderboard.types import AboutEntry

    about = AboutEntry(
        name=name,
        title=title,
        family=family,
        size=size,
        submitter=submitter,
        url=url,
        paper_url=paper_url,
        hardware=hardware,
        notes=notes,
    )
    made = submit(
        run, output, about=about, slug=entry, partial=partial, overwrite=overwrite, say=_say
    )
    sizes = [path.stat().st_size for path in made.rglob("*") if path.is_file()]
    print(f"{made}: {len(sizes)} files, {sum(sizes) / 1000:,.1f} kB")
    _say(f"next: rarft-leaderboard verify {made}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
