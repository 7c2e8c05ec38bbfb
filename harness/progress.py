"""Progress bars on stderr, so that stdout holds results only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]


@contextmanager
def track(description: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar with the time left; yields the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not shown or total == 0) as progress:
        bar = progress.add_task(description, total=total)
        yield lambda n: progress.advance(bar, n)
