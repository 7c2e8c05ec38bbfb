"""Markdown tables of cells that may hold anything."""

from __future__ import annotations

from collections.abc import Sequence


def escaped_cell(text: str) -> str:
    r"""Return text that no Markdown table takes for markup.

    Example:
        >>> escaped_cell("a|b")
        'a\\|b'
    """
    cleaned = " ".join(text.split())
    for character in "\\|*<>`[]":
        cleaned = cleaned.replace(character, f"\\{character}")
    return cleaned


def markdown_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose first column holds names, and the others numbers.

    Example:
        >>> markdown_rows(("figure", "A"), [("mIoU", "41.2")])
        ['| figure | A |', '| :-- | --: |', '| mIoU | 41.2 |']
    """
    aligned = [":--", *("--:" for _ in headings[1:])]
    written = [[escaped_cell(cell) for cell in row] for row in (headings, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in written]
    return [lines[0], f"| {' | '.join(aligned)} |", *lines[1:]]
