"""The records of an annotation, wherever and however it is stored, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rarft.dataset_builder.sources.hub import PREFIX, hub_file, hub_place, hub_rows, parquet_rows
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.json_stream import json_items
from rarft.dataset_builder.sources.text_files import holds_lines, json_lines, opened
from rarft.harness.errors import UserError

Location = str | Path
"""A local path, or `hub:OWNER/NAME`, with `@REVISION` and `/FILE` where they are given."""


def record_items(
    location: Location,
    *,
    split: str = "train",
    inside: str = "",
    columns: tuple[str, ...] = (),
) -> Iterator[Item]:
    """Yield records: of a JSON list, JSON lines, a Parquet file, or a data set of the Hub.

    Args:
        location: Where they are; a `.gz` is unpacked on the way.
        split: The split of a data set of the Hub; a file has none.
        inside: The member of a JSON object that holds the records.
        columns: What of a row is read, or nothing for all of it.

    Raises:
        NotFoundError: there is no such file or data set.
        UserError: it cannot be read.
    """
    place = hub_place(str(location)) if _is_on_hub(location) else None
    if place is not None and place.file is None:
        yield from _numbered(hub_rows(place, split=split, columns=columns))
        return
    path = local_file(location)
    if path.suffix == ".parquet":
        yield from _numbered(parquet_rows(path, columns=columns))
    elif not inside and holds_lines(path):
        yield from json_lines(path)
    else:
        with opened(path) as stream:
            yield from json_items(stream, inside=inside)


def member_items(location: Location) -> Iterator[Item]:
    """Yield the members of the JSON object that a file holds.

    Raises:
        NotFoundError: there is no such file.
        UserError: it cannot be read.
    """
    with opened(local_file(location)) as stream:
        yield from json_items(stream)


def local_file(location: Location) -> Path:
    """Return the path of a file, fetched from the Hub where it lies there.

    Raises:
        NotFoundError: the Hub has no such file.
        UserError: the location names a whole data set, or a token is missing.
    """
    if not _is_on_hub(location):
        return Path(location).expanduser()
    place = hub_place(str(location))
    if place.file is None:
        raise UserError(
            f"got {location}, a data set, expected one file of it; write {location}/FILE"
        )
    return hub_file(place)


def file_name(location: Location) -> str:
    """Return the name that rows give as the place they come from.

    Example:
        >>> file_name("data/val_1.json"), file_name("hub:a/b@main/x.json"), file_name("hub:a/b")
        ('val_1.json', 'x.json', 'a/b')
    """
    if _is_on_hub(location):
        place = hub_place(str(location))
        return Path(place.file).name if place.file else place.repository
    return Path(location).name


def _is_on_hub(location: Location) -> bool:
    return isinstance(location, str) and location.startswith(PREFIX)


def _numbered(rows: Iterable[object]) -> Iterator[Item]:
    return (Item(row=row, value=value) for row, value in enumerate(rows))
