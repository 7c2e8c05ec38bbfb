"""An entry of the leaderboard as it was read: typed, checked for safety, not yet believed.

`rarft.leaderboard.entries` reads an entry, `rarft.leaderboard.verification` says what of it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from rarft.harness.report.schema import Results

SCHEMA_VERSION: Final = 1

Tier = Literal["recomputed", "partial", "reported"]
"""How far a row can be trusted.

recomputed: every figure was computed again from samples of every query; partial: from samples that
lack queries; reported: a number of a paper, of which nothing can be computed.
"""

RowKind = Literal["entry", "paper", "floor", "blind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutEntry:
    """What the submitter says of an entry; shown as text, never believed.

    `size` is the number of parameters in words such as "7B", `hardware` what the replies were made
    on, `url` and `paper_url` begin with https:// or are empty.
    """

    name: str
    title: str = ""
    family: str = ""
    size: str = ""
    submitter: str = ""
    url: str = ""
    paper_url: str = ""
    hardware: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One query's row of an entry: what came back and how it was judged; nothing of the annotation.

    `prediction` and `judgements` have the keys of samples_<task>.jsonl. What follows them is None
    where the run does not know it. `n_frames` frames were shown, taken at `effective_fps`: a reply
    that counts frames is read by them.
    """

    query_id: str
    status: str
    failure: str | None = None
    reply: str = ""
    relevance_score: float | None = None
    prediction: Mapping[str, Any] | None = None
    judgements: Mapping[str, Any] = field(default_factory=dict)
    n_prompt_tokens: int | None = None
    n_new_tokens: int | None = None
    n_frames: int | None = None
    effective_fps: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A directory that holds an entry, safely read: hashes match, sizes are bounded.

    `claimed_tier` is the submitter's word; a verifier decides.
    """

    path: Path
    slug: str
    about: AboutEntry
    results: Results
    samples: Mapping[str, tuple[Sample, ...]]
    train: Mapping[str, Any] | None
    manifest_sha256: str
    rarft_version: str
    claimed_tier: Tier | None = None
