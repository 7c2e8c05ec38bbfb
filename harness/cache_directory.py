"""Where downloads, rendered videos, decoded frames and floors are kept between runs."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return the cache root: `RARFT_CACHE`, else `rarft` under the user's cache directory."""
    named = os.environ.get("RARFT_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rarft"
