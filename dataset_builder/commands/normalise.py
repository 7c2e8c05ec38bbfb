"""`rarft-data normalise`: from a file of any source to rows of one form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rarft.harness.flags import parse_pairs


def normalise_command(
    source: Annotated[str, typer.Option("--source", help="A name of `rarft-data sources`.")],
    path: Annotated[
        str,
        typer.Option("--path", help="A file, or hub:OWNER/NAME[@REVISION][/FILE]."),
    ],
    output_path: Annotated[
        Path,
        typer.Option("--output_path", help="A folder for rows.jsonl and rejected_rows.jsonl."),
    ],
    split: Annotated[str, typer.Option("--split", help="The split the rows belong to.")] = "train",
    source_args: Annotated[
        str,
        typer.Option(
            "--source_args",
            help="key=value,... or a JSON object: durations=FILE, videos=FOLDER, and the options "
            "that `rarft-data sources NAME` shows.",
        ),
    ] = "{}",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Rows at most, from the beginning.")
    ] = None,
) -> None:
    """Write a source's queries as rows, and the records that are no use beside them."""
    from rarft.dataset_builder.normalise import normalise
    from rarft.dataset_builder.normalised_files import write_normalised

    options = parse_pairs(source_args, flag="--source_args")
    found = normalise(source, path, split=split, options=options)
    written = write_normalised(found, output_path, limit=limit)
    for line in written.lines():
        typer.echo(line, err=True)
    typer.echo(str(written.rows))
