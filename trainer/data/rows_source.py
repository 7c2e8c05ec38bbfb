"""Rows of queries as `datasets` reads them: a folder, a file, or a data set of the Hub.

A row is what `Query.to_doc` gives, with `video_path` where the file is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError, VideoError
from rarft.harness.types import Query, query_from_doc
from rarft.tasks.records import base_name
from rarft.tasks.synth_hi.files import to_dataset
from rarft.trainer.data.official_source import finder
from rarft.trainer.data.source import Source

NEEDED: Final = ("video", "text", "relevant", "spans", "refusal")
"""Columns without which there is nothing to ask or to reward."""
_READERS: Final = {
    ".jsonl": "json",
    ".parquet": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
}


def rows_source(
    name: str,
    *,
    config: str | None = None,
    revision: str | None = None,
    split: str = "train",
    video_folder: str | None = None,
) -> Source:
    """Read a data set by the name of its folder or file, or by its Hub id.

    Raises:
        NotFoundError: there is none of that name.
        UserError: it cannot be read, or lacks a column.
    """
    rows = _load(name, config=config, revision=revision, split=split)
    place = Path(name).expanduser()
    folder = place if place.is_dir() else place.parent
    return source_of_rows(rows, name=name, video_folder=video_folder, folder=folder)


def source_of_rows(
    rows: Any, *, name: str, video_folder: str | None = None, folder: Path | None = None
) -> Source:
    """Return the queries of a `datasets.Dataset`.

    Args:
        rows: The data set.
        name: What it is called.
        video_folder: Where videos are found by base name.
        folder: What a relative `video_path` begins at.

    Raises:
        UserError: it lacks a column, or a row cannot be read.
    """
    missing = [column for column in NEEDED if column not in rows.column_names]
    if missing:
        raise UserError(
            f"{name}: got rows without the column {missing[0]}, expected {', '.join(NEEDED)}; "
            "add the column"
        )
    paths: dict[str, Path] = {}
    queries = [
        _query(row, position, name=name, paths=paths)
        for position, row in enumerate(_without_decoding(rows))
    ]
    find = finder(video_folder)

    def path_of(query: Query) -> Path:
        path = paths.get(query.video)
        if path is None:
            return find(query)
        path = (folder or Path()) / path
        if not path.is_file():
            raise VideoError(f"{path}: got no such video")
        return path.absolute()

    return Source(name=name, queries=queries, path_of=path_of)


def _load(name: str, *, config: str | None, revision: str | None, split: str) -> Any:
    from datasets import DatasetDict, load_dataset, load_from_disk

    path = Path(name).expanduser()
    try:
        if path.is_dir():
            if (path / "set.json").is_file():
                return to_dataset(path)
            if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
                loaded = load_from_disk(str(path))
                return loaded[split] if isinstance(loaded, DatasetDict) else loaded
        if path.is_file():
            reader = _READERS.get(path.suffix)
            if reader is None:
                raise UserError(
                    f"{path}: got a file of type {path.suffix or 'none'}, expected one of "
                    f"{', '.join(_READERS)}"
                )
            return load_dataset(reader, data_files=str(path), split="train")
        return load_dataset(str(name), config, revision=revision, split=split)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotFoundError(
            f"got dataset_name={name}, which cannot be read ({reason}), expected hi_vtg_train, "
            "synth_hi, a file, a folder or a Hub id; check the name and the split"
        ) from error


def _without_decoding(rows: Any) -> Sequence[Mapping[str, Any]]:
    """Return rows whose videos are names, where the data set would decode them."""
    from datasets import Video

    if isinstance(rows.features["video"], Video):
        rows = rows.cast_column("video", Video(decode=False))
    return rows  # type: ignore[no-any-return]


def _query(row: Mapping[str, Any], position: int, *, name: str, paths: dict[str, Path]) -> Query:
    video = row["video"]["path"] if isinstance(row["video"], dict) else row["video"]
    path = row.get("video_path") or (video if video and Path(video).is_absolute() else None)
    try:
        query = query_from_doc({"id": f"{position:06d}", **row, "video": base_name(video)}, task="")
        if not query.text.strip():
            raise ValueError("an empty text")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{name}: got row {position} (from 0) that is no query ({error}), expected the columns "
            f"{', '.join(NEEDED)} filled; mend the row"
        ) from error
    if path:
        paths[query.video] = Path(path)
    return query
