"""Which weights a checkpoint name stands for, as one string that can be compared.

Naming and loading ask here both, so that what is named is what is loaded.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.card import Card

PACKAGE_PREFIX: Final = "package:"
_SUFFIXES: Final = (".json", ".safetensors", ".bin", ".txt", ".jinja", ".model")
_RUNNERS_SUFFIXES: Final = (".pth", ".pt", ".ckpt", ".t7")
"""Of a model that a runner loads; beside weights that we load they belong to a trainer."""
_WHOLE_BYTES: Final = 16 * 1024**2
_N_BLOCKS: Final = 256
_BLOCK_BYTES: Final = 64 * 1024
_HUB_TIMEOUT_S: Final = 10
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SERVED: Final = ("openai",)
_SWITCHED_ON: Final = frozenset({"1", "true", "yes", "on"})


def named_checkpoint(card: Card, model_args: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the checkpoint and the revision asked for; a card's revision is its checkpoint's only.

    Behind a server the checkpoint is the name by which the server knows the model.

    Example:
        >>> card = Card(name="m", family="base", backend="hf", checkpoint="a/b", revision="v2",
        ...             licence="", source="")
        >>> named_checkpoint(card, {})
        ('a/b', 'v2')
        >>> named_checkpoint(card, {"pretrained": "c/d"})
        ('c/d', None)
    """
    given = model_args.get("model" if card.backend in _SERVED else "pretrained")
    checkpoint = given or card.checkpoint
    revision = model_args.get("revision") or (None if given else card.revision)
    return (str(checkpoint) if checkpoint else None, str(revision) if revision else None)


def resolve_revision(card: Card, *, model_args: Mapping[str, Any]) -> str | None:
    """Return the commit of a Hub id, or a digest of a local file or of a folder's files.

    Offline, a commit comes from the local snapshot; where there is none, the revision asked for is
    returned. The weights behind a server are not seen: theirs is the revision that the user names.

    Raises:
        NotFoundError: the checkpoint is neither a folder nor the form of a Hub id.
        UserError: a file of the folder cannot be read.
    """
    checkpoint, revision = named_checkpoint(card, model_args)
    if checkpoint is None:
        return None
    if card.backend in _SERVED:
        return revision
    folder = Path(checkpoint_folder(checkpoint))
    if folder.is_file():
        return _digest([folder], folder.parent, weights="")
    if not folder.is_dir():
        return hub_commit(checkpoint, revision) or revision or "main"
    is_drawn = (
        checkpoint.startswith(PACKAGE_PREFIX) and not (folder / "model.safetensors").is_file()
    )
    suffixes = _SUFFIXES + (_RUNNERS_SUFFIXES if card.backend == "bridge" else ())
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in suffixes]
    return _digest(paths, folder, weights=_drawn_weights() if is_drawn else "")


def checkpoint_folder(name: str) -> str:
    """Return where transformers finds a checkpoint: a packaged one lies beside this file."""
    if name.startswith(PACKAGE_PREFIX):
        return str(Path(__file__).parent / name.removeprefix(PACKAGE_PREFIX))
    return name


def is_offline() -> bool:
    """Say whether RARFT_OFFLINE or HF_HUB_OFFLINE forbids to ask the Hub."""
    switches = ("RARFT_OFFLINE", "HF_HUB_OFFLINE")
    return any(os.environ.get(name, "").lower() in _SWITCHED_ON for name in switches)


def hub_commit(checkpoint: str, revision: str | None) -> str | None:
    """Return the commit of a Hub id at a revision, `main` by default; None where none is known.

    A process gets one answer for good: a branch that moves meanwhile changes nothing.

    Raises:
        NotFoundError: the name has not the form of a Hub id.
    """
    from huggingface_hub.errors import HFValidationError

    try:
        return _known_commit(checkpoint, revision or "main")
    except _UnknownCommitError:
        return None
    except HFValidationError as error:
        raise NotFoundError(
            f"got pretrained={checkpoint}, which is neither a folder nor a Hub id, so it cannot be "
            "loaded; check the path or the name"
        ) from error


class _UnknownCommitError(Exception):
    """Neither the Hub nor the local snapshots know the revision now; not remembered, so raised."""


@cache
def _known_commit(checkpoint: str, revision: str) -> str:
    import httpx
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    # First of all, as this checks the form of the name.
    cached = try_to_load_from_cache(checkpoint, "config.json", revision=revision)
    if _COMMIT.fullmatch(revision):
        return revision
    if not is_offline():
        try:
            answer = HfApi().model_info(checkpoint, revision=revision, timeout=_HUB_TIMEOUT_S)
            if answer.sha is not None:
                return answer.sha
        except (httpx.HTTPError, HfHubHTTPError, OfflineModeIsEnabled, OSError, ValueError):
            pass
    if isinstance(cached, str):
        return Path(cached).parent.name
    raise _UnknownCommitError


def _drawn_weights() -> str:
    from rarft.harness.models.tiny_weights import SEED, WEIGHTS_VERSION

    return f"weights {WEIGHTS_VERSION} of seed {SEED}"


def _digest(paths: Iterable[Path], folder: Path, *, weights: str) -> str:
    """Return the digest of all files that make a checkpoint, and of what draws its weights.

    A file of up to 16 MiB is read whole. Of a larger one the size and 256 evenly spread blocks of
    64 KiB are read, the first and the last among them: 16 GB in four files are 1,024 reads and
    64 MiB to hash, 0.1 s where nothing waits for the disk. Training changes nearly all bytes; an
    edit that falls between two blocks, 16 MB apart in a file of 4 GB, is missed.
    """
    digest = hashlib.sha256(weights.encode())
    for path in paths:
        if not path.is_file():
            continue
        try:
            n_bytes = path.stat().st_size
            digest.update(os.fsencode(path.relative_to(folder)) + f" {n_bytes} ".encode())
            for block in _blocks(path, n_bytes):
                digest.update(block)
        except OSError as error:
            raise UserError(
                f"got {path}, which cannot be read ({error.strerror}), expected a checkpoint's "
                "file; check its permissions"
            ) from error
    return f"sha256:{digest.hexdigest()}"


def _blocks(path: Path, n_bytes: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        if n_bytes <= _WHOLE_BYTES:
            yield file.read()
            return
        for number in range(_N_BLOCKS):
            file.seek(number * (n_bytes - _BLOCK_BYTES) // (_N_BLOCKS - 1))
            yield file.read(_BLOCK_BYTES)
