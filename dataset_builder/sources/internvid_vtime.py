"""InternVid-VTime, in VTimeLLM's form: conversations with named times about a part of a video.

    {"source": "internvid", "id": "3n3oCNerzV0", "conversations": [
       {"from": "human", "value": "<video> What happens when?"},
       {"from": "gpt", "value": "From <s0> to <e0>, woman is counting money."}],
     "meta": {"split": [129.8, 184.0], "duration": 54.2, "token": {"<s0>": 0, "<e0>": 9.4}}}

Times count from the beginning of `split`, the part that is shown; spans are moved to the times of
the file. VideoMind's form of the set is read by the source `videomind`. The form is that of
VTimeLLM's document; no file of the set was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rarft.dataset_builder.sources.fields import (
    clip_of,
    list_of,
    number_of,
    object_of,
    problem,
    video_of,
)
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location, file_name, record_items
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import Source
from rarft.dataset_builder.types import Rejected
from rarft.harness.types import Query

_EVENT: Final = re.compile(
    r"From\s+(<s\d+>)\s+to\s+(<e\d+>),\s*(.+?)(?=\s*From\s+<s\d+>|\s*$)", re.DOTALL
)


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each event that an answer describes.

    Raises:
        UserError: the file cannot be read.
    """
    return queries_of(
        record_items(path, split=split),
        source=INTERNVID_VTIME.name,
        file=file_name(path),
        convert=_query,
        parts=_events,
    )


def _events(item: Item) -> Iterator[Item]:
    row = object_of(item.value)
    answers = [
        str(object_of(turn, "conversations").get("value"))
        for turn in list_of(row.get("conversations"), "conversations")
    ][1::2]
    found = [event.groups() for answer in answers for event in _EVENT.finditer(answer)]
    if not found:
        raise problem("conversations", answers[:1], "an answer such as From <s0> to <e0>, ...")
    for part, event in enumerate(found):
        yield Item(row=item.row, part=part, value=(row, event))


def _query(item: Item, provenance: str) -> Query:
    row, (start, end, text) = item.value
    meta = object_of(row.get("meta"), "meta")
    times = object_of(meta.get("token"), "meta.token")
    bounds = list_of(meta.get("split") or [None, None], "meta.split")
    if len(bounds) != 2:
        raise problem("meta.split", bounds, "[start, end] in seconds")
    clip = clip_of(bounds[0], bounds[1], "meta.split")
    shift_s = clip.start_s if clip else 0.0
    return relevant_query(
        item,
        provenance,
        video=video_of(row.get("id"), "id"),
        text=text,
        pairs=[[number_of(times.get(t), f"meta.token {t}") + shift_s for t in (start, end)]],
        span_field="meta.token",
        clip=clip,
        duration_s=None if clip else number_of(meta.get("duration"), "meta.duration"),
    )


INTERNVID_VTIME = Source(
    name="internvid_vtime",
    title="InternVid-VTime",
    licence="CC-BY-NC-SA-4.0",
    citation="Huang et al., VTimeLLM: Empower LLM to Grasp Video Moments, CVPR 2024; Wang et al., "
    "InternVid, ICLR 2024",
    url="https://github.com/huangb23/VTimeLLM",
    redistributable=True,
    verified=False,
    read=read,
)
