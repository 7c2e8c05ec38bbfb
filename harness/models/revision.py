"""Which weights a checkpoint name stands for, as one string that can be compared."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rarft.harness.models.card import Card

_HEAD_BYTES = 1 << 20
"""Weights are named by their size and first megabyte: hashing 16 GB would take minutes a run."""


def resolve_revision(card: Card, *, checkpoint: str | None) -> str | None:
    """Return the commit of a Hub id, or a digest of a local folder's files.

    A Hub commit comes from the local snapshot where there is one, else from the Hub; where neither
    answers, the card's own revision is returned.
    """
    if checkpoint is None:
        return None
    if checkpoint.startswith("package:"):
        return _folder_digest(Path(__file__).parent / checkpoint.removeprefix("package:"))
    if Path(checkpoint).is_dir():
        return _folder_digest(Path(checkpoint))
    return _hub_commit(checkpoint, card.revision or "main") or card.revision


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".json", ".safetensors", ".bin", ".txt", ".jinja"):
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size} ".encode())
            with path.open("rb") as file:
                digest.update(file.read(_HEAD_BYTES))
    return f"sha256:{digest.hexdigest()}"


def _hub_commit(checkpoint: str, revision: str) -> str | None:
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    cached = try_to_load_from_cache(checkpoint, "config.json", revision=revision)
    if isinstance(cached, str):
        return Path(cached).parent.name
    try:
        return HfApi().model_info(checkpoint, revision=revision, timeout=10).sha
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError):
        return None
