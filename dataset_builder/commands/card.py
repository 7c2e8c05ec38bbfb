"""`rarft-data card`: from the rows of a build to the set that others use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def card_command(
    build: Annotated[Path, typer.Argument(help="A build's folder, or a file of rows.")],
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="Where the set goes [BUILD/out].")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The name of the set and its task [the folder's].")
    ] = None,
    max_rows_a_shard: Annotated[
        int, typer.Option("--max_rows_a_shard", help="The most rows of one Parquet file.")
    ] = 100_000,
    num_proc: Annotated[
        int, typer.Option("--num_proc", help="Processes that read rows for Parquet.")
    ] = 1,
) -> None:
    """Write Parquet, JSONL, official JSON, task YAML and dataset card of a build."""
    from rarft.dataset_builder.output import write_output

    output = write_output(
        build,
        output_path,
        name=name,
        max_rows_a_shard=max_rows_a_shard,
        n_processes=num_proc,
    )
    tally = output.tally
    print(
        f"{output.name}: {tally.n_relevant:,} relevant and {tally.n_irrelevant:,} irrelevant "
        f"queries about {tally.n_videos:,} videos, licence {output.licence.licence}",
        file=sys.stderr,
    )
    for problem in output.licence.problems:
        print(f"not to be published: {problem}", file=sys.stderr)
    print(f"evaluate it with --include_path {output.folder} --tasks {output.name}", file=sys.stderr)
    print(output.folder)
