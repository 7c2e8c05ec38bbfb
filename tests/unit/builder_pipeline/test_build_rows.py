from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.dataset_builder.build_rows import make_rows as make_build_rows
from rarft.dataset_builder.build_rows import read_relevant
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import Row
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.stages.append_log import read_rows
from rarft.harness.types import Span

Rows = Callable[..., list[Row]]


def built(folder: Path, **config: object) -> tuple[list[str], list[str], list[str]]:
    """Return the ids that are kept, the reasons of the others, and what was said."""
    said: list[str] = []
    building = Building(directory=folder, config=BuildConfig(**config), say=said.append)  # type: ignore[arg-type]
    make_build_rows(building)
    kept = [row.query.id for row in read_relevant(building)]
    reasons = [row["reason"] for row in read_rows(folder / "rejected_rows.jsonl")]
    return kept, reasons, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "build"
    place.mkdir()
    return place


def test_rows_are_taken_once(folder: Path, rows_file: Path) -> None:
    assert built(folder, rows=str(rows_file), limit=2)[0] == ["q0", "q1"]
    rows_file.unlink()
    assert built(folder, rows=str(rows_file), limit=2)[0] == ["q0", "q1"]


def test_a_row_whose_video_is_missing_is_left_out_and_counted(
    tmp_path: Path, folder: Path, rows_file: Path
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "v1.mkv").touch()
    kept, reasons, said = built(folder, rows=str(rows_file), videos=(str(videos),))
    assert kept == ["q2", "q3"]
    assert reasons == ["no video v0.mp4"] * 2 + ["no video v2.mp4"] * 2
    assert said == ["4 rows left out: no video in the folders given"]


def test_a_source_of_which_no_video_is_there_is_refused(
    tmp_path: Path, folder: Path, rows_file: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="6 were left out, most for: no video"):
        built(folder, rows=str(rows_file), videos=(str(tmp_path / "empty"),))
    with pytest.raises(UserError, match="expected a folder"):
        built(folder, rows=str(rows_file), videos=(str(tmp_path / "absent"),))
    assert list(folder.glob("*rows*")) == []


def test_rows_that_cannot_be_rewritten_are_left_out(
    tmp_path: Path, folder: Path, make_rows: Rows
) -> None:
    rows = make_rows()
    late = replace(rows[0], query=replace(rows[0].query, spans=(Span(28.0, 33.0),)))
    irrelevant = replace(rows[1], query=replace(rows[1].query, relevant=False, spans=()))
    write_rows(tmp_path / "own.jsonl", [late, irrelevant, *rows[2:]])
    kept, reasons, _ = built(folder, rows=str(tmp_path / "own.jsonl"))
    assert kept == ["q2", "q3", "q4", "q5"]
    assert reasons == ["the answer 28.0 to 33.0 s is not inside the video of 30.0 s"]


def test_rows_that_normalise_put_into_the_folder_are_checked_too(
    folder: Path, make_rows: Rows
) -> None:
    rows = make_rows()
    late = replace(rows[0], query=replace(rows[0].query, spans=(Span(28.0, 33.0),)))
    write_rows(folder / "rows.jsonl", [late, *rows[1:]])
    kept, _, said = built(folder, rows="none")
    assert kept == ["q1", "q2", "q3", "q4", "q5"]
    assert said == ["1 rows left out: the span is not inside the video"]


def test_shards_divide_the_videos_and_lose_none(tmp_path: Path, rows_file: Path) -> None:
    parts = []
    for number in range(3):
        place = tmp_path / f"shard{number}"
        place.mkdir()
        try:
            parts.append(built(place, rows=str(rows_file), shard=f"{number}/3")[0])
        except UserError:
            parts.append([])
    assert sorted(name for part in parts for name in part) == [f"q{k}" for k in range(6)]
    assert all(len(part) % 2 == 0 for part in parts)


def test_a_build_without_rows_says_what_it_needs(folder: Path) -> None:
    with pytest.raises(UserError, match="`source` and `path`, or `rows`"):
        built(folder)
    with pytest.raises(NotFoundError):
        built(folder, rows="absent.jsonl")


def test_a_row_with_the_id_of_an_earlier_one_is_left_out_and_counted(
    folder: Path, tmp_path: Path, make_rows: Rows
) -> None:
    rows = make_rows()
    path = tmp_path / "twice.jsonl"
    write_rows(path, [*rows, rows[1]])
    kept, reasons, said = built(folder, rows=str(path))
    assert kept == [row.query.id for row in rows]
    assert reasons == ["the id is that of an earlier row"]
    assert said == ["1 rows left out: the id is that of an earlier row"]
