"""Pages of which a part, between two marks, is written by a script."""

from __future__ import annotations


def with_part(page: str, part: str, *, begin: str, end: str) -> str:
    r"""Return a page with another part between its marks, or as it is where it has none.

    Args:
        page: the text of the whole page.
        part: what comes between the marks.
        begin: the mark before the part, which stays.
        end: the mark behind it, which stays.

    Example:
        >>> with_part("a\n[[\nold\n]]\nb\n", "\nnew\n", begin="[[", end="]]")
        'a\n[[\nnew\n]]\nb\n'
        >>> with_part("a\n", "new", begin="[[", end="]]")
        'a\n'
    """
    before, mark, rest = page.partition(begin)
    if not mark:
        return page
    _, _, after = rest.partition(end)
    return f"{before}{begin}{part}{end}{after}"
