"""`rarft-data publish`: a written set to the Hub, where its licences allow it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def publish_command(
    out: Annotated[Path, typer.Argument(help="A folder that rarft-data card wrote.")],
    repo_id: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The dataset on the Hub.")],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private.")
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", help="Another Hub than the public one [HF_ENDPOINT]."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry_run", help="Check everything and send nothing.")
    ] = False,
) -> None:
    """Publish a set on the Hub, unless a source's licence forbids it; the token is HF_TOKEN's."""
    from rarft.dataset_builder.output import publish

    published = publish(out, repo_id, is_private=private, endpoint=endpoint, is_dry=dry_run)
    size = f"{len(published.files)} files, {published.n_bytes / 1e6:,.1f} MB"
    if dry_run:
        print(f"{size} may go to {repo_id}; nothing was sent", file=sys.stderr)
        for file in published.files:
            print(file)
        return
    print(f"published {size}", file=sys.stderr)
    print(published.address)
