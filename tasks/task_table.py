"""The table of official tasks in docs/tasks.md, made from the task YAMLs.

`python -m rarft.tasks.task_table docs/tasks.md` writes it into the page again.
"""

import sys
from pathlib import Path
from typing import Final

from rarft.tasks.metadata import TaskMetadata, official_task_files, read_metadata

BEGIN: Final = "<!-- tasks: begin (made by python -m rarft.tasks.task_table docs/tasks.md) -->"
END: Final = "<!-- tasks: end -->"

_COLUMNS: Final = (
    "Task",
    "What",
    "Paper",
    "Records",
    "Videos",
    "Relevant",
    "Irrelevant",
    "Prompt",
    "Annotation",
    "Licence",
)


def tasks_table() -> str:
    """Return the official tasks as a Markdown table, in the order of the paper's tables."""
    tasks = {name: read_metadata(path) for name, path in official_task_files().items()}
    ordered = sorted(tasks.items(), key=lambda item: (item[1].paper_table, item[0]))
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(name, task) for name, task in ordered)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, task: TaskMetadata) -> tuple[str, ...]:
    counts = task.counts
    return (
        f"`{name}`",
        task.description,
        task.paper_table,
        *map(_count, (counts.records, counts.videos, counts.relevant, counts.irrelevant)),
        task.prompt_mode,
        f"`{task.annotation}`",
        task.licence,
    )


def _count(number: int | None) -> str:
    return "not measured" if number is None else f"{number:,}"


def videos_and_issues() -> str:
    """Return where each task's videos come from and what is known to be wrong, as Markdown."""
    blocks = []
    for name, path in official_task_files().items():
        task = read_metadata(path)
        lines = [f"- **{name}**: {task.videos} Cite {task.citation}."]
        lines += [f"  - {issue}" for issue in task.known_issues]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def with_tasks(page: str) -> str:
    """Return a page with the text between its markers made anew.

    Raises:
        ValueError: the page has no pair of markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"got a page without {BEGIN!r} and {END!r}, expected both; add them")
    made = f"{tasks_table()}\n\n### Videos and known issues\n\n{videos_and_issues()}"
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_tasks(target.read_text()))
