import logging
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rarft.harness.video.cache import FramesCache


def pixels(value: int) -> np.ndarray:
    return np.full((2, 10, 10, 3), value, dtype=np.uint8)


def test_what_is_put_comes_back_read_only(tmp_path):
    cache = FramesCache(tmp_path / "frames")
    cache.put("k", pixels(7), {"fps": 2.0})
    kept, about = cache.get("k")
    np.testing.assert_array_equal(kept, pixels(7))
    assert about == {"fps": 2.0}
    assert not kept.flags.writeable
    assert cache.get("other") is None


@pytest.mark.parametrize("file", ["k.npy", "k.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_entry_is_dropped(file, damage, tmp_path, caplog):
    cache = FramesCache(tmp_path)
    cache.put("k", pixels(7), {"fps": 2.0})
    content = bytearray((tmp_path / file).read_bytes())
    if damage == "flip":
        content[-5] ^= 0xFF
    (tmp_path / file).write_bytes({"cut": content[:-5], "empty": b""}.get(damage, content))
    assert cache.get("k") is None
    assert "damaged" in caplog.text
    assert list(tmp_path.iterdir()) == []
    cache.put("k", pixels(8), {})
    assert cache.get("k")[0].max() == 8


def test_an_entry_whose_time_another_user_owns_is_used_all_the_same(tmp_path, monkeypatch, caplog):
    def refuse(*_args, **_kwargs):
        raise PermissionError("only the owner may")

    cache = FramesCache(tmp_path)
    cache.put("k", pixels(7), {"fps": 2.0})
    monkeypatch.setattr(os, "utime", refuse)
    assert cache.get("k") is not None
    assert cache.get("k") is not None
    assert caplog.text == ""


@contextmanager
def without_rights() -> Iterator[None]:
    """Be nobody where the tests run as root, who may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("file", ["k.npy", "k.json"])
def test_an_entry_that_this_user_may_not_read_stays(file, tmp_path, caplog):
    # A folder that anybody may change, so that only the cache itself keeps the entry.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        cache = FramesCache(Path(name))
        cache.put("k", pixels(7), {})
        Path(name, file).chmod(0)
        with without_rights():
            assert cache.get("k") is None
        assert caplog.text == ""
        Path(name, file).chmod(0o644)
        assert cache.get("k") is not None


def test_an_entry_killed_before_its_json_does_not_exist(tmp_path):
    cache = FramesCache(tmp_path)
    cache.put("k", pixels(7), {})
    (tmp_path / "k.json").unlink()
    assert cache.get("k") is None


def test_the_entry_used_longest_ago_goes_first(tmp_path):
    cache = FramesCache(tmp_path, max_bytes=2800)
    for age, key in enumerate(("c", "b", "a")):
        cache.put(key, pixels(1), {})
        for path in tmp_path.glob(f"{key}.*"):
            os.utime(path, (1000 + age, 1000 + age))
    assert cache.get("c") is not None
    cache.put("d", pixels(1), {})
    assert {path.stem for path in tmp_path.glob("*.npy")} == {"a", "c", "d"}


def test_what_a_killed_process_left_is_evicted(tmp_path):
    left = tmp_path / ".k.0badcafe"
    left.write_bytes(b"x" * 2000)
    os.utime(left, (1000, 1000))
    FramesCache(tmp_path, max_bytes=2400).put("d", pixels(1), {})
    assert not left.exists()


def test_an_entry_larger_than_the_cache_is_not_kept(tmp_path):
    cache = FramesCache(tmp_path, max_bytes=100)
    cache.put("k", pixels(1), {})
    assert list(tmp_path.iterdir()) == []


@contextmanager
def file_size_limit(n_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_means_one_warning_and_no_cache(tmp_path, caplog):
    cache = FramesCache(tmp_path / "frames")
    with file_size_limit(200), caplog.at_level(logging.WARNING):
        cache.put("a", pixels(1), {})
        cache.put("b", pixels(1), {})
    assert cache.get("a") is None
    assert len(caplog.records) == 1
    assert "no longer cached" in caplog.text
    assert list(Path(cache.directory).iterdir()) == []
