"""The relevant rows a build starts from: normalised once, then read from rows.jsonl."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rarft.dataset_builder.build_checks import rules_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.output.row_index import digest_of
from rarft.dataset_builder.row_files import read_rows, stored_rows, write_rows
from rarft.dataset_builder.store import REJECTED_ROWS, ROWS, row_of
from rarft.dataset_builder.types import Rejected, Row
from rarft.harness.errors import UserError, VideoError
from rarft.harness.stages.append_log import encode_row
from rarft.harness.video.locate import find_video

if TYPE_CHECKING:
    from rarft.dataset_builder.verify import Rules


def make_rows(building: Building) -> None:
    """Write rows.jsonl, unless it is there; what cannot be used is kept with its reason.

    Raises:
        UserError: the source cannot be read, or no row can be used.
    """
    path = building.directory / ROWS
    if path.exists():
        return
    drafts = [path.with_name(f".{name}.{secrets.token_hex(6)}") for name in (ROWS, REJECTED_ROWS)]
    kinds: Counter[str] = Counter()
    try:
        with drafts[1].open("wb") as rejected:

            def leave_out(one: Rejected) -> None:
                kinds[_kind(one.reason)] += 1
                rejected.write(encode_row(row_of(one)))

            kept = _kept(building.config, leave_out)
            n_rows = write_rows(drafts[0], islice(kept, building.config.limit))
        if not n_rows:
            raise UserError(_none_left(building.config, kinds))
        drafts[1].replace(building.directory / REJECTED_ROWS)
        drafts[0].replace(path)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
    for reason, count in kinds.most_common(5):
        building.say(f"{count} rows left out: {reason}")


def read_relevant(building: Building) -> Sequence[Row]:
    """Return the rows of a build that can be rewritten: relevant, with a span inside the video.

    Each is read when it is asked for. Others are there where rarft-data normalise wrote the file
    into the build's folder.

    Raises:
        UserError: there are none, or a line is no row.
    """
    from rarft.dataset_builder.verify.query_rules import span_finding

    rules = rules_of(building.config)
    n_late = 0

    def is_usable(row: Row) -> bool:
        nonlocal n_late
        is_late = row.query.relevant and span_finding(row.query, rules) is not None
        n_late += is_late
        return row.query.relevant and not is_late

    usable = stored_rows(building.directory / ROWS, keep=is_usable)
    if not usable:
        raise UserError(
            f"got {building.directory / ROWS} without a usable relevant row, expected relevant "
            "queries with spans inside their videos; check the source"
        )
    if n_late:
        building.say(f"{n_late} rows left out: the span is not inside the video")
    return usable


def in_shard(video: str, config: BuildConfig) -> bool:
    """Say whether the rows of a video belong to this shard: a video is never divided.

    Example:
        >>> config = BuildConfig(rows="r", shard="1/2")
        >>> [name for name in "abcdef" if in_shard(name, config)]
        ['d']
    """
    digest = hashlib.sha256(video.encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") % config.n_shards == config.shard_number


def _kept(config: BuildConfig, leave_out: Callable[[Rejected], None]) -> Iterator[Row]:
    folders, rules = tuple(map(Path, config.videos)), rules_of(config)
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"got videos: {folder}, expected a folder; check the path")
    seen: set[int] = set()
    for one in _source_rows(config):
        if isinstance(one, Rejected):
            leave_out(one)
        elif not one.query.relevant:
            # Irrelevant queries of a source are another build's; only relevant ones are rewritten.
            continue
        elif in_shard(one.query.video, config):
            digest = digest_of(one.query.id)
            fault = "the id is that of an earlier row" if digest in seen else ""
            seen.add(digest)
            fault = fault or _fault(one, folders, rules)
            if fault:
                leave_out(_rejected(one, fault))
            else:
                yield one


def _fault(row: Row, folders: tuple[Path, ...], rules: Rules) -> str:
    """Say why a row cannot be used, "" where it can."""
    from rarft.dataset_builder.verify.query_rules import span_finding

    if folders and not _has_video(row.query.video, folders):
        return f"no video {row.query.video}"
    found = span_finding(row.query, rules)
    return found.detail if found else ""


def _source_rows(config: BuildConfig) -> Iterable[Row | Rejected]:
    if config.rows is not None:
        return read_rows(Path(config.rows))
    if config.source is None or config.path is None:
        raise UserError(
            "got a build without rows, expected `source` and `path`, or `rows` as "
            "rarft-data normalise writes them; see rarft-data sources"
        )
    from rarft.dataset_builder.normalise import normalise

    return normalise(
        config.source,
        config.path,
        split=config.source_split,
        options=dict(config.source_options),
    )


def _has_video(name: str, folders: tuple[Path, ...]) -> bool:
    try:
        find_video(name, roots=folders)
    except VideoError:
        return False
    return True


def _rejected(row: Row, reason: str) -> Rejected:
    origin = row.origin
    return Rejected(source=origin.source, file=origin.file, row=origin.row, reason=reason)


def _kind(reason: str) -> str:
    """Return a reason without what differs from row to row."""
    if reason.startswith("no video "):
        return "no video in the folders given"
    return re.sub(r"\d+(?:\.\d+)?", "…", reason)


def _none_left(config: BuildConfig, kinds: Counter[str]) -> str:
    first = kinds.most_common(1)
    why = f"; {first[0][1]} were left out, most for: {first[0][0]}" if first else ""
    return f"got no usable relevant row of {config.rows or config.source}{why}; check the source"
