"""What of a built site goes to a Space or to GitHub Pages, and what must not."""

import json
from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.leaderboard.commands.publish import publish_command
from rarft.leaderboard.publish import plan_pages, plan_space, write_pages

PAGES = ("index.html", "assets/js/table.js", "data/board.json", "videos/synth_hi/a.mp4")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    for name in PAGES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    write_board(folder)
    return folder


def write_board(folder: Path, *, texts: bool = True, private: tuple[str, ...] = ()) -> None:
    board = {"tasks": [{"name": "synth_hi", "texts": texts}], "private": private}
    (folder / "data" / "board.json").write_text(json.dumps(board))


def paths(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_space_gets_every_page_and_a_card_that_says_how_it_is_shown(site):
    plan = plan_space(site, "me/board", dataset="me/entries")
    files = plan.with_card()
    assert {file.path for file in files} == {*PAGES, "README.md"}
    (card,) = [file.content.decode() for file in files if file.path == "README.md"]
    assert card.startswith("---\ntitle:")
    assert "\nsdk: static\napp_file: index.html\n" in card
    assert "datasets:\n- me/entries\n" in card


def test_a_folder_for_pages_is_the_site_and_nojekyll(site, tmp_path):
    folder = write_pages(plan_pages(site, tmp_path / "pages"))
    assert paths(folder) == {*PAGES, ".nojekyll"}


def test_a_second_publication_removes_what_the_site_no_longer_has(site, tmp_path):
    folder = write_pages(plan_pages(site, tmp_path / "pages"))
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("mine")
    (folder / "CNAME").write_text("board.example")
    (site / "videos" / "synth_hi" / "a.mp4").unlink()
    write_pages(plan_pages(site, folder))
    assert paths(folder) == {*PAGES[:3], ".nojekyll", ".git/config", "CNAME"}
    assert not (folder / "videos").exists()


def test_a_folder_with_other_things_is_left_alone(site, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"with \S+ in it, expected a new or empty folder"):
        write_pages(plan_pages(site, tmp_path))
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_link_in_the_folder_is_replaced_and_not_written_through(site, tmp_path):
    folder = write_pages(plan_pages(site, tmp_path / "pages"))
    (tmp_path / "mine.txt").write_text("mine")
    (folder / "index.html").unlink()
    (folder / "index.html").symlink_to(tmp_path / "mine.txt")
    write_pages(plan_pages(site, folder))
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (folder / "index.html").read_text() == "x"


@pytest.mark.parametrize("name", ["notes.md", "a.py", ".env", "data/.hidden.json", "model.pt"])
def test_a_file_that_build_does_not_write_stops_the_publication(site, name):
    (site / name).write_text("mine")
    with pytest.raises(UserError, match="did not write"):
        plan_space(site, "me/board")


def test_a_link_in_the_site_stops_the_publication(site, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (site / "data" / "linked.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(UserError, match="no plain file"):
        plan_space(site, "me/board")


def test_a_folder_that_is_no_site_is_one_line(tmp_path):
    with pytest.raises(NotFoundError, match="build it first") as caught:
        plan_space(tmp_path, "me/board")
    assert "\n" not in str(caught.value)


def test_a_file_that_github_refuses_stops_before_anything_is_written(site, tmp_path):
    with (site / "videos" / "synth_hi" / "a.mp4").open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(UserError, match="which is what GitHub takes"):
        plan_pages(site, tmp_path / "pages")


def test_texts_that_must_not_be_handed_on_stop_the_publication(site):
    write_board(site, private=("hi_charades",))
    with pytest.raises(UserError, match=r"with texts of hi_charades.*without --texts"):
        plan_space(site, "me/board")


def test_videos_without_an_open_licence_go_only_where_that_is_said(site, tmp_path):
    write_board(site, texts=False)
    with pytest.raises(UserError, match=r"a video of synth_hi.*--with_videos"):
        plan_space(site, "me/board")
    with pytest.raises(UserError, match="--with_videos"):
        plan_pages(site, tmp_path / "pages")
    assert len(plan_space(site, "me/board", with_videos=True).files) == len(PAGES)


def given(**flags):
    empty = dict.fromkeys(("entries", "dataset", "site", "space", "pages", "endpoint"))
    return {**empty, "private": False, "with_videos": False, "dry_run": True, **flags}


def test_a_dry_run_lists_every_file_and_writes_nothing(site, tmp_path, capsys):
    pages = tmp_path / "pages"
    publish_command(**given(site=site, space="me/board", pages=pages))
    said = capsys.readouterr()
    rows = [line.split("\t") for line in said.out.splitlines()]
    assert ["space", "me/board", "videos/synth_hi/a.mp4", "1"] in rows
    assert ["pages", str(pages), ".nojekyll", "0"] in rows
    assert len(rows) == 2 * (len(PAGES) + 1)
    assert said.err.count("nothing was sent") == 2
    assert not pages.exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({}, "got nothing to publish"),
        ({"dataset": "me/entries"}, "one of --entries and --dataset"),
        ({"space": "me/board"}, "one of --site and --space or --pages"),
        ({"site": Path("site")}, "one of --site and --space or --pages"),
    ],
)
def test_half_of_what_a_publication_needs_is_one_line(flags, message):
    with pytest.raises(UserError, match=message):
        publish_command(**given(**flags))
