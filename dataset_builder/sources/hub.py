"""Annotations on the Hub: a file of a data set, or its rows as `datasets` streams them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError

PREFIX: Final = "hub:"
_REFUSED: Final = (401, 403)
_PLACE: Final = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^/]+))?(?:/(?P<file>.+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPlace:
    """A data set of the Hub, or one file of it."""

    repository: str
    revision: str | None = None
    file: str | None = None


def hub_place(location: str) -> HubPlace:
    """Read `hub:OWNER/NAME`, with `@REVISION` and `/FILE` where they are given.

    Raises:
        UserError: the text has another form.

    Example:
        >>> hub_place("hub:ShuhuaiRen/TimeIT@main/data/a.json").file
        'data/a.json'
    """
    found = _PLACE.fullmatch(location.removeprefix(PREFIX))
    if not found:
        raise UserError(f"got {location}, expected hub:OWNER/NAME, @REVISION and /FILE after it")
    return HubPlace(**found.groupdict())


def hub_file(place: HubPlace) -> Path:
    """Return a local copy of one file, fetched where it is not in the cache.

    Raises:
        NotFoundError: the Hub has no such file, or it cannot be reached.
        UserError: a token is missing, or may not read the data set.
    """
    from httpx import HTTPError
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(
            hf_hub_download(
                place.repository,
                str(place.file),
                repo_type="dataset",
                revision=place.revision,
            )
        )
    except (OSError, ValueError, HTTPError, HfHubHTTPError) as error:
        raise _explained(place, error) from error


def hub_rows(place: HubPlace, *, split: str, columns: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield the rows of a split as they arrive; `columns` names those that are wanted, or none.

    Raises:
        NotFoundError: the Hub has no such data set or split, or it cannot be reached.
        UserError: a token is missing, or may not read the data set.
    """
    from datasets import load_dataset
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        rows = load_dataset(place.repository, split=split, revision=place.revision, streaming=True)
        yield from _wanted(rows, columns)
    except (OSError, ValueError, KeyError, HTTPError, HfHubHTTPError) as error:
        raise _explained(place, error) from error


def parquet_rows(path: Path, *, columns: tuple[str, ...] = ()) -> Iterator[Any]:
    """Yield the rows of a Parquet file, one batch in memory.

    Raises:
        NotFoundError: there is no such file.
        UserError: it is no Parquet file, or lacks a column.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    if not path.is_file():
        raise NotFoundError(
            f"got {path}, which is no file, expected a Parquet file; check the path"
        )
    try:
        rows = load_dataset("parquet", data_files=str(path), split="train", streaming=True)
        yield from _wanted(rows, columns)
    except (OSError, ValueError, KeyError, DatasetGenerationError) as error:
        raise UserError(
            f"{path}: got {_short(error)}, expected a Parquet file; write it again"
        ) from error


def _wanted(rows: Any, columns: tuple[str, ...]) -> Iterator[Any]:
    """Yield rows without the columns nobody reads, which may hold whole videos."""
    from datasets import Audio, Image, Video

    known = rows.column_names
    if known:
        missing = [name for name in columns if name not in known]
        if missing:
            raise UserError(
                f"got the column {missing[0]}, expected one of {', '.join(known)}; name the "
                "columns that the data has"
            )
        heavy = [
            name
            for name, feature in (rows.features or {}).items()
            if isinstance(feature, Audio | Image | Video)
        ]
        for name in heavy:
            # The name of a file is enough, and is there before the file is fetched.
            rows = rows.cast_column(name, type(rows.features[name])(decode=False))
        rows = rows.select_columns(list(columns or known))
    yield from rows


def _explained(place: HubPlace, error: Exception) -> UserError:
    """Return the one line for what a request to the Hub ended with."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    where = place.repository if place.file is None else f"{place.repository}/{place.file}"
    causes = list(_causes(error))
    if any(isinstance(cause, GatedRepoError) for cause in causes):
        return UserError(
            f"got hub:{where}, whose owners ask for consent, expected a token that has it; accept "
            "the terms on its page, then run `hf auth login` or set HF_TOKEN"
        )
    refused = (
        isinstance(cause, RepositoryNotFoundError)
        or (isinstance(cause, HfHubHTTPError) and cause.response.status_code in _REFUSED)
        for cause in causes
    )
    if any(refused):
        return NotFoundError(
            f"got hub:{where}, which the Hub does not show without a token that may read it, "
            "expected a public data set or a token; check the name, or run `hf auth login` or set "
            "HF_TOKEN"
        )
    return NotFoundError(
        f"got hub:{where}, which cannot be read ({_short(error)}), expected a data set of the Hub; "
        "check the name, the split, the file and the connection"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
