"""A built site on its way out: what build wrote and nothing else, and no text that must stay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.leaderboard.publish.planned import BOARD, PlannedFile, Publication
from rarft.leaderboard.publish.repository_id import check_repository_id

VIDEOS: Final = "videos"
_PAGES: Final = (".css", ".html", ".js", ".json", ".png", ".svg", ".txt")
_VIDEOS: Final = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
_MAX_PAGES_BYTES: Final = 100_000_000
"""GitHub refuses a larger file."""


def plan_space(
    site: Path, repo_id: str, *, dataset: str | None = None, with_videos: bool = False
) -> Publication:
    """Plan a static Space of a built site; what else it holds is removed.

    Args:
        site: what `rarft-leaderboard build` wrote.
        repo_id: `<owner>/<name>`.
        dataset: the id of the dataset with the entries, which the Space's card names.
        with_videos: whether videos go along although their task's licence does not say they may.

    Raises:
        NotFoundError: there is no built site.
        UserError: the id has another form, or the site holds what must not be published.
    """
    check_repository_id(repo_id, flag="--space")
    return Publication(
        place="space",
        target=repo_id,
        files=site_files(site, with_videos=with_videos),
        replaces=("",),
        card=lambda _paths: space_card(dataset),
    )


def plan_pages(site: Path, folder: Path, *, with_videos: bool = False) -> Publication:
    """Plan a folder for GitHub Pages, which .nojekyll keeps from rewriting the site.

    Raises:
        NotFoundError: there is no built site.
        UserError: the site holds what must not be published, or a file that GitHub refuses.
    """
    files = (*site_files(site, with_videos=with_videos), PlannedFile(path=".nojekyll", content=b""))
    for file in files:
        if file.n_bytes > _MAX_PAGES_BYTES:
            raise UserError(
                f"got {site / file.path} of {file.n_bytes / 1e6:,.0f} MB, expected at most "
                f"{_MAX_PAGES_BYTES / 1e6:,.0f} MB, which is what GitHub takes; build without it"
            )
    return Publication(place="pages", target=str(folder), files=files, replaces=("",))


def space_card(dataset: str | None) -> str:
    """Return README.md of a Space, whose first lines tell the Hub how to show it.

    Example:
        >>> space_card("me/entries").splitlines()[2:5]
        ['sdk: static', 'app_file: index.html', 'pinned: false']
    """
    import yaml

    front: dict[str, Any] = {
        "title": "Refusal-aware video temporal grounding",
        "sdk": "static",
        "app_file": "index.html",
        "pinned": False,
        "short_description": "Models that find a moment or say why not",
    }
    if dataset is not None:
        front["datasets"] = [dataset]
    return (
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n"
        "A leaderboard as `rarft-leaderboard build` wrote it: static files, no request to another "
        "host. Every figure of an entry was computed again from its samples.\n"
    )


def site_files(site: Path, *, with_videos: bool = False) -> tuple[PlannedFile, ...]:
    """Return the files of a built site.

    Args:
        site: what `rarft-leaderboard build` wrote.
        with_videos: whether videos go along although their task's licence does not say they may.

    Raises:
        NotFoundError: there is no built site.
        UserError: a file is none that build writes, or a text or video must not be handed on.
    """
    board = _board(site)
    if board["private"]:
        raise UserError(
            f"got --site {site} with texts of {', '.join(map(str, board['private']))}, whose "
            "licence does not let them be handed on, expected a site without them; build "
            "it without --texts"
        )
    files = tuple(
        PlannedFile(path=path.relative_to(site).as_posix(), content=path) for path in _walk(site)
    )
    if not with_videos:
        _check_videos(board, files)
    return files


def _board(site: Path) -> dict[str, Any]:
    try:
        board = json.loads((site / BOARD).read_text(encoding="utf-8"))
        if (site / "index.html").is_file() and all(
            isinstance(board[key], list) for key in ("tasks", "private")
        ):
            return dict(board)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise NotFoundError(
        f"got --site {site} without index.html or a readable {BOARD}, expected what "
        "rarft-leaderboard build wrote; build it first"
    )


def _check_videos(board: dict[str, Any], files: Sequence[PlannedFile]) -> None:
    """Stop at videos of a task whose licence is not known to let them be handed on.

    Raises:
        UserError: the site holds such a video.
    """
    is_open = {str(task["name"]): bool(task["texts"]) for task in board["tasks"]}
    for file in files:
        folder, _, rest = file.path.partition("/")
        task = rest.partition("/")[0]
        if folder == VIDEOS and not is_open.get(task):
            raise UserError(
                f"got {file.path}, a video of {task}, whose licence does not say that it may be "
                "handed on, expected none; build without --videos, or give --with_videos where you "
                "have the right"
            )


def _walk(site: Path) -> Iterator[Path]:
    for path in sorted(site.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UserError(f"got {path}, which is no plain file, expected what build wrote")
        if path.is_dir():
            continue
        name = path.relative_to(site)
        suffixes = _VIDEOS if name.parts[0] == VIDEOS else _PAGES
        if any(part.startswith(".") for part in name.parts) or path.suffix not in suffixes:
            raise UserError(
                f"got {path}, which rarft-leaderboard build did not write, expected its files; "
                "take it away or build into an empty folder"
            )
        yield path
