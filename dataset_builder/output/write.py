"""From the accepted rows of a build to the folder that others use."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.output.card import README, CardContent, card_text
from rarft.dataset_builder.output.features import without_folders
from rarft.dataset_builder.output.found_build import FoundBuild, find_build, with_measured
from rarft.dataset_builder.output.licences import Combined, combine
from rarft.dataset_builder.output.official_json import write_official
from rarft.dataset_builder.output.parquet_shards import MAX_ROWS_A_SHARD, write_parquet
from rarft.dataset_builder.output.row_index import RowIndex, index_rows, rows_at
from rarft.dataset_builder.output.tally import Counting, Tally
from rarft.dataset_builder.output.task_yaml import task_names, task_yaml, write_task
from rarft.dataset_builder.row_files import write_rows
from rarft.harness.errors import UserError

OUT: Final = "out"
MANIFEST: Final = "output.json"
SCHEMA_VERSION: Final = 1
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_SPLIT: Final = re.compile(r"\w+(\.\w+)*")
"""What `datasets` takes for the name of a split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A written set: its folder, its task for each split, what it holds and on which terms."""

    folder: Path
    name: str
    tasks: Mapping[str, str]
    tally: Tally
    licence: Combined


def write_output(
    build: Path,
    out: Path | None = None,
    *,
    name: str | None = None,
    max_rows_a_shard: int = MAX_ROWS_A_SHARD,
    n_processes: int = 1,
) -> Output:
    """Write Parquet, JSONL, official JSON, task YAMLs and the card, all or nothing.

    A set that this function wrote before takes its leave for the new one; any other folder is left
    alone. The same rows give the same bytes.

    Args:
        build: a build's folder, or a file of rows.
        out: where the set goes, `out` in the build's folder by default.
        name: what the set and its task are called, the folder's name by default.
        max_rows_a_shard: the most rows of one Parquet file.
        n_processes: how many processes read the rows for Parquet.

    Raises:
        NotFoundError: there is no such build.
        UserError: a row is damaged, an id comes twice, the name is no name of a task, or the folder
            holds something else.
    """
    built = find_build(build)
    if max_rows_a_shard < 1 or n_processes < 1:
        raise UserError(
            f"got {max_rows_a_shard} rows a shard and {n_processes} processes, expected 1 or more"
        )
    target = out or built.rows.parent / OUT
    called = checked_name(name) if name is not None else task_name(built.name)
    counting = Counting()
    index = index_rows(built.rows, see=counting.add)
    _check_splits(index)
    tally = counting.tally()
    output = Output(
        folder=target,
        name=called,
        tasks=task_names(called, index.splits),
        tally=tally,
        licence=combine(tally.sources),
    )
    with _replaced(target) as folder:
        for split in index.splits:
            write_parquet(
                index.path,
                index.of_split(split),
                folder,
                split=split,
                max_rows=max_rows_a_shard,
                n_processes=n_processes,
            )
            _write_split(index, folder, split=split, output=output)
        _write_card(folder, built, output)
        _write_manifest(folder, output)
    return output


def task_name(name: str) -> str:
    """Return a name of a task that is like another name.

    Example:
        >>> task_name("HI-Kitchen v2"), task_name("2024")
        ('hi_kitchen_v2', 'set_2024')
    """
    made = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    return made if _NAME.fullmatch(made) else f"set_{made}".rstrip("_")


def checked_name(name: str) -> str:
    """Return a name that a task may have.

    Raises:
        UserError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"got --name {name}, expected small letters, digits and _, a letter first; for "
            f"example {task_name(name)}"
        )
    return name


def _check_splits(index: RowIndex) -> None:
    for split in index.splits:
        if not _SPLIT.fullmatch(split):
            raise UserError(
                f"got {index.path} with the split '{split}', expected letters, digits, _ and dots; "
                "give the split another name"
            )


def _write_split(index: RowIndex, folder: Path, *, split: str, output: Output) -> None:
    task = output.tasks[split]
    rows, official = folder / "rows", folder / "official"
    for made in (rows, official):
        made.mkdir(exist_ok=True)
    placed = rows_at(index.path, index.of_split(split))
    file = rows / f"{output.name}_{split}.jsonl"
    write_rows(file, map(without_folders, placed))
    n_records = write_official(index, official / f"{output.name}_{split}.json", split=split)
    text = task_yaml(
        task,
        split=split,
        annotation=f"rows/{file.name}",
        tally=output.tally,
        licence=output.licence.licence,
        n_records=n_records,
    )
    write_task(text, folder, task=task)


def _write_card(folder: Path, built: FoundBuild, output: Output) -> None:
    content = CardContent(
        name=output.name,
        tally=output.tally,
        facts=with_measured(built, n_rows=output.tally.n_rows),
        licence=output.licence,
        tasks=output.tasks,
        versions={name: version(name) for name in ("rarft", "datasets", "pyarrow")},
    )
    (folder / README).write_text(card_text(content), encoding="utf-8")


def _write_manifest(folder: Path, output: Output) -> None:
    """Write what the folder holds; it also says that the folder is of our making."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": output.name,
        "tasks": dict(output.tasks),
        "n_rows": output.tally.n_rows,
        "files": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _replaced(target: Path) -> Iterator[Path]:
    """Give a folder to write in that takes the place of `target` once it is whole.

    Raises:
        UserError: `target` is of somebody else's making, or cannot be written.
    """
    target = target.absolute()
    if target.exists() and not (target / MANIFEST).is_file() and _holds_something(target):
        raise UserError(
            f"got {target}, which holds something else than a set, expected an empty or new "
            "folder; give another --output_path"
        )
    draft, old = (target.with_name(f".{target.name}.{end}") for end in ("draft", "old"))
    try:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
        draft.mkdir(parents=True)
        yield draft
        if target.exists():
            target.rename(old)
        draft.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"got {target}, which cannot be written ({error.strerror or error}), expected a folder "
            "with room; mend that and give the command again"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _holds_something(target: Path) -> bool:
    return not target.is_dir() or any(target.iterdir())
