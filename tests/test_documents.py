"""What the documents point at is there, and the commands they show can be given."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from rarft.dataset_builder import cli as builder_cli
from rarft.harness import cli as harness_cli
from rarft.leaderboard import cli as leaderboard_cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
PAGE_IDS = [path.name for path in PAGES]
COMMANDS: dict[str, Any] = {
    "rarft-data": typer.main.get_command(builder_cli.app),
    "rarft-eval": typer.main.get_command(harness_cli.app),
    "rarft-leaderboard": typer.main.get_command(leaderboard_cli.app),
}


def places(page: str) -> set[str]:
    """The names by which links reach a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shown_commands(page: str, name: str) -> list[list[str]]:
    """The words of each call of a command in a page's code blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    calls = [
        call for block in blocks for call in re.split(rf"^(?:\$ )?{name} ", block, flags=re.M)[1:]
    ]
    return [shlex.split(first_call(call), comments=True) for call in calls]


def first_call(text: str) -> str:
    """A call with the lines that go on with it, without what it prints."""
    lines = text.replace("\\\n", " ").splitlines(keepends=True)
    ends = (n for n in range(1, len(lines)) if is_closed("".join(lines[:n])))
    return "".join(lines[: next(ends, len(lines))])


def is_closed(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("path", PAGES, ids=PAGE_IDS)
def test_a_link_between_documents_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, place = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not place or place in places(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("path", PAGES, ids=PAGE_IDS)
def test_a_command_that_a_document_shows_can_be_given(path: Path, command: str) -> None:
    for words in shown_commands(path.read_text(encoding="utf-8"), command):
        name, *rest = ["run", *words] if words[0].startswith("-") else words
        # Parsed and not run: an unknown flag, a missing one or a wrong value is an error.
        COMMANDS[command].commands[name].make_context(name, rest)


def test_the_page_of_the_builder_shows_the_steps_it_has() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\| \w+ \| `(\w+)` \|", page, flags=re.MULTILINE)
    assert len(steps) == 8
    assert set(steps) <= set(builder_cli.COMMANDS)
    assert shown_commands(page, "rarft-data")
