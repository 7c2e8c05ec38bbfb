"""The same rows from the official file, a datasets folder or file, and HI-Synth."""

import json
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict

from rarft.harness.errors import NotFoundError, UserError, VideoError
from rarft.tasks.synth_hi.semantics import holds
from rarft.trainer.config import DataArguments
from rarft.trainer.data import training_rows
from rarft.trainer.data.official_source import official_source
from rarft.trainer.data.rows_source import source_of_rows
from rarft.trainer.data.synth_answers import thinking_answer
from rarft.trainer.data.synth_source import example_of
from rarft.trainer.tiny.thoughts import think


@pytest.fixture
def dataset(annotate, records, videos):
    source = official_source(str(annotate(records)), video_folder=str(videos))
    return Dataset.from_list([query.to_doc() for query in source.queries])


def rows_of(name, card, *, videos=None, **asked):
    return training_rows(
        DataArguments(
            dataset_name=str(name), video_folder=str(videos) if videos else None, **asked
        ),
        card=card,
        prompt="{query}",
        seed=0,
    )


def test_a_saved_dataset_gives_the_rows_of_its_annotations(
    dataset, make_rows, records, videos, card, tmp_path
):
    expected = make_rows(records)[0]
    dataset.save_to_disk(tmp_path / "saved")
    DatasetDict(train=dataset).save_to_disk(tmp_path / "dict")
    dataset.to_parquet(tmp_path / "rows.parquet")
    dataset.to_json(tmp_path / "rows.jsonl")
    for name in ("saved", "dict", "rows.parquet", "rows.jsonl"):
        rows, report = rows_of(tmp_path / name, card, videos=videos)
        assert [rows[n]["query"] for n in range(8)] == [expected[n]["query"] for n in range(8)]
        assert report.n_irrelevant == 12


def test_a_dataset_without_a_column_is_refused_by_its_name(dataset, card, videos, tmp_path):
    dataset.remove_columns("refusal").save_to_disk(tmp_path / "saved")
    with pytest.raises(UserError, match="got rows without the column refusal, expected video, "):
        rows_of(tmp_path / "saved", card, videos=videos)


def test_rows_may_name_the_files_of_their_videos(dataset, card, videos, tmp_path, monkeypatch):
    monkeypatch.delenv("RARFT_VIDEOS", raising=False)
    paths = [str(videos / name) for name in dataset["video"]]
    dataset.add_column("video_path", paths).save_to_disk(tmp_path / "saved")
    rows, _ = rows_of(tmp_path / "saved", card)
    assert rows[0]["video"] == str(videos / "v0.mp4")
    beside = [f"../videos/{name}" for name in dataset["video"]]
    dataset.add_column("video_path", beside).save_to_disk(tmp_path / "near")
    assert rows_of(tmp_path / "near", card)[1].n_videos == 4
    (videos / "v0.mp4").unlink()
    assert rows_of(tmp_path / "saved", card)[1].left_out == {"missing videos": 1}


def test_rows_without_record_find_their_relevant_query_by_its_text(dataset, card, videos, tmp_path):
    columns = ["id", "record", "level", "categories", "provenance", "clip"]
    dataset.remove_columns(columns).save_to_disk(tmp_path / "saved")
    rows, report = rows_of(tmp_path / "saved", card, videos=videos)
    assert (report.n_videos, report.n_irrelevant) == (4, 12)
    assert rows[1]["relevant_query"] == rows[0]["query"]


def test_a_row_that_is_no_query_is_named(card, videos, tmp_path):
    row = {"video": "v0.mp4", "text": " ", "relevant": True, "spans": [[1.0, 2.0]], "refusal": ""}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(UserError, match=r"got row 0 \(from 0\) that is no query \(an empty text\)"):
        rows_of(path, card, videos=videos)


@pytest.mark.parametrize("name", ["no/such_dataset", "no_such.jsonl", "notes.txt"])
def test_a_name_of_nothing_is_one_line(name, card, tmp_path):
    (tmp_path / "notes.txt").write_text("hi")
    given = tmp_path / name if name == "notes.txt" else name
    with pytest.raises((NotFoundError, UserError)) as caught:
        rows_of(given, card)
    assert "\n" not in str(caught.value)


def test_an_annotation_file_that_is_not_there_is_one_line(card):
    with pytest.raises(UserError, match=r"No such file"):
        rows_of("no_such.json", card)


@pytest.fixture(scope="module")
def synth(tmp_path_factory):
    """The first videos of HI-Synth's train split, made once."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RARFT_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield "synth_hi"
    patch.undo()


@pytest.mark.parametrize("negatives", ["hard", "shuffled"])
def test_no_irrelevant_query_of_synth_hi_holds_in_its_video(synth, card, negatives):
    rows, report = rows_of(synth, card, synth_videos=6, synth_seed=2, negatives=negatives)
    assert report.name == "synth_hi train seed 2"
    assert len(rows) == 12
    claims = [example_of(f"synth-train-2-{n:06d}.mp4") for n in range(6)]
    predicates = {one.relevant_text: one.relevant for one in claims}
    predicates |= {one.irrelevant_text: one.irrelevant for one in claims}
    for position in range(12):
        row = rows[position]
        world = example_of(row["video"].rsplit("/", 1)[1]).world
        assert bool(holds(world, predicates[row["query"]])) is row["relevant"]


def test_a_thinking_answer_thinks_before_the_reference(synth, card):
    rows, _ = rows_of(synth, card, synth_videos=6)
    start_s, end_s = rows[0]["spans"][0]
    grounding, refusing = thinking_answer(rows[0]), thinking_answer(rows[1])
    assert grounding.startswith("<think>")
    assert grounding.endswith(
        f"<answer>{start_s:.1f} to {end_s:.1f}</answer><correction>NIL</correction>"
    )
    assert refusing.endswith(
        f"<answer>{rows[1]['refusal']}</answer><correction>{rows[0]['query']}</correction>"
    )
    example = example_of(Path(rows[0]["video"]).name)
    for reply, claim in ((grounding, example.relevant), (refusing, example.irrelevant)):
        assert reply.startswith("".join(think(example.world, claim)))
    with pytest.raises(UserError, match="for a query of another video than synth-train"):
        thinking_answer({**rows[0], "query": "A red star."})
    with pytest.raises(UserError, match=r"got answer=synth_hi for v0\.mp4"):
        thinking_answer({**rows[0], "video": "/a/v0.mp4"})


def test_a_video_that_was_deleted_is_made_again(synth, card):
    rows, _ = rows_of(synth, card, synth_videos=6)
    Path(rows[0]["video"]).unlink()
    assert rows_of(synth, card, synth_videos=6)[1].n_videos == 6


def test_a_missing_file_of_rows_is_a_video_error(dataset, videos, tmp_path):
    paths = [str(videos / name) for name in dataset["video"]]
    source = source_of_rows(dataset.add_column("video_path", paths), name="here")
    (videos / "v1.mp4").unlink()
    with pytest.raises(VideoError, match=r"v1\.mp4: got no such video"):
        source.path_of(next(one for one in source.queries if one.video == "v1.mp4"))
