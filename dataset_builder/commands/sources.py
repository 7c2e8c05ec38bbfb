"""`rarft-data sources`: the annotations that can be read, and what may be done with them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console


def sources_command(
    name: Annotated[str | None, typer.Argument(help="One source, with its options.")] = None,
) -> None:
    """Show every source with its licence, or all that is known of one."""
    from rarft.dataset_builder.sources_listing import source_details, sources_listing

    Console().print(sources_listing() if name is None else source_details(name))
