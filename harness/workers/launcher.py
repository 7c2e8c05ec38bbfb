"""Who started this process: a user, or torchrun or `accelerate launch` as one of several ranks.

Nothing is asked of torch.distributed: ranks share an output directory as any workers do.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RANK_VARIABLES: Final = (
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One process of a launch; processes of one command on one machine share its `token`.

    `rank` counts over all machines, `local_rank` over this one. A process that a user started is
    rank 0 of 1.
    """

    token: str
    rank: int = 0
    local_rank: int = 0
    n_ranks: int = 1
    n_local_ranks: int = 1

    @property
    def is_ranked(self) -> bool:
        """Whether a launcher started this process beside others."""
        return self.n_ranks > 1


def launched(environ: Mapping[str, str]) -> Launch:
    """Read the variables of torchrun and `accelerate launch`.

    Example:
        >>> launch = launched({"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8",
        ...                    "LOCAL_WORLD_SIZE": "4"})
        >>> launch.rank, launch.local_rank, launch.n_ranks, launch.n_local_ranks
        (5, 1, 8, 4)
        >>> launched({"RANK": "5"}).is_ranked
        False
    """
    named = [environ.get(name, "") for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE")]
    if not all(value.isdecimal() for value in named) or int(named[2]) < 2:
        return Launch(token=new_token())
    rank, local_rank, n_ranks = map(int, named)
    n_local = environ.get("LOCAL_WORLD_SIZE", "")
    return Launch(
        token=f"{socket.gethostname()} {_parent()}",
        rank=rank,
        local_rank=local_rank,
        n_ranks=n_ranks,
        n_local_ranks=int(n_local) if n_local.isdecimal() else n_ranks,
    )


def leave_launcher(launch: Launch) -> None:
    """Forget the launcher's variables, so that no library waits for the other ranks."""
    if launch.is_ranked:
        for name in RANK_VARIABLES:
            os.environ.pop(name, None)


def new_token() -> str:
    """Return a name for a command that nobody else has."""
    return secrets.token_hex(16)


def _parent() -> str:
    """Name the process that started this one: its number, and when it began where that is known."""
    parent = os.getppid()
    try:
        status = Path(f"/proc/{parent}/stat").read_text()
        # The second field is a name in brackets that may hold blanks; the 22nd is the start.
        began = status.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        began = "?"
    return f"{parent} {began}"
