"""Leave out what cannot or shall not be learned from, and count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rarft.harness.errors import UserError, VideoError
from rarft.harness.taxonomy import HARD_LEVELS
from rarft.harness.types import Query
from rarft.harness.video.reader import probe
from rarft.trainer.config import DataArguments
from rarft.trainer.data.pools import Topic, VideoPool, by_video, topics_of
from rarft.trainer.data.source import Source

_MB: Final = 1024**2


def filtered_pools(
    source: Source, asked: DataArguments
) -> tuple[tuple[VideoPool, ...], Counter[str]]:
    """Return the videos to learn from, in the order of the source, and what was left out.

    Raises:
        UserError: nothing is left, or a level is unknown.
    """
    _check(asked)
    left_out: Counter[str] = Counter()
    queries = [one for one in source.queries if _is_wanted(one, asked, left_out)]
    videos = by_video(queries)
    missing: list[str] = []
    pools = tuple(_pools(videos.values(), source, asked, left_out, missing))
    if not pools:
        raise UserError(_nothing_left(source, left_out, missing, n_videos=len(videos)))
    if asked.max_videos is not None and len(pools) > asked.max_videos:
        left_out[f"videos after the first {asked.max_videos:,}"] += len(pools) - asked.max_videos
        pools = pools[: asked.max_videos]
    return pools, left_out


def _check(asked: DataArguments) -> None:
    unknown = [level for level in asked.levels if level not in HARD_LEVELS]
    if unknown or not asked.levels:
        raise UserError(
            f"got levels={' '.join(asked.levels) or 'none'}, expected some of "
            f"{', '.join(HARD_LEVELS)}"
        )
    if asked.max_videos is not None and asked.max_videos < 1:
        raise UserError(f"got max_videos={asked.max_videos}, expected at least 1")


def _is_wanted(query: Query, asked: DataArguments, left_out: Counter[str]) -> bool:
    limit = asked.max_query_words
    if limit is not None and len(query.text.split()) > limit:
        left_out[f"queries of more than {limit} words"] += 1
        return False
    # Whatever names no level is only left out where levels are chosen.
    is_level = query.level in asked.levels or (
        query.level not in HARD_LEVELS and set(asked.levels) == set(HARD_LEVELS)
    )
    if not query.relevant and not is_level:
        left_out["irrelevant queries of other levels"] += 1
        return False
    return True


def _pools(
    videos: Iterable[Sequence[Query]],
    source: Source,
    asked: DataArguments,
    left_out: Counter[str],
    missing: list[str],
) -> Iterator[VideoPool]:
    for queries in videos:
        try:
            path = source.path_of(queries[0])
        except VideoError as error:
            left_out["missing videos"] += 1
            missing.append(str(error))
            continue
        reason = _reason(path, queries, asked)
        topics = () if reason else _topics(queries, asked, left_out)
        if reason or not topics:
            left_out[reason or "videos without a pair of queries"] += 1
        else:
            yield VideoPool(path=path, topics=topics)


def _topics(
    queries: Sequence[Query], asked: DataArguments, left_out: Counter[str]
) -> tuple[Topic, ...]:
    topics = topics_of(queries, left_out)
    if asked.negatives != "hard":
        return topics
    paired = tuple(topic for topic in topics if topic.irrelevant)
    if len(paired) < len(topics):
        left_out["relevant queries without an irrelevant one"] += len(topics) - len(paired)
    return paired


def _reason(path: Path, queries: Sequence[Query], asked: DataArguments) -> str | None:
    """Return why a video is left out, or None."""
    if asked.max_file_mb is not None and path.stat().st_size > asked.max_file_mb * _MB:
        return f"videos of more than {asked.max_file_mb:g} MB"
    if asked.min_duration_s is None and asked.max_duration_s is None:
        return None
    try:
        duration_s = _duration_s(path, queries)
    except VideoError:
        return "videos that cannot be read"
    if asked.max_duration_s is not None and duration_s > asked.max_duration_s:
        return f"videos longer than {asked.max_duration_s:g} s"
    if asked.min_duration_s is not None and duration_s < asked.min_duration_s:
        return f"videos shorter than {asked.min_duration_s:g} s"
    return None


def _duration_s(path: Path, queries: Sequence[Query]) -> float:
    """Return how long what is shown is: the clip, else what the annotation or the file says."""
    clip, stated = queries[0].clip, queries[0].duration_s
    if clip is not None:
        return clip.duration_s
    return stated if stated is not None else probe(path).duration_s


def _nothing_left(
    source: Source, left_out: Counter[str], missing: Sequence[str], *, n_videos: int
) -> str:
    if len(missing) == n_videos and missing:
        return (
            f"{source.name}: got none of its {n_videos:,} videos (the first: {missing[0]}); give "
            "--video_folder, or set RARFT_VIDEOS"
        )
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    return (
        f"{source.name}: got no video to learn from, left out were {reasons or 'none'}; "
        "loosen the filters"
    )
