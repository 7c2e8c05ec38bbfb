"""Entries: made of runs by `submit`, and read from strangers by `read_entry`."""

from rarft.leaderboard.entries.manifest import write_manifest
from rarft.leaderboard.entries.read import read_entry
from rarft.leaderboard.entries.refusal import EntryRefused, RefusalReason
from rarft.leaderboard.entries.safe_text import visible_text
from rarft.leaderboard.entries.submit import submit

__all__ = [
    "EntryRefused",
    "RefusalReason",
    "read_entry",
    "submit",
    "visible_text",
    "write_manifest",
]
