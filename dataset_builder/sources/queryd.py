"""QuerYD: pickles of the words and the times of each video's descriptions, in one folder.

    raw_captions_combined_filtered-v2.pkl    {"video-fTcSVQJ2h8g": [["a", "man", "walks"]]}
    times_captions_combined_filtered-v2.pkl  {"video-fTcSVQJ2h8g": [[3.1, 7.9]]}
    train_list.txt                           video-fTcSVQJ2h8g

The list of the split is used where it is there. A pickle can run code: these are read by a reader
that builds lists, dictionaries, texts and numbers, and nothing else. The form is what VideoMind's
loader reads; no file of the set was at hand.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rarft.dataset_builder.sources.fields import list_of, problem, video_of
from rarft.dataset_builder.sources.item import Item
from rarft.dataset_builder.sources.items import Location
from rarft.dataset_builder.sources.row_query import queries_of, relevant_query
from rarft.dataset_builder.sources.source import NOT_STATED, Source
from rarft.dataset_builder.sources.text_files import text_lines
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.harness.types import Query

CAPTIONS: Final = "raw_captions_combined_filtered-v2.pkl"
TIMES: Final = "times_captions_combined_filtered-v2.pkl"
_PREFIX: Final = "video-"


class _PlainUnpickler(pickle.Unpickler):
    """Refuses every class and function, and so whatever could do something."""

    def find_class(self, module: str, name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no list, dictionary, text or number")


def read(path: Location, *, split: str) -> Iterator[Query | Rejected]:
    """Yield a query for each description.

    Raises:
        UserError: a file of the folder is missing or holds something else.
    """
    folder = Path(path).expanduser()
    return queries_of(
        _videos(folder, split),
        source=QUERYD.name,
        file=CAPTIONS,
        convert=_query,
        parts=_descriptions,
    )


def read_plain_pickle(path: Path) -> Mapping[str, Any]:
    """Return the dictionary of a pickle that holds nothing but plain values.

    Raises:
        NotFoundError: there is no such file.
        AnnotationError: it is no pickle, no dictionary, or holds a class or function.
    """
    if not path.is_file():
        raise NotFoundError(
            f"got no {path}, expected QuerYD's {CAPTIONS} and {TIMES} in one folder"
        )
    try:
        with path.open("rb") as stream:
            value = _PlainUnpickler(stream).load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, TypeError) as error:
        raise AnnotationError(
            f"{path}: got {' '.join(str(error).split())[:120] or 'a broken pickle'}, expected a "
            "pickle of plain values; fetch it again"
        ) from error
    if not isinstance(value, dict):
        raise AnnotationError(f"{path}: got {type(value).__name__}, expected a dictionary by video")
    return value


def _videos(folder: Path, split: str) -> Iterator[Item]:
    captions, times = read_plain_pickle(folder / CAPTIONS), read_plain_pickle(folder / TIMES)
    listed = folder / f"{split}_list.txt"
    videos = [line for _, line in text_lines(listed)] if listed.is_file() else list(captions)
    for row, video in enumerate(videos):
        yield Item(row=row, key=str(video), value=(captions.get(video), times.get(video)))


def _descriptions(item: Item) -> Iterator[Item]:
    captions, times = list_of(item.value[0], "captions"), list_of(item.value[1], "times")
    if len(captions) != len(times):
        raise problem("times", len(times), f"as many as captions, {len(captions)}")
    for part, value in enumerate(zip(captions, times, strict=True)):
        yield Item(row=item.row, key=item.key, part=part, value=value)


def _query(item: Item, provenance: str) -> Query:
    words, times = item.value
    text = words if isinstance(words, str) else " ".join(map(str, list_of(words, "caption")))
    return relevant_query(
        item,
        provenance,
        video=video_of(item.key.removeprefix(_PREFIX)),
        text=text,
        pairs=[times],
        field="caption",
        span_field="times",
    )


QUERYD = Source(
    name="queryd",
    title="QuerYD",
    licence=NOT_STATED,
    citation="Oncescu et al., QuerYD: A Video Dataset with High-Quality Text and Audio Narrations, "
    "ICASSP 2021",
    url="https://www.robots.ox.ac.uk/~vgg/data/queryd",
    redistributable=False,
    verified=False,
    read=read,
)
