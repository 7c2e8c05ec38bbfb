"""Where a site is built: told in time where it cannot be, and made again after a stop."""

import json
import shutil

import pytest

from rarft.harness.errors import UserError
from rarft.leaderboard.cli import main
from rarft.leaderboard.site_data import build_site as building
from rarft.leaderboard.site_data.build_site import build_site, entries_of


@pytest.fixture
def unverified(monkeypatch):
    """Fail where a build goes on to verify entries."""

    def verify_entries(*_args, **_settings):
        raise AssertionError("the work began")

    monkeypatch.setattr(building, "verify_entries", verify_entries)


@pytest.mark.parametrize("place", ["file", "file/site"])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(place, tmp_path, unverified):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(UserError, match=r"cannot be written .* give another"):
        build_site([], tmp_path / place)


@pytest.mark.parametrize("name", ["absent", "file"])
def test_a_folder_of_videos_that_is_none_is_told_before_the_work(name, tmp_path, unverified):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(UserError, match=r"--videos .*, which is no folder"):
        build_site([], tmp_path / "site", videos=[tmp_path / name])


def test_a_build_that_broke_off_is_made_again(tmp_path, monkeypatch):
    site = tmp_path / "site"
    with monkeypatch.context() as broken:

        def copytree(*_args, **_settings):
            raise KeyboardInterrupt

        broken.setattr(shutil, "copytree", copytree)
        with pytest.raises(KeyboardInterrupt):
            build_site([], site)

    build_site([], site)

    assert json.loads((site / "data/board.json").read_text(encoding="utf-8"))["entries"]


def test_folders_of_somebody_elses_are_not_cleared(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine.txt").write_text("mine")
    (tmp_path / "index.html").write_text("my page")

    with pytest.raises(UserError, match="holds other files"):
        build_site([], tmp_path)

    assert (tmp_path / "data/mine.txt").is_file()


def test_an_entry_that_is_named_twice_is_taken_once(tmp_path):
    (tmp_path / "held/a").mkdir(parents=True)
    (tmp_path / "held/a/manifest.json").write_text("{}")

    assert entries_of([tmp_path / "held", tmp_path / "held/a"]) == (tmp_path / "held/a",)


@pytest.mark.parametrize("command", [["rank"], ["build", "--output", "site", "--entries"]])
@pytest.mark.parametrize("name", ["absent", "file"])
def test_entries_that_are_no_folder_are_told_in_one_line(
    command, name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")

    assert main([*command, name]) == 2
    assert capsys.readouterr().err == (
        f"rarft-leaderboard: got {name}, which is no folder, expected an entry or a folder with "
        "entries; check the path\n"
    )
