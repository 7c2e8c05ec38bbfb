"""What `rarft-data sources` prints."""

from __future__ import annotations

import inspect

from rich import box
from rich.table import Table
from rich.text import Text

from rarft.dataset_builder.normalise import EVERY_OPTIONS, ORIGIN_OPTIONS, find_source
from rarft.dataset_builder.sources import SOURCES
from rarft.dataset_builder.sources.columns import COLUMNS
from rarft.dataset_builder.sources.source import Source

_HEADINGS = ("source", "annotations", "licence", "may be handed on", "reader")


def sources_listing() -> Table:
    """Return every source with its licence and whether its reader has read the real file."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(Text(heading), overflow="fold")
    for source in SOURCES.values():
        cells = (
            source.name,
            source.title,
            source.licence,
            handed_on(source),
            reader_state(source),
        )
        table.add_row(*map(Text, cells))
    return table


def source_details(name: str) -> Table:
    """Return all that is known of one source, with the options of `--source_args`.

    Raises:
        NotFoundError: there is no such source.
    """
    source = find_source(name)
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in (
        ("source", source.name),
        ("annotations", source.title),
        ("licence", source.licence),
        ("may be handed on", handed_on(source)),
        ("reader", reader_state(source)),
        ("citation", source.citation),
        ("url", source.url),
        ("options", ", ".join(_options(source))),
        ("file", inspect.getdoc(inspect.getmodule(source.read)) or ""),
    ):
        table.add_row(Text(key), Text(value))
    return table


def reader_state(source: Source) -> str:
    """Return whether a reader has read the real file of its source.

    Example:
        >>> reader_state(SOURCES["longvid"]), reader_state(SOURCES["didemo"])
        ('unverified', 'verified')
    """
    return "verified" if source.verified else "unverified"


def handed_on(source: Source) -> str:
    """Return whether rows of a source may be handed on, and which of its files are apart.

    Example:
        >>> handed_on(SOURCES["didemo"]), handed_on(SOURCES["ego4d_nlq"])
        ('yes', 'no')
        >>> handed_on(SOURCES["ra_rft"])
        'yes, but not hi_vtg_tvgbench.json'
    """
    if source is COLUMNS:
        return "as you say"
    closed = [name for name, terms in source.files.items() if not terms.redistributable]
    but = f", but not {', '.join(closed)}" if closed else ""
    return f"yes{but}" if source.redistributable else "no"


def _options(source: Source) -> list[str]:
    parameters = inspect.signature(source.read).parameters
    own = []
    for name in source.options:
        default = parameters[name].default
        needed = default is inspect.Parameter.empty
        own.append(f"{name} (needed)" if needed else f"{name} [{default}]" if default else name)
    return [*own, *EVERY_OPTIONS, *(ORIGIN_OPTIONS if source is COLUMNS else ())]
