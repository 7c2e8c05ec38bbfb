"""Make an entry of a run: results, samples and provenance, hashed and read back."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import rarft
from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.report.schema import Results, parse_results
from rarft.leaderboard.entries.about import about_bytes, check_about
from rarft.leaderboard.entries.about_run import filled_about
from rarft.leaderboard.entries.limits import MAX_RESULTS_BYTES, MAX_TRAIN_BYTES
from rarft.leaderboard.entries.manifest import (
    ABOUT,
    RESULTS,
    TRAIN,
    read_manifest,
    samples_name,
    write_manifest,
)
from rarft.leaderboard.entries.names import is_slug, slug_of
from rarft.leaderboard.entries.read import read_entry
from rarft.leaderboard.entries.refusal import EntryRefused
from rarft.leaderboard.entries.results_file import cleaned, entry_results, results_bytes
from rarft.leaderboard.entries.run_samples import read_measured, run_rows
from rarft.leaderboard.entries.safe_files import open_folder
from rarft.leaderboard.entries.safe_json import read_json
from rarft.leaderboard.entries.sample_table import samples_bytes
from rarft.leaderboard.entries.unfinished import check_current, unfinished
from rarft.leaderboard.types import AboutEntry

_RUN_BYTES: Final = 8 * MAX_RESULTS_BYTES
"""A run's results.json with lm-eval's task configs, which an entry leaves out."""
Say = Callable[[str], None]
NO_NAME: Final = AboutEntry(name="")


def submit(
    run: Path,
    output: Path,
    *,
    about: AboutEntry = NO_NAME,
    slug: str = "",
    partial: bool = False,
    overwrite: bool = False,
    say: Say = lambda line: None,
) -> Path:
    """Make the directory of an entry of a run, and return it.

    Args:
        run: output directory of `rarft-eval`; no annotation and no video is needed.
        output: the directory to make.
        about: what is said of the entry; empty fields are filled from the run and its card.
        slug: the entry's name on the board; without one, that of the directory.
        partial: whether a run that lacks queries is taken.
        overwrite: whether an entry that is there is replaced.
        say: receives a line about each thing that was filled in, left out or is not complete.

    Raises:
        EntryRefused: the run is unfinished, or holds what an entry cannot hold.
        UserError: the run cannot be read, or the directory not be written.
    """
    slug = slug or (output.name if is_slug(output.name) else slug_of(output.name))
    _check_output(output, overwrite=overwrite)
    files = _entry_files(run, about, partial=partial, say=say)
    draft = output.with_name(f".{output.name}.{secrets.token_hex(6)}")
    try:
        for name, content in files.items():
            write_atomic(draft / name, content)
        write_manifest(draft, slug=slug, rarft_version=rarft.__version__)
        # What its own reader refuses must not leave this machine.
        read_entry(draft)
        _put(draft, output)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return output


def _entry_files(run: Path, about: AboutEntry, *, partial: bool, say: Say) -> dict[str, bytes]:
    record, results = _run_results(run)
    measured = read_measured(run)
    rows = {task: run_rows(run, task, measured) for task in results.tasks}
    check_current(run, results, rows)
    reasons = unfinished(results, rows)
    if reasons and not partial:
        raise EntryRefused(
            "unfinished_run",
            f"{run}: got an unfinished run ({'; '.join(reasons)}), expected every query of its "
            "tasks; finish it, or give --partial, and it is marked so",
        )
    for reason in reasons:
        say(f"partial: {reason}")
    said = check_about(filled_about(about, results), place="about the entry")
    for name, text in asdict(said).items():
        if text != getattr(about, name):
            say(f"{name}: {text} (from the run and its model card)")
    kept = entry_results(record)
    if any(kept[name] != record[name] for name in kept):
        say("left out of results.json: folders, local addresses and secrets of this machine")
    files = {ABOUT: about_bytes(said), RESULTS: results_bytes(kept)}
    if (run / TRAIN).is_file():
        files[TRAIN] = results_bytes(cleaned(_run_json(run / TRAIN, MAX_TRAIN_BYTES)))
    return files | {samples_name(task): samples_bytes(rows[task]) for task in rows}


def _run_results(run: Path) -> tuple[dict[str, Any], Results]:
    path = run / RESULTS
    if not path.is_file():
        has_begun = (run / "run.json").is_file()
        raise EntryRefused(
            "unfinished_run" if has_begun else "run_files",
            f"{run}: got {'a run' if has_begun else 'a directory'} without {RESULTS}, expected the "
            "output of a run that came to its end; run the same rarft-eval command again, or check "
            "the path",
        )
    record = _run_json(path, _RUN_BYTES)
    return record, parse_results(path.read_bytes(), source=str(path))


def _run_json(path: Path, max_bytes: int) -> dict[str, Any]:
    try:
        n_bytes = path.stat().st_size
        content = path.read_bytes() if n_bytes <= max_bytes else b""
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if n_bytes > max_bytes:
        raise EntryRefused(
            "too_large", f"{path}: got {n_bytes} bytes, expected at most {max_bytes}; check the run"
        )
    record = read_json(content, place=str(path))
    if not isinstance(record, dict):
        raise EntryRefused("run_files", f"{path}: got no JSON object, expected one; check the run")
    return record


def _check_output(output: Path, *, overwrite: bool) -> None:
    is_other = output.exists() and not output.is_dir()
    if output.name in ("", "..") or output.is_symlink() or is_other:
        raise UserError(
            f"got --output {output}, which is no directory with a name of its own, expected one to "
            "make; choose another"
        )
    if not output.is_dir() or not any(output.iterdir()):
        return
    try:
        with open_folder(output) as folder:
            read_manifest(folder)
    except EntryRefused as refused:
        raise UserError(
            f"got --output {output} with other files in it, expected a new directory; "
            "choose another"
        ) from refused
    if not overwrite:
        raise UserError(
            f"got --output {output}, which holds an entry, expected a new directory; choose "
            "another or give --overwrite"
        )


def _put(draft: Path, output: Path) -> None:
    """Let a finished draft take the place of what is there."""
    old = draft.with_name(f"{draft.name}.old")
    try:
        if output.is_dir():
            output.rename(old)
        draft.rename(output)
    except OSError as error:
        if old.is_dir():
            old.rename(output)
        raise UserError(
            f"{output}: cannot be written ({error.strerror}), expected a folder to write in; "
            "choose another --output"
        ) from error
    shutil.rmtree(old, ignore_errors=True)
