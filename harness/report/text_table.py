"""Tables of the terminal whose first column holds names, and the others numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_PADDING: Final = (0, 1)
_NAME_WIDTH: Final = 12


def text_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> Table:
    """Return a table of plain text, whatever markup the cells seem to hold.

    Names and headings fold where the terminal is narrow; numbers stay on one line.

    Example:
        >>> text_table(("figure", "A"), [("mIoU", "41.2")]).row_count
        1
    """
    table = Table(
        box=box.SIMPLE_HEAD, padding=_PADDING, pad_edge=False, title=title, title_justify="left"
    )
    written = list(rows)
    for place, heading in enumerate(headings):
        longest = max((cell_len(row[place]) for row in written), default=0)
        table.add_column(
            Text(heading),
            justify="right" if place else "left",
            overflow="fold",
            min_width=longest if place else min(longest, _NAME_WIDTH),
            # rich narrows what may wrap, without regard to what that leaves of the other columns.
            no_wrap=place > 0 and cell_len(heading) <= longest,
        )
    for row in written:
        table.add_row(*map(Text, row))
    return table
