import os
from pathlib import Path

import pytest

from rarft.harness.errors import VideoError
from rarft.harness.video.locate import find_video, video_roots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a/3MSZA.mp4", "b/v_x.mkv", "b/clip_210.0_360.0.mp4", "b/both.avi", "b/both.mp4"):
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "videos"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("3MSZA.mp4", "a/3MSZA.mp4"),
        ("/data/someone/Charades_v1/3MSZA.mp4", "a/3MSZA.mp4"),
        ("C:\\videos\\3MSZA.mp4", "a/3MSZA.mp4"),
        ("3MSZA.webm", "a/3MSZA.mp4"),
        ("3MSZA", "a/3MSZA.mp4"),
        ("v_x.mp4", "b/v_x.mkv"),
        ("clip_210.0_360.0", "b/clip_210.0_360.0.mp4"),
        ("both.avi", "b/both.avi"),
        ("both.webm", "b/both.mp4"),
    ],
)
def test_a_video_is_found_by_base_name_whatever_its_extension(name, expected, root):
    assert find_video(name, roots=[root]) == root / expected


def test_an_absolute_path_that_exists_needs_no_root(root):
    assert find_video(str(root / "b/v_x.mkv"), roots=[]) == root / "b/v_x.mkv"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\etc\\passwd", ".."])
def test_a_name_leads_to_no_file_but_a_video(name, root):
    (root.parent / "etc").mkdir()
    (root.parent / "etc" / "passwd").touch()
    with pytest.raises(VideoError, match="got no such video"):
        find_video(name, roots=[root])


def test_folders_in_a_name_are_not_followed_out_of_a_root(root):
    (root.parent / "secret.mp4").touch()
    for name in ("../secret.mp4", "a/../../secret.mp4", f"{root}/../secret.mp4/x"):
        with pytest.raises(VideoError):
            find_video(name, roots=[root])


def test_the_first_root_that_holds_a_video_counts(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "both.mkv").touch()
    assert find_video("both.mp4", roots=[other, root]) == other / "both.mkv"
    assert find_video("both.mp4", roots=[root, other]) == root / "b/both.mp4"


@pytest.mark.parametrize("name", ["3msza.mp4", "absent.mp4", "v_x.txt", "../a/none.mp4"])
def test_a_missing_video_is_refused_with_the_roots_named(name, root):
    with pytest.raises(VideoError) as caught:
        find_video(name, roots=[root])
    assert Path(name).name in str(caught.value)
    assert str(root) in str(caught.value)
    assert "RARFT_VIDEOS" in str(caught.value)


def test_a_root_that_does_not_exist_holds_nothing(tmp_path):
    with pytest.raises(VideoError):
        find_video("a.mp4", roots=[tmp_path / "nowhere"])


def test_a_video_added_later_is_found(root):
    with pytest.raises(VideoError):
        find_video("later.mp4", roots=[root])
    (root / "later.mp4").touch()
    os.utime(root, ns=(1, 1))
    assert find_video("later.mp4", roots=[root]) == root / "later.mp4"


def test_a_link_that_leads_back_ends_the_walk(root):
    (root / "a" / "again").symlink_to(root, target_is_directory=True)
    assert find_video("v_x.mkv", roots=[root]).name == "v_x.mkv"


def test_roots_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("RARFT_VIDEOS", os.pathsep.join(["/a", "", "/b"]))
    assert video_roots() == (Path("/a"), Path("/b"))
    monkeypatch.delenv("RARFT_VIDEOS")
    assert video_roots() == ()
