"""The lengths of videos, from a file beside an annotation that has none."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

from rarft.dataset_builder.sources.fields import RowError, duration_of
from rarft.dataset_builder.sources.items import Location, local_file, member_items
from rarft.dataset_builder.sources.text_files import opened
from rarft.harness.errors import AnnotationError
from rarft.harness.video.locate import stem


def read_durations(path: Location) -> Mapping[str, float]:
    """Return seconds by the stem of a video's name.

    The file is a CSV with the columns `id` and `length` (Charades_v1_test.csv) or `duration`, or a
    JSON object of seconds, or of objects with a `duration`, by video.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it holds no durations.
    """
    file = local_file(path)
    pairs = _from_csv(path) if file.name.removesuffix(".gz").endswith(".csv") else _from_json(path)
    found = {}
    for name, value in pairs:
        try:
            duration_s = duration_of(value)
        except RowError:
            continue
        if duration_s is not None:
            found[stem(name)] = duration_s
    if not found:
        raise AnnotationError(
            f"{path}: got no duration, expected a CSV with id and length or duration, or a JSON "
            "object of seconds by video; mend the file"
        )
    return found


def _from_csv(path: Location) -> Iterator[tuple[str, object]]:
    with opened(local_file(path)) as lines:
        for row in csv.DictReader(lines):
            yield (
                str(row.get("id") or row.get("video") or ""),
                row.get("length") or row.get("duration"),
            )


def _from_json(path: Location) -> Iterator[tuple[str, object]]:
    for item in member_items(path):
        value = item.value
        yield item.key, value.get("duration") if isinstance(value, dict) else value
