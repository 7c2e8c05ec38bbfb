"""The package's sentence encoder on this machine, or why similarities cannot be judged again.

A verifier can be installed without it: entries are then verified without their similarities.
"""

from __future__ import annotations

from functools import cache

from rarft.harness.errors import UserError
from rarft.harness.judges.encoder import DEFAULT_ENCODER, encoder_identity, load_encoder
from rarft.leaderboard.entries.refusal import shown


@cache
def own_encoder_identity() -> str:
    """Return the name and digest of the packaged encoder, empty where it is not installed."""
    try:
        return encoder_identity(DEFAULT_ENCODER)
    except (ImportError, OSError, UserError):
        return ""


@cache
def encoder_fault() -> str:
    """Load the packaged encoder; return why it cannot be loaded, empty where it is.

    Loading takes some seconds, once a process, and no network.
    """
    try:
        load_encoder(DEFAULT_ENCODER)
    except (ImportError, OSError, UserError) as error:
        return shown(" ".join(str(error).split()))[1:-1]
    return ""
