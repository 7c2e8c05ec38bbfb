"""A planned publication on its way to the Hub, by huggingface_hub."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from rarft.harness.errors import UserError
from rarft.leaderboard.publish.planned import BOARD, CARD, PlannedFile, Publication

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAX_FILES_A_COMMIT: Final = 1_000
MAX_BYTES_A_COMMIT: Final = 200_000_000
"""Small files travel within the commit, which the client holds in memory."""
_NEW_SPACE: Final = (CARD, "index.html", "style.css")
"""What the Hub itself puts into a static Space that is new."""
_MAX_REASON: Final = 200
_NO_TOKEN: Final = "log in with `hf auth login` or set HF_TOKEN"


def push(
    plan: Publication,
    *,
    is_private: bool = False,
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Make the repository where there is none, commit the files, and return its address.

    A file that the Hub has already is not sent again. Only the last commit removes files.

    Args:
        plan: what goes to a dataset or a Space.
        is_private: whether a repository that is made now is private.
        token: the user's, or what HF_TOKEN or `hf auth login` gave.
        endpoint: another Hub than the public one.

    Raises:
        UserError: there is no token, or the Hub refuses or cannot be reached.
    """
    import httpx
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    token = token or get_token()
    if not token:
        raise UserError(f"got no token of the Hub, expected one that may write; {_NO_TOKEN}")
    _quiet_where_nobody_looks()
    api = HfApi(endpoint=endpoint, token=token)
    try:
        return _push(api, plan, is_private=is_private)
    # What uploads large files says everything by RuntimeError; an answer that is none of a Hub
    # ends in KeyError or ValueError.
    except (
        HfHubHTTPError,
        HFValidationError,
        KeyError,
        httpx.HTTPError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise _explained(error, plan, api=api, token=token) from error


def batches(files: Sequence[PlannedFile]) -> Iterator[list[PlannedFile]]:
    """Yield files in commits of a size that the Hub takes.

    Example:
        >>> files = [PlannedFile(path=str(n), content=b"") for n in range(1001)]
        >>> [len(batch) for batch in batches(files)]
        [1000, 1]
    """
    batch: list[PlannedFile] = []
    n_bytes = 0
    for file in files:
        is_full = len(batch) == MAX_FILES_A_COMMIT or n_bytes + file.n_bytes > MAX_BYTES_A_COMMIT
        if batch and is_full:
            yield batch
            batch, n_bytes = [], 0
        batch.append(file)
        n_bytes += file.n_bytes
    if batch:
        yield batch


def _push(api: HfApi, plan: Publication, *, is_private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    is_space = plan.place == "space"
    address = api.create_repo(
        plan.target,
        repo_type=plan.place,
        private=is_private or None,
        exist_ok=True,
        space_sdk="static" if is_space else None,
    )
    there = [
        path
        for path in api.list_repo_files(plan.target, repo_type=plan.place)
        if path != ".gitattributes"
    ]
    if is_space:
        _check_space(plan, there)
    commits: list[list[Any]] = [
        [
            CommitOperationAdd(path_in_repo=file.path, path_or_fileobj=_source(file))
            for file in batch
        ]
        for batch in batches(plan.with_card(there))
    ]
    commits[-1] += [CommitOperationDelete(path_in_repo=path) for path in plan.gone(there)]
    for number, operations in enumerate(commits, start=1):
        part = f", part {number} of {len(commits)}" if len(commits) > 1 else ""
        api.create_commit(
            plan.target,
            operations,
            repo_type=plan.place,
            commit_message=f"Publish with rarft-leaderboard{part}",
        )
    return str(address)


def _check_space(plan: Publication, there: Sequence[str]) -> None:
    """Stop at a Space that would lose what somebody made there.

    Raises:
        UserError: the Space holds something else than a site that was published before.
    """
    others = [path for path in there if path not in _NEW_SPACE]
    if others and BOARD not in there:
        raise UserError(
            f"got --space {plan.target}, which holds {others[0]} and no {BOARD}, expected a new "
            "Space or one that was published to before; give another"
        )


def _source(file: PlannedFile) -> str | bytes:
    return file.content if isinstance(file.content, bytes) else str(file.content)


def _quiet_where_nobody_looks() -> None:
    """Leave bars of progress to terminals."""
    import sys

    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty() and "HF_HUB_DISABLE_PROGRESS_BARS" not in os.environ:
        disable_progress_bars()


def _explained(error: Exception, plan: Publication, *, api: HfApi, token: str) -> UserError:
    """Return the one line for what an upload ended with, without the token."""
    from httpx import TransportError
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    while isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    reason = " ".join(str(error).replace(token, "[token]").split())[:_MAX_REASON]
    where = f"--{plan.place} {plan.target}"
    if isinstance(error, OfflineModeIsEnabled):
        return UserError(
            f"got {where} while HF_HUB_OFFLINE forbids the network, expected a way out; unset it"
        )
    if isinstance(error, TransportError):
        return UserError(
            f"got {where}, but {api.endpoint} cannot be reached ({reason}), expected the Hub; "
            "check the connection and --endpoint, and publish again"
        )
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if status == 401:
        return UserError(
            f"got {where} and a token that {api.endpoint} does not know, expected one of yours; "
            f"{_NO_TOKEN}"
        )
    if status == 403:
        return UserError(
            f"got {where}, which the token must not write to, expected a repository of yours and a "
            f"token with the right to write; {_NO_TOKEN}"
        )
    return UserError(
        f"got {where}, which cannot be published to ({reason or type(error).__name__}), expected a "
        "repository of yours; mend that and publish again, what has arrived is not sent again"
    )
