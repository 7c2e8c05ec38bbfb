import hashlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from rarft.harness.errors import VideoError
from rarft.harness.video.content import content_hash


@pytest.fixture
def video(tmp_path: Path, isolated_cache: Path) -> Path:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"frames")
    return path


EXPECTED = hashlib.sha256(b"frames").hexdigest()


def test_the_hash_is_that_of_the_content(video):
    assert content_hash(video) == EXPECTED
    assert content_hash(video) == EXPECTED


def test_a_file_of_the_same_size_and_time_is_not_read_again(video):
    stamp = video.stat().st_mtime_ns
    content_hash(video)
    video.write_bytes(b"FRAMES")
    os.utime(video, ns=(stamp, stamp))
    assert content_hash(video) == EXPECTED
    os.utime(video, ns=(stamp, stamp + 1))
    assert content_hash(video) == hashlib.sha256(b"FRAMES").hexdigest()


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
def test_a_lost_or_damaged_memo_is_made_anew(video, isolated_cache, content):
    content_hash(video)
    memo = isolated_cache / "content_hashes.sqlite"
    memo.write_bytes(content)
    assert content_hash(video) == EXPECTED
    assert content_hash(video) == EXPECTED
    assert memo.read_bytes().startswith(b"SQLite format 3")


def test_without_a_place_for_the_memo_files_are_hashed_all_the_same(video, isolated_cache):
    isolated_cache.write_text("a file where the folder should be")
    assert content_hash(video) == EXPECTED


def test_two_processes_share_the_memo(video):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        assert set(pool.map(content_hash, [video] * 8)) == {EXPECTED}


def test_a_path_that_is_no_text_is_remembered_like_any(tmp_path, isolated_cache):
    video = tmp_path / os.fsdecode(b"v\xff.mp4")
    video.write_bytes(b"frames")
    stamp = video.stat().st_mtime_ns
    assert content_hash(video) == EXPECTED
    video.write_bytes(b"FRAMES")
    os.utime(video, ns=(stamp, stamp))
    assert content_hash(video) == EXPECTED


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(VideoError, match=r"gone\.mp4: got a file that cannot be read"):
        content_hash(tmp_path / "gone.mp4")
