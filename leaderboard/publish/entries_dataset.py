"""Entries on their way to a dataset of the Hub: each in a folder of its name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.leaderboard.publish.planned import PlannedFile, Publication
from rarft.leaderboard.publish.repository_id import check_repository_id

FOLDER: Final = "entries"
_SAMPLES: Final = re.compile(rf"{FOLDER}/([^/]+)/samples/([^/]+)\.parquet")
_TEXT: Final = """
# Entries of a leaderboard for refusal-aware video temporal grounding

Each folder in `entries/` is one entry: `results.json` with its figures, `samples/<task>.parquet`
with the reply to every query, how the reply was read and how it was judged, `entry.json` with what
the submitter says of it, and `manifest.json` with the sha256 of every file. There are no texts and
no spans of an annotation in it.

Nothing here has to be believed. This computes every figure again from the samples:

```sh
rarft-leaderboard verify entries/NAME
```

| entry | tasks |
| :-- | :-- |
"""


def plan_dataset(entries: Path, repo_id: str) -> Publication:
    """Plan a dataset of every entry in a folder; entries that it has beside them stay.

    Every entry is read, so one with a file too many or another digest stops here.

    Args:
        entries: a folder of entries, or one entry.
        repo_id: `<owner>/<name>`.

    Raises:
        UserError: the id has another form, or two entries have one name.
        NotFoundError: there is no entry.
        EntryRefused: an entry is malformed.
    """
    from rarft.leaderboard.entries import read_entry

    check_repository_id(repo_id, flag="--dataset")
    folders: dict[str, Path] = {}
    for folder in _folders(entries):
        slug = read_entry(folder).slug
        if slug in folders:
            raise UserError(
                f"got {folders[slug]} and {folder}, which are both named {slug}, expected one of "
                "a name; submit one of them under another"
            )
        folders[slug] = folder
    return Publication(
        place="dataset",
        target=repo_id,
        files=tuple(
            file for slug, folder in sorted(folders.items()) for file in _files(slug, folder)
        ),
        replaces=tuple(f"{FOLDER}/{slug}/" for slug in sorted(folders)),
        card=dataset_card,
    )


def _folders(entries: Path) -> tuple[Path, ...]:
    from rarft.leaderboard.site_data.build_site import entry_folders

    # A hidden folder is an entry that is being made.
    found = tuple(path for path in entry_folders(entries) if not path.name.startswith("."))
    if not found:
        raise NotFoundError(
            f"got --entries {entries}, expected a folder of entries as rarft-leaderboard submit "
            "makes them; check the path"
        )
    return found


def dataset_card(paths: Collection[str]) -> str:
    """Return README.md of a dataset that holds these paths: one configuration a task.

    Example:
        >>> dataset_card(["entries/a/samples/synth_hi.parquet"]).splitlines()[2]
        '- config_name: synth_hi'
    """
    import yaml

    tasks_of: dict[str, list[str]] = {}
    for path in paths:
        if found := _SAMPLES.fullmatch(path):
            tasks_of.setdefault(found[1], []).append(found[2])
    front = {
        "configs": [
            {
                "config_name": task,
                "data_files": [{"split": "test", "path": f"{FOLDER}/*/samples/{task}.parquet"}],
            }
            for task in sorted({task for tasks in tasks_of.values() for task in tasks})
        ],
        "tags": ["rarft", "leaderboard", "video-temporal-grounding"],
    }
    rows = [
        f"| `{slug}` | {', '.join(sorted(tasks))} |" for slug, tasks in sorted(tasks_of.items())
    ]
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n{_TEXT}" + "\n".join((*rows, ""))


def _files(slug: str, folder: Path) -> Iterator[PlannedFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield PlannedFile(path=f"{FOLDER}/{slug}/{name}", content=path)
