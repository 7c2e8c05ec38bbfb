"""From verified entries to a site: data, pages, and the videos that go with them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.leaderboard.entries import EntryRefused
from rarft.leaderboard.paper import read_paper
from rarft.leaderboard.site_data.group_figures import GROUP_PATTERNS
from rarft.leaderboard.site_data.measured_board import N_RESAMPLES, MeasuredBoard, measure_board
from rarft.leaderboard.site_data.site_files import N_SHOWN, shown_queries, write_site_data
from rarft.leaderboard.site_data.site_videos import check_video_folders, copy_videos
from rarft.leaderboard.site_data.verified_rows import verified_row, verified_tasks, with_floors
from rarft.leaderboard.verification import TaskShelf, Verified, verify

PAGES: Final = Path(__file__).parent.parent / "site"
INDEX: Final = "index.html"
MADE: Final = ("data", "videos", "assets")
"""The folders of a site that a build makes anew."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEntries:
    """The entries that hold, and a line for each that was refused."""

    held: tuple[Verified, ...]
    refused: tuple[str, ...] = ()


def build_site(
    entries: Sequence[Path],
    output: Path,
    *,
    videos: Sequence[Path] = (),
    texts: bool = False,
    include_path: Sequence[Path] = (),
    metadata: Mapping[str, Any] | None = None,
    paper: bool = True,
    group_patterns: Mapping[str, str] = GROUP_PATTERNS,
    n_shown: int = N_SHOWN,
    n_resamples: int = N_RESAMPLES,
    skip_refused: bool = False,
    say: Say = lambda line: None,
) -> MeasuredBoard:
    """Verify entries, rank them, and write the site that shows them.

    Args:
        entries: directories of entries; none makes a board of the paper's rows.
        output: folder of the site; what an earlier build made there is made anew.
        videos: folders with videos of the tasks, copied as far as queries of them are shown.
        texts: whether texts of annotations are shown although their licence does not say they may.
        include_path: the builder's folders with more tasks.
        metadata: the builder's arguments for the loaders of tasks.
        paper: whether the paper's rows are shown.
        group_patterns: titles of the groups of tasks, by the pattern of their tasks.
        n_shown: how many queries of each task the sample viewer shows.
        n_resamples: resamples of the videos for ranks and comparisons.
        skip_refused: whether refused entries are left out; otherwise the first one stops the build.
        say: receives a line before each thing that takes long.

    Raises:
        EntryRefused: an entry does not hold, and `skip_refused` is off.
        UserError: two entries have one name, a folder of videos is not there, or a file cannot be
            written.
    """
    _check_output(output)
    check_video_folders(videos)
    verified = verify_entries(
        entries,
        include_path=include_path,
        metadata=metadata,
        skip_refused=skip_refused,
        say=say,
    )
    board = board_of(
        verified.held,
        texts=texts,
        paper=paper,
        group_patterns=group_patterns,
        n_resamples=n_resamples,
        say=say,
    )
    # The first page marks the folder as a site, so that a build that breaks off can be made again.
    shutil.copy(PAGES / INDEX, output / INDEX)
    _clear(output)
    shutil.copytree(PAGES, output, dirs_exist_ok=True)
    loaded = verified_tasks(verified.held)
    shown = shown_queries(board, n_shown)
    files = {
        name: copy_videos(task, task.queries[: shown[name]], output, folders=videos)
        for name, task in loaded.items()
    }
    say("writing the data")
    source = read_paper().source if paper else None
    write_site_data(board, output / "data", source=source, n_shown=n_shown, files=files)
    return board


def verify_entries(
    entries: Sequence[Path],
    *,
    include_path: Sequence[Path] = (),
    metadata: Mapping[str, Any] | None = None,
    skip_refused: bool = False,
    say: Say = lambda line: None,
) -> VerifiedEntries:
    """Verify entries, each task loaded once.

    Raises:
        EntryRefused: an entry does not hold, and `skip_refused` is off.
        UserError: two entries have one name.
    """
    shelf = TaskShelf(include_path, metadata)
    held: dict[str, Verified] = {}
    refused: list[str] = []
    for path in entries:
        say(f"verifying {path}")
        try:
            one = verify(path, shelf=shelf, say=say)
        except EntryRefused as error:
            if not skip_refused:
                raise
            refused.append(str(error))
            say(f"left out: {error}")
            continue
        slug = one.entry.slug
        if slug in held:
            raise UserError(
                f"got two entries named {slug}, {held[slug].entry.path} and {path}, expected one "
                "name an entry; submit one of them under another"
            )
        held[slug] = one
    return VerifiedEntries(held=tuple(held.values()), refused=tuple(refused))


def board_of(
    entries: Sequence[Verified],
    *,
    texts: bool = False,
    paper: bool = True,
    group_patterns: Mapping[str, str] = GROUP_PATTERNS,
    compare: bool = True,
    n_resamples: int = N_RESAMPLES,
    say: Say = lambda line: None,
) -> MeasuredBoard:
    """Measure and rank verified entries beside the floors and the paper's rows."""
    say("measuring the floors")
    rows = [verified_row(one) for one in entries]
    tasks, with_them = with_floors(rows, verified_tasks(entries), texts=texts)
    say(f"ranking {len(rows)} entries")
    return measure_board(
        tasks,
        with_them,
        paper=read_paper() if paper else None,
        group_patterns=group_patterns,
        compare=compare,
        n_resamples=n_resamples,
    )


def entry_folders(folder: Path) -> tuple[Path, ...]:
    """Return the entries below a folder, or the folder itself where it is one.

    Raises:
        UserError: there is no such folder.
    """
    if (folder / "manifest.json").exists():
        return (folder,)
    if not folder.is_dir():
        raise UserError(
            f"got {folder}, which is no folder, expected an entry or a folder with entries; check "
            "the path"
        )
    return tuple(path.parent for path in sorted(folder.glob("*/manifest.json")))


def entries_of(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the entries of several folders, those that are named twice once.

    Raises:
        UserError: one of the folders is not there.
    """
    found = {path.resolve(): path for folder in folders for path in entry_folders(folder)}
    return tuple(found.values())


def _check_output(output: Path) -> None:
    """Make the folder, and stop before an hour of work where the site cannot be written there.

    Raises:
        UserError: the folder cannot be made or written, or holds other files than a site.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise UserError(
            f"got --output {output}, which cannot be written ({error.strerror}), expected a folder "
            "for the site; give another"
        ) from error
    if any(output.iterdir()) and not _is_site(output):
        raise UserError(
            f"got --output {output}, which holds other files, expected a new folder or a site that "
            "was built there; give another"
        )


def _is_site(folder: Path) -> bool:
    """Return whether a build wrote a folder, or began to."""
    if (folder / "data/board.json").is_file():
        return True
    index = folder / INDEX
    return index.is_file() and index.read_bytes() == (PAGES / INDEX).read_bytes()


def _clear(output: Path) -> None:
    for name in MADE:
        shutil.rmtree(output / name, ignore_errors=True)
