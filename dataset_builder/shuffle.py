"""Simply shuffled sets: the irrelevant queries are other videos' relevant ones, or off the topic.

`ratsg` follows RaTSG: some queries of some videos are relevant, and each of their texts is asked
once more about another video, so that texts as such are balanced and videos are not.
`in_domain` and `out_of_domain` follow NA-VMR: every relevant query has one irrelevant query about
the same video, another video's or one of an unrelated topic.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from rarft.dataset_builder.shuffle_pairs import exchange_until_false
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.audit.words import same_words_key
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import Level
from rarft.harness.types import Query

Setting = Literal["ratsg", "in_domain", "out_of_domain"]
Texts = Literal["same", "unused"]
LEVEL: Final[Level] = "shuffled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """A shuffled set, video by video: relevant rows first; and what was not taken.

    `n_maybe_true` counts the draws that were exchanged, as the query may be true of the video, is
    of the video itself, or is asked about it twice.
    """

    rows: tuple[Row, ...]
    n_maybe_true: int

    def counts(self) -> dict[str, int]:
        """Return the counts of the set."""
        videos = {row.query.video for row in self.rows}
        n_relevant = sum(row.query.relevant for row in self.rows)
        return {
            "n_relevant": n_relevant,
            "n_irrelevant": len(self.rows) - n_relevant,
            "n_videos": len(videos),
            "n_maybe_true": self.n_maybe_true,
        }


def shuffle_rows(
    rows: Sequence[Row],
    *,
    setting: Setting,
    seed: int,
    n_relevant: int | None = None,
    n_videos: int | None = None,
    texts: Texts = "same",
    sentences: Sequence[str] = (),
) -> Shuffled:
    """Return a set with one irrelevant query for each relevant one.

    Args:
        rows: Normalised rows; only relevant ones are used, and all of them say what is true.
        setting: What the irrelevant queries are, and how they go with videos.
        seed: Decides videos, queries and pairs.
        n_relevant: How many relevant queries the set has; all of its videos' by default.
        n_videos: How many videos it has; all by default.
        texts: "same" asks the set's own relevant texts again, as the published sets do; "unused"
            takes those of queries that the set leaves out, so that no text is asked with both
            labels.
        sentences: Queries of unrelated topics, for `out_of_domain`.

    Raises:
        UserError: there are too few videos, queries or sentences for what is asked.
    """
    relevant = [row for row in rows if row.query.relevant]
    generator = random.Random(seed)
    kept, videos = _sampled(relevant, n_relevant, n_videos, setting, generator)
    true: dict[str, list[str]] = {}
    for row in relevant:
        true.setdefault(row.query.video, []).append(row.query.text)
    if setting == "ratsg":
        slots = _ratsg_slots(kept, videos, generator)
    else:
        slots = [row.query.video for row in kept]
    if setting == "out_of_domain":
        sources = _sentence_rows(kept, sentences, generator)
    else:
        sources = _source_rows(relevant, kept, texts, generator)
    n_maybe_true = exchange_until_false(sources, slots, true, generator)
    partners: Sequence[Row | None] = kept if setting != "ratsg" else [None] * len(kept)
    about = {row.query.video: row for row in reversed(relevant)}
    irrelevant = [
        _irrelevant(source, about[video], partner)
        for source, video, partner in zip(sources, slots, partners, strict=True)
    ]
    return Shuffled(rows=_by_video(kept, irrelevant), n_maybe_true=n_maybe_true)


def _sampled(
    relevant: Sequence[Row],
    n_relevant: int | None,
    n_videos: int | None,
    setting: Setting,
    generator: random.Random,
) -> tuple[list[Row], list[str]]:
    """Return the relevant rows of the set in the order of the source, and its videos."""
    every = sorted({row.query.video for row in relevant})
    wanted = len(every) if n_videos is None else n_videos
    if not 2 <= wanted <= len(every):
        raise UserError(
            f"got {len(every)} videos, expected at least two and the {wanted} asked for; "
            "give more rows or a smaller --n_videos"
        )
    videos = sorted(generator.sample(every, wanted))
    at = [index for index, row in enumerate(relevant) if row.query.video in set(videos)]
    n_kept = len(at) if n_relevant is None else n_relevant
    fewest = 1 if setting == "ratsg" else wanted
    if not fewest <= n_kept <= len(at) or wanted > 2 * n_kept:
        raise UserError(
            f"got {len(at)} relevant queries of {wanted} videos, expected the {n_kept} asked for, "
            "with one query or more for each video; change --n_relevant or --n_videos"
        )
    first = {relevant[index].query.video: index for index in reversed(at)}
    sure = sorted(first.values()) if setting != "ratsg" else []
    rest = [index for index in at if index not in set(sure)]
    chosen = [*sure, *generator.sample(rest, n_kept - len(sure))]
    return [relevant[index] for index in sorted(chosen)], videos


def _ratsg_slots(kept: Sequence[Row], videos: Sequence[str], generator: random.Random) -> list[str]:
    """Return the video of each irrelevant query: every video is asked about at least once."""
    bare = sorted(set(videos) - {row.query.video for row in kept})
    slots = [*bare, *generator.choices(videos, k=len(kept) - len(bare))]
    generator.shuffle(slots)
    return slots


def _source_rows(
    relevant: Sequence[Row], kept: Sequence[Row], texts: Texts, generator: random.Random
) -> list[Row]:
    """Return the rows whose texts are asked of other videos, in a random order."""
    if texts == "same":
        return generator.sample(kept, len(kept))
    used = {same_words_key(row.query.text) for row in kept}
    left = {same_words_key(row.query.text): row for row in relevant}
    unused = [left[key] for key in sorted(left.keys() - used)]
    if len(unused) < len(kept):
        raise UserError(
            f"got {len(unused)} texts that the set does not use, expected {len(kept)}; "
            "ask for fewer with --n_relevant, or use --texts same"
        )
    return generator.sample(unused, len(kept))


def _sentence_rows(
    kept: Sequence[Row], sentences: Sequence[str], generator: random.Random
) -> list[Row]:
    distinct = sorted({same_words_key(text): text for text in sentences if text.strip()}.values())
    if len(distinct) < len(kept):
        raise UserError(
            f"got {len(distinct)} different sentences of unrelated topics, expected {len(kept)}; "
            "give a file with more of them"
        )
    return [
        replace(row, query=replace(row.query, id=f"sentence-{number}", text=text, video=""))
        for number, (row, text) in enumerate(
            zip(kept, generator.sample(distinct, len(kept)), strict=True)
        )
    ]


def _irrelevant(source: Row, about: Row, partner: Row | None) -> Row:
    """Return a row that asks the text of one row about the video of another."""
    video = about.query
    own = f"{source.query.id}@{video.video}"
    said = partner.query if partner else None
    return Row(
        query=Query(
            id=f"{said.id}-shuffled" if said else own,
            task=video.task,
            video=video.video,
            text=source.query.text,
            relevant=False,
            record=said.id if said else own,
            clip=said.clip if said else video.clip,
            duration_s=video.duration_s,
            level=LEVEL,
            relevant_query=said.text if said else None,
            provenance=f"shuffled from {source.query.id}",
        ),
        origin=_origin(source.origin, (partner or about).origin),
    )


def _origin(text: Origin, about: Origin) -> Origin:
    """Return where a row comes from: where its text may not be handed on, from its text's place."""
    return about if text.redistributable or not about.redistributable else text


def _by_video(kept: Sequence[Row], irrelevant: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows of each video together, videos in the order in which they come first."""
    of_video: dict[str, list[Row]] = {}
    for row in kept:
        original = replace(row, query=replace(row.query, level="original"))
        of_video.setdefault(row.query.video, []).append(original)
    for row in irrelevant:
        of_video.setdefault(row.query.video, []).append(row)
    return tuple(row for rows in of_video.values() for row in rows)
