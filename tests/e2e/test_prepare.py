"""`rarft-eval prepare` on the files of a small task."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.models import VideoFile
from rarft.harness.stages.fill_frames import fill_frames
from rarft.harness.stages.wanted_frames import WantedFrames
from rarft.harness.types import Span
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.content import content_hash
from rarft.harness.video.frames import frames_key
from rarft.harness.video.policy import FramesPolicy


@pytest.fixture
def videos(outside: Path) -> list[Path]:
    """The task's videos, each with a content of its own: an empty box at its end."""
    paths = sorted(Path(os.environ["RARFT_VIDEOS"]).glob("*.mp4"))
    for number, path in enumerate(paths):
        path.write_bytes(path.read_bytes() + b"\0\0\0\x09free" + bytes([number]))
    return paths


def prepare(outside: Path, *flags: str, model: str = "outside_model") -> int:
    return main(
        ["prepare", "--model", model, "--tasks", "outside", "--include_path", str(outside), *flags]
    )


def entries(cache: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (cache / "frames").glob("*.npy")}


def test_frames_are_there_before_the_run_and_are_not_decoded_again(
    outside: Path,
    videos: list[Path],
    isolated_cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert prepare(outside, "--dry_run") == 0
    first = capsys.readouterr().out
    assert "0 are in" in first
    assert "free" in first
    assert not entries(isolated_cache)
    assert prepare(outside, "--workers", "2") == 0
    kept = entries(isolated_cache)
    assert len(kept) == len(videos)
    assert f"{len(kept)} sets of frames decoded, 0 not" in capsys.readouterr().out
    assert prepare(outside) == 0
    said = capsys.readouterr().out
    assert f"{len(kept)} are in" in said
    assert "0 sets of frames decoded, 0 not" in said
    flags = ("--tasks", "outside", "--include_path", str(outside), "--n_resamples", "20")
    out = ("--output_path", str(tmp_path / "run"))
    assert main(["--model", "outside_model", *flags, *out]) == 0
    assert entries(isolated_cache) == kept


def test_unreadable_videos_are_recorded_and_the_others_decoded(
    outside: Path, videos: list[Path], isolated_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos[0].write_bytes(videos[0].read_bytes()[:100])
    videos[1].unlink()
    assert prepare(outside) == 0
    said = capsys.readouterr()
    assert "1 more cannot be opened" in said.out
    assert ", 1 not" in said.out
    assert "2 videos cannot be used" in said.err
    lines = (isolated_cache / "unreadable_videos.jsonl").read_text().splitlines()
    reasons = {Path(row["video"]).name: row["reason"] for row in map(json.loads, lines)}
    assert set(reasons) == {videos[0].name, videos[1].name}
    assert "cannot be decoded" in reasons[videos[0].name]
    assert "no such video" in reasons[videos[1].name]
    assert len(entries(isolated_cache)) == len(videos) - 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--workers", "0"), "got --workers 0, expected a number above 0"),
        (("--limit", "-1"), "--limit"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_line(
    outside: Path, flags: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(outside, *flags) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_model_without_frames_has_nothing_to_prepare(
    outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(outside, model="blind") == 2
    assert "no frames are decoded here" in capsys.readouterr().err


def test_frames_that_the_cache_may_not_hold_are_refused(
    outside: Path,
    videos: list[Path],
    isolated_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RARFT_FRAMES_GB", "0.0001")
    assert prepare(outside) == 2
    assert "expected at most 0.1 MB, which the cache may hold" in capsys.readouterr().err
    assert not entries(isolated_cache)


def test_a_disk_without_room_is_refused_in_one_line(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The kernel's own file system has no room for anything.
    monkeypatch.setenv("RARFT_CACHE", "/proc/sys/no_room")
    assert prepare(outside) == 2
    error = capsys.readouterr().err
    refusals = [line for line in error.splitlines() if line.startswith("rarft-eval: ")]
    assert len(refusals) == 1
    assert "got 0.0 MB free in /proc/sys/no_room/frames" in refusals[0]


class Deadly(Span):
    """A clip at which the process that is handed it dies, as a decoder may."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


def test_a_file_that_kills_its_process_costs_itself_only(
    videos: list[Path], tmp_path: Path
) -> None:
    policy = FramesPolicy()
    cache = FramesCache(tmp_path / "frames")
    clips = (None, Deadly(0.0, 1.0), None)
    missing = []
    for video, clip in zip(videos[:3], clips, strict=True):
        file = VideoFile(path=video, sha256=content_hash(video))
        key = frames_key(file.sha256, policy, clip=clip)
        missing.append(WantedFrames(video=file, clip=clip, key=key, n_bytes=0))
    failures = fill_frames(missing, policy, cache, n_workers=1)
    assert [failure.video for failure in failures] == [videos[1]]
    assert "the process that decodes it dies" in failures[0].reason
    assert cache.holds(missing[0].key)
    assert cache.holds(missing[2].key)
