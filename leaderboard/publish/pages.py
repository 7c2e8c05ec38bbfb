"""A planned publication in a folder, such as a checkout of the branch that GitHub Pages serves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from rarft.harness.errors import UserError
from rarft.leaderboard.publish.planned import PlannedFile, Publication

NO_JEKYLL: Final = ".nojekyll"
_KEPT: Final = (".git", ".github", ".gitattributes", ".gitignore", "CNAME", "README.md", "LICENSE")


def write_pages(plan: Publication) -> Path:
    """Write the files into the plan's folder, and remove those that an earlier site left.

    What git, GitHub and the owner keep there stays: .git, .github, CNAME, README.md, LICENSE.

    Raises:
        UserError: the folder holds something else than a site that was written here before.
    """
    folder = Path(plan.target)
    there = check_pages_folder(folder)
    try:
        for file in plan.files:
            _write(file, folder / file.path)
        for name in plan.gone(there):
            (folder / name).unlink()
        _remove_empty(folder, there)
    except OSError as error:
        raise UserError(
            f"got --pages {folder}, which cannot be written ({error.strerror}), expected a folder "
            "with room; mend that and publish again"
        ) from error
    return folder


def check_pages_folder(folder: Path) -> tuple[str, ...]:
    """Return the files of an earlier site in a folder, none where it is new or empty.

    Raises:
        UserError: the folder holds something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"got --pages {folder}, which is no folder, expected a new or empty one")
    if not folder.exists():
        return ()
    found = [path for path in sorted(folder.iterdir()) if path.name not in _KEPT]
    if found and not (folder / NO_JEKYLL).is_file():
        raise UserError(
            f"got --pages {folder} with {found[0].name} in it, expected a new or empty folder, or "
            "one that was published to before; give another"
        )
    return tuple(
        path.relative_to(folder).as_posix()
        for top in found
        for path in (sorted(top.rglob("*")) if top.is_dir() and not top.is_symlink() else [top])
        if path.is_symlink() or path.is_file()
    )


def _write(file: PlannedFile, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link left by somebody would be written through.
    path.unlink(missing_ok=True)
    if isinstance(file.content, bytes):
        path.write_bytes(file.content)
    else:
        shutil.copyfile(file.content, path)


def _remove_empty(folder: Path, there: tuple[str, ...]) -> None:
    parents = {parent for name in there for parent in Path(name).parents if parent != Path()}
    for parent in sorted(parents, reverse=True):
        path = folder / parent
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
