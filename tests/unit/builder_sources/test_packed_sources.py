"""Sources of several files, and the official files."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.sources import SOURCES
from rarft.dataset_builder.sources.queryd import CAPTIONS, TIMES
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import AnnotationError, NotFoundError, UserError
from rarft.harness.types import Query, Span

Read = Callable[..., tuple[list, list]]


class Runs:
    """What a pickle can hold that runs when it is loaded."""

    def __reduce__(self) -> Any:
        return os.system, ("exit 1",)


def queryd(folder: Path, captions: Any, times: Any) -> list[Query | Rejected]:
    (folder / CAPTIONS).write_bytes(pickle.dumps(captions))
    (folder / TIMES).write_bytes(pickle.dumps(times))
    return list(SOURCES["queryd"].read(folder, split="train"))


def test_queryd_reads_words_and_times(tmp_path: Path) -> None:
    captions = {"video-fTc": [["a", "man"], ["a", "dog"]], "video-x": [["one"]], "video-y": [[]]}
    times = {"video-fTc": [[3.0, 7.5], [8.0]], "video-x": [], "video-y": [[0.0, 1.0]]}
    found = queryd(tmp_path, captions, times)
    queries = [one for one in found if isinstance(one, Query)]
    assert [(q.video, q.text, q.spans) for q in queries] == [
        ("fTc.mp4", "a man", (Span(3.0, 7.5),))
    ]
    assert [one.row for one in found if isinstance(one, Rejected)] == [0, 1, 2]


def test_queryd_reads_the_videos_of_a_split(tmp_path: Path) -> None:
    (tmp_path / "train_list.txt").write_text("video-b\nvideo-none\n")
    both = {"video-a": [["one"]], "video-b": [["two"]]}
    found = queryd(tmp_path, both, {"video-a": [[0, 1]], "video-b": [[0, 1]]})
    assert isinstance(found[0], Query)
    assert found[0].text == "two"
    assert isinstance(found[1], Rejected)


@pytest.mark.parametrize("held", [Runs(), [1], b"no pickle"])
def test_queryd_runs_nothing_that_a_pickle_holds(tmp_path: Path, held: Any) -> None:
    with pytest.raises(AnnotationError, match="expected a"):
        queryd(tmp_path, held, {})


def test_queryd_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="raw_captions"):
        list(SOURCES["queryd"].read(tmp_path, split="train"))


def test_ht_step_takes_its_words_from_the_taxonomy(read: Read, tmp_path: Path) -> None:
    taxonomy = tmp_path / "taxonomy.csv"
    taxonomy.write_text('global_step_index,activity,headline\n0,Make it,"Mash, well."\n')
    annotations = {
        "a4d": {"subset": "train", "annotations": [{"id": 0, "segment": [12.0, 31.5]}]},
        "b": {"subset": "train", "annotations": [{"id": 9, "segment": [1, 2]}, {"id": 0}]},
        "c": {"subset": "val_seen", "annotations": [{"id": 0, "segment": [1, 2]}]},
    }
    queries, rejected = read("ht_step", annotations, taxonomy=taxonomy, subset="train")
    assert [(q.video, q.text, q.spans) for q in queries] == [
        ("a4d.mp4", "Mash, well.", (Span(12.0, 31.5),))
    ]
    assert [one.row for one in rejected] == [1, 1]
    taxonomy.write_text("a,b\n")
    with pytest.raises(AnnotationError, match="expected global_step_index"):
        read("ht_step", annotations, taxonomy=taxonomy)


def official(**changes: Any) -> dict[str, Any]:
    record = {
        "video": "/data/a.mp4",
        "timestamp": [1.0, 4.0],
        "duration": 9.0,
        "GRPO": [
            {"q": "a dog runs", "r": True, "difficulty": "original"},
            {
                "q": "a cat runs",
                "r": False,
                "a": "<answer>No cat is shown.</answer>",
                "c": ["Object/ObjectExistence"],
                "difficulty": "hard",
            },
        ],
    }
    return {**record, **changes}


def test_official_files_are_read_as_the_tasks_read_them(read: Read) -> None:
    queries, rejected = read("ra_rft", [official()])
    assert rejected == []
    assert [(q.id, q.record, q.level, q.refusal) for q in queries] == [
        ("00000-0", "00000", "original", ""),
        ("00000-1", "00000", "strong", "No cat is shown."),
    ]
    assert queries[1].relevant_query == "a dog runs"


def test_a_broken_official_record_costs_itself(read: Read) -> None:
    records = [official(), official(timestamp=[4.0]), official(video="b.mp4")]
    queries, rejected = read("ra_rft", records)
    assert [q.id for q in queries] == ["00000-0", "00000-1", "00002-0", "00002-1"]
    assert queries[2].provenance == "anno.json#2"
    assert [(one.row, one.reason) for one in rejected] == [
        (
            1,
            "field timestamp: got [4.0], expected [start, end] in seconds with 0 <= start <= end",
        )
    ]
    cut = json.dumps(records)[:-30]
    queries, rejected = read("ra_rft", cut)
    assert [q.id for q in queries] == ["00000-0", "00000-1"]
    assert [one.row for one in rejected] == [1, 2]


def test_official_options_are_checked(read: Read) -> None:
    queries, _ = read("ra_rft", [official()], select="relevant", negatives="shuffled")
    assert [q.relevant for q in queries] == [True]
    with pytest.raises(UserError, match="select=some"):
        read("ra_rft", [official()], select="some")
    with pytest.raises(UserError, match="negatives=hard"):
        read("ra_rft", [official()], negatives="hard")
