"""Sets on disk: real mp4 files, growth, interruption, two writers, bad places."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.tasks.synth_hi import load, make_dataset, make_records, to_dataset, visual
from rarft.tasks.synth_hi.build import counterfactual, counterfactual_claims
from rarft.tasks.synth_hi.render import paint_frames, write_video


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("videos/*.mp4"))
    }


@pytest.fixture(scope="module")
def small_set(tmp_path_factory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("sets") / "small", n_queries=8, workers=1)


def test_videos_are_h264_of_the_stated_duration_and_show_the_painted_frames(small_set):
    for record in make_records(n_queries=8, seed=0, split="test"):
        path = small_set / "videos" / record.video
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert stream.average_rate == 8
            assert container.duration / av.time_base == record.world.duration_s
        frames = decoded(path)
        painted = list(paint_frames(record.world))
        assert len(frames) == len(painted) == record.world.duration_s * 8
        errors = np.abs(np.stack(frames).astype(int) - np.stack(painted)).mean(axis=(1, 2, 3))
        assert errors.max() < 8


def test_each_edit_changes_decoded_pixels_of_a_sampled_frame(tmp_path, small_set):
    for record in make_records(n_queries=8, seed=0, split="test"):
        shown = decoded(small_set / "videos" / record.video)
        for claim in counterfactual_claims(record.relevant, record.irrelevant):
            path = tmp_path / "other.mp4"
            write_video(counterfactual(record.world, claim), path)
            other = decoded(path)
            gaps = [np.abs(shown[i].astype(int) - other[i]).max() for i in range(0, len(shown), 4)]
            assert max(gaps) > 60


def test_rendering_in_processes_gives_the_same_bytes_as_rendering_here(tmp_path):
    made: list[tuple[int, int]] = []
    here = make_dataset(tmp_path / "here", n_queries=40, seed=5, workers=1)
    there = make_dataset(
        tmp_path / "there",
        n_queries=40,
        seed=5,
        workers=2,
        on_progress=lambda n, total: made.append((n, total)),
    )
    assert digests(here) == digests(there)
    assert len(digests(here)) == 20
    assert made[-1] == (20, 20)
    assert (here / "worlds.jsonl").read_bytes() == (there / "worlds.jsonl").read_bytes()


def test_set_grows_without_touching_what_is_there_and_serves_smaller_requests(tmp_path):
    folder = make_dataset(tmp_path / "set", n_queries=4, workers=1)
    first = folder / "videos" / "synth-test-0-000000.mp4"
    before = first.stat().st_mtime_ns
    make_dataset(folder, n_queries=8, workers=1)
    make_dataset(folder, n_queries=2, workers=1)
    assert len(digests(folder)) == 4
    assert first.stat().st_mtime_ns == before
    assert json.loads((folder / "set.json").read_text())["n_queries"] == 8
    assert len(json.loads((folder / "annotations.json").read_text())) == 4
    assert len((folder / "worlds.jsonl").read_text().splitlines()) == 4


def test_interrupted_set_is_finished_by_the_next_call(tmp_path):
    folder = make_dataset(tmp_path / "set", n_queries=6, workers=1)
    whole = digests(folder)
    identity = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps({**identity, "n_queries": 0}))
    (folder / "videos" / "synth-test-0-000001.mp4").unlink()
    (folder / "videos" / ".synth-test-0-000001.mp4.123").write_bytes(b"half a video")
    make_dataset(folder, n_queries=6, workers=1)
    assert digests(folder) == whole


def test_videos_that_a_finished_set_lost_are_made_again_and_no_others(tmp_path):
    folder = make_dataset(tmp_path / "set", n_queries=8, workers=1)
    whole = digests(folder)
    videos = [folder / "videos" / name for name in whole]
    videos[1].unlink()
    videos[2].write_bytes(b"")
    videos[3].unlink()
    before = videos[0].stat().st_mtime_ns
    make_dataset(folder, n_queries=6, workers=1)
    assert digests(folder) == dict(list(whole.items())[:3])
    assert videos[0].stat().st_mtime_ns == before
    assert json.loads((folder / "set.json").read_text())["n_queries"] == 8
    make_dataset(folder, n_queries=8, workers=1)
    assert digests(folder) == whole


def test_processes_make_again_what_is_lost(tmp_path):
    folder = make_dataset(tmp_path / "set", n_queries=40, seed=5, workers=1)
    whole = digests(folder)
    for name in list(whole)[2:]:
        (folder / "videos" / name).write_bytes(b"")
    make_dataset(folder, n_queries=40, seed=5, workers=2)
    assert digests(folder) == whole


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"n_queries": "x"}'])
def test_set_whose_name_is_damaged_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "set.json").write_text(content)
    for use in (to_dataset, lambda folder: make_dataset(folder, n_queries=2)):
        with pytest.raises(UserError, match="run again") as raised:
            use(tmp_path)
        assert "\n" not in str(raised.value)


def test_two_writers_at_once_leave_one_whole_set(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(make_dataset, tmp_path / "set", n_queries=n, workers=1) for n in (6, 10)
        ]
        folders = {job.result() for job in jobs}
    assert folders == {tmp_path / "set"}
    assert len(digests(tmp_path / "set")) == 5
    assert json.loads((tmp_path / "set" / "set.json").read_text())["n_queries"] == 10


def test_directory_of_another_set_or_of_other_files_is_refused(tmp_path, small_set):
    with pytest.raises(UserError, match=r"expected .*'seed': 1"):
        make_dataset(small_set, n_queries=2, seed=1)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds notes\.txt"):
        make_dataset(tmp_path, n_queries=2)


def test_place_that_cannot_be_written_is_reported_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another directory") as raised:
        make_dataset(tmp_path / "file" / "set", n_queries=2)
    assert "\n" not in str(raised.value)


def test_worker_that_fails_is_reported_in_one_line(tmp_path):
    folder = tmp_path / "set"
    record = make_records(n_queries=40, seed=0, split="test")[3]
    (folder / "videos").mkdir(parents=True)
    (folder / "videos" / record.video).mkdir()
    identity = {"schema_version": 1, "generator_version": 1, "split": "test", "seed": 0}
    (folder / "set.json").write_text(json.dumps({**identity, "n_queries": 0}))
    with pytest.raises(UserError, match="cannot write the synthetic set") as raised:
        make_dataset(folder, n_queries=40, workers=2)
    assert "\n" not in str(raised.value)
    assert record.video in str(raised.value)


def test_dataset_has_a_row_for_every_query_with_its_video(small_set):
    rows = to_dataset(small_set)
    assert len(rows) == 8
    assert all(Path(row["video_path"]).is_file() for row in rows)
    assert [row["relevant"] for row in rows].count(True) == 4


def test_directory_without_a_set_is_no_dataset(tmp_path):
    with pytest.raises(NotFoundError, match="make_dataset"):
        to_dataset(tmp_path)


def test_load_makes_the_videos_that_visual_finds_in_the_cache(isolated_cache):
    docs = load(n_queries=4, seed=2, split="train", version=1.0)["test"]
    assert list(docs.features) == list(docs[0])
    paths = [visual(doc) for doc in docs]
    assert all(Path(path).is_file() for (path,) in paths)
    assert Path(paths[0][0]).parent == isolated_cache / "synth_hi/v1/train/seed2/videos"
    assert str(isolated_cache) not in json.dumps(docs)


def test_load_keeps_a_set_where_it_is_told(tmp_path, isolated_cache):
    doc = load(n_queries=2, seed=0, split="test", cache_dir=str(tmp_path / "own"))["test"][0]
    assert Path(visual(doc)[0]).is_relative_to(tmp_path / "own")
    assert not isolated_cache.exists()


def test_video_that_was_not_made_is_named_with_what_to_do(isolated_cache):
    doc = load(n_queries=2, seed=0, split="test", render=False)["test"][0]
    with pytest.raises(NotFoundError, match=rf"{doc['video']}.*; run again") as raised:
        visual(doc)
    assert "rarft.tasks" not in str(raised.value)


def test_text_alone_makes_no_file_and_the_videos_can_follow(isolated_cache):
    asked = {"n_queries": 4, "seed": 3, "split": "train"}
    texts = load(**asked, render=False)["test"]
    assert not isolated_cache.exists()
    docs = load(**asked, render=True)["test"]
    assert list(docs) == list(texts)
    assert all(Path(visual(doc)[0]).is_file() for doc in texts)
    Path(visual(docs[0])[0]).unlink()
    load(**asked, render=False)
    with pytest.raises(NotFoundError):
        visual(docs[0])
    load(**asked)
    assert Path(visual(docs[0])[0]).is_file()


def test_size_is_another_name_for_the_number_of_queries():
    rows = load(size=6, seed=5, split="validation", render=False)["test"]
    assert len(rows) == 6
    assert rows == load(n_queries=6, seed=5, split="validation", render=False)["test"]
