"""A written set on its way to the Hub, unless the licence of a source forbids it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rarft.dataset_builder.output.licences import combine
from rarft.dataset_builder.output.parquet_shards import DATA
from rarft.dataset_builder.output.tally import SourceCount
from rarft.dataset_builder.output.write import MANIFEST
from rarft.harness.errors import NotFoundError, UserError

_COLUMNS: Final = ("source", "source_split", "licence", "redistributable")
_REPO_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is published, and where; `address` is empty in a dry run."""

    repo_id: str
    files: tuple[str, ...]
    n_bytes: int
    address: str = ""


def publish(
    out: Path,
    repo_id: str,
    *,
    is_private: bool = False,
    token: str | None = None,
    endpoint: str | None = None,
    is_dry: bool = False,
) -> Publication:
    """Upload a written set to the Hub as a dataset.

    The licences are read from the rows, not from the card, which anybody may have edited.

    Args:
        out: the folder that `write_output` wrote.
        repo_id: `<owner>/<name>`.
        is_private: whether a repository that is made now is private.
        token: the user's, or what HF_TOKEN or `hf auth login` gave.
        endpoint: another Hub than the public one.
        is_dry: check everything and send nothing.

    Raises:
        UserError: a licence forbids it, there is no token, or the Hub refuses.
    """
    files = checked_set(out)
    if not _REPO_ID.fullmatch(repo_id):
        raise UserError(f"got {repo_id!r} as the Hub's id, expected <owner>/<name>")
    combined = combine(sources_of(out))
    if combined.problems:
        raise UserError(
            f"got {out}, which must not be published: {'; '.join(combined.problems)}; leave "
            "such a source out, or build a set for each licence"
        )
    planned = Publication(
        repo_id=repo_id,
        files=files,
        n_bytes=sum((out / file).stat().st_size for file in files),
    )
    if is_dry:
        return planned
    address = _push(out, planned, is_private=is_private, token=token, endpoint=endpoint)
    return Publication(repo_id=repo_id, files=files, n_bytes=planned.n_bytes, address=address)


def checked_set(out: Path) -> tuple[str, ...]:
    """Return the files of a set, by their path in its folder.

    Raises:
        NotFoundError: the folder holds no set, or a file of it is gone.
    """
    path = out / MANIFEST
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["files"]
        files = (*named, MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotFoundError(
            f"got {out} without a readable {MANIFEST}, expected a set that rarft-data card wrote; "
            "write it first"
        ) from error
    for file in files:
        if not (out / file).is_file():
            raise NotFoundError(f"got {out} without {file}, expected it; write the set again")
    return files


def sources_of(out: Path) -> list[SourceCount]:
    """Return the sources of the rows in a set's Parquet files, with their licences."""
    from datasets import load_dataset

    files = [str(path) for path in sorted((out / DATA).glob("*.parquet"))]
    rows = load_dataset(
        "parquet", data_files=files, split="train", streaming=True, columns=list(_COLUMNS)
    )
    counts = Counter(tuple(row[name] for name in _COLUMNS) for row in rows)
    return [
        SourceCount(
            source=source,
            split=split,
            licence=licence,
            redistributable=redistributable,
            citation="",
            n_rows=n_rows,
        )
        for (source, split, licence, redistributable), n_rows in sorted(counts.items())
    ]


def _push(
    out: Path, planned: Publication, *, is_private: bool, token: str | None, endpoint: str | None
) -> str:
    """Make the repository and commit the files; return the commit's address."""
    import httpx
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    token = token or get_token()
    if not token:
        raise UserError(
            "got no token of the Hub, expected one that may write; log in with `hf auth login` or "
            "set HF_TOKEN"
        )
    api = HfApi(endpoint=endpoint, token=token)
    try:
        api.create_repo(planned.repo_id, private=is_private, exist_ok=True, repo_type="dataset")
        commit = api.upload_folder(
            repo_id=planned.repo_id,
            folder_path=out,
            allow_patterns=list(planned.files),
            commit_message="Upload a set built by rarft-data",
            repo_type="dataset",
        )
    except (HfHubHTTPError, HFValidationError, httpx.HTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).replace(token, "[token]").split())[:200]
        raise UserError(
            f"got {planned.repo_id}, which cannot be published to ({reason}), expected a "
            f"repository of yours; check the token and publish {out} again"
        ) from error
    return str(commit.commit_url)
