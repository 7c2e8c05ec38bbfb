"""The board for every reader: axe-core, keys, phones, both themes, print, and hostile data."""

import io
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

import rarft.leaderboard

SITE = Path(rarft.leaderboard.__file__).parent / "site"
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "leaderboard"
READY = "document.documentElement.dataset.ready"
MAX_PICTURE_BYTES = 260_000
PICTURES = (
    ("leaderboard.png", "light", (1440, 1000), "#task=hi_charades"),
    ("leaderboard_dark.png", "dark", (1440, 1000), ""),
    ("leaderboard_phone.png", "light", (375, 812), "#task=hi_charades"),
)
SCRIPT = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"


def golden_values() -> dict[str, tuple[str, object]]:
    """The small board with all that its page asks for; what it lacks is left empty."""
    board = json.loads((GOLDEN / "board_small.json").read_text("utf-8"))
    slices = json.loads((GOLDEN / "slices_synth_hi.json").read_text("utf-8"))
    values: dict[str, tuple[str, object]] = {"board": ("board", board)}
    for task in board["tasks"]:
        empty = {**slices, "task": task["name"], "entries": {}}
        held = slices if task["name"] == slices["task"] else empty
        values[f"slices/{task['name']}"] = (f"slices:{task['name']}", held)
    for entry in board["entries"]:
        detail = {"schema_version": 1, "id": entry["id"], "tasks": {}}
        values[f"entries/{entry['id']}"] = (f"entry:{entry['id']}", detail)
    for path in GOLDEN.glob("entry_*.json"):
        detail = json.loads(path.read_text("utf-8"))
        values[f"entries/{detail['id']}"] = (f"entry:{detail['id']}", detail)
    return values


@pytest.fixture
def page(make_site) -> str:
    return (make_site(golden_values()) / "index.html").as_uri()


async def draw_plots(browser: Any) -> None:
    await browser.value_of("document.querySelector('#plots').scrollIntoView({behavior: 'instant'})")
    await browser.until("document.querySelector('#plots').dataset.drawn")
    await browser.value_of("scrollTo({top: 0, behavior: 'instant'})")


async def keep_picture(browser: Any, name: str) -> None:
    """Take a picture of the window that is small enough for the documentation."""
    taken = Image.open(io.BytesIO(await browser.screenshot())).convert("RGB")
    written = io.BytesIO()
    taken.quantize(256, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    assert len(written.getvalue()) < MAX_PICTURE_BYTES
    if folder := os.environ.get("RARFT_SCREENSHOTS"):
        Path(folder, name).write_bytes(written.getvalue())


STATES = {
    ("light", 1440): "",
    ("dark", 1440): "#cols=F1,levels,categories,run&pick=tiny-rarft,tiny-base",
    ("light", 375): "#task=hi_charades&floors=inline",
    ("dark", 375): "#q=tiny",
}


def test_axe_finds_nothing_serious_on_the_board(page, in_browser, axe) -> None:
    async def act(browser: Any) -> None:
        for (theme, width), state in STATES.items():
            await browser.use_theme(theme)
            await browser.resize(width, 900)
            await browser.open(page + state, ready=READY)
            await draw_plots(browser)
            await browser.click("#more" if width < 600 else "#columns")
            assert await browser.violations(axe) == [], (theme, width)
        await browser.click("#more")
        await browser.press("?")
        assert await browser.violations(axe) == []
        assert not browser.complaints

    in_browser(act)


def test_the_board_has_its_picture_in_both_themes_and_on_a_phone(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        for name, theme, size, state in PICTURES:
            await browser.use_theme(theme)
            await browser.resize(*size)
            await browser.open(page + state, ready=READY)
            await draw_plots(browser)
            await keep_picture(browser, name)

    in_browser(act)


def test_nothing_is_wider_than_a_phone_but_what_scrolls_by_itself(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.resize(375, 812)
        await browser.open(page, ready=READY)
        await draw_plots(browser)
        assert await browser.value_of("document.documentElement.scrollWidth") == 375
        name = "document.querySelector('#board-table tbody .name').getBoundingClientRect().left"
        before = await browser.value_of(name)
        await browser.value_of("document.querySelector('#scroller').scrollLeft = 200")
        assert await browser.value_of(name) == before

    in_browser(act)


def test_heads_names_and_floors_stay_in_sight_while_rows_scroll(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.resize(900, 600)
        await browser.open(page, ready=READY)
        tops = (
            "['.heads .name', 'tfoot tr:last-child .name'].map(s =>"
            "Math.round(document.querySelector('#board-table ' + s).getBoundingClientRect().top))"
        )
        await browser.value_of("document.querySelector('.scroller').style.maxHeight = '200px'")
        before = await browser.value_of(tops)
        await browser.value_of("document.querySelector('#scroller').scrollTo(300, 60)")
        assert await browser.value_of(tops) == before

    in_browser(act)


def test_keys_reach_everything_and_can_be_turned_off(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.open(page, ready=READY)
        await browser.press("Tab")
        assert await browser.value_of("document.activeElement.className") == "skip"
        await browser.press("/")
        assert await browser.value_of("document.activeElement.id") == "search"
        await browser.press("Escape")
        await browser.press("i")
        assert await browser.value_of("location.hash") == "#ci=0"
        await browser.press("t")
        assert await browser.value_of("document.activeElement.classList.contains('rank')")
        await browser.press("End")
        await browser.press("Home")
        await browser.press("ArrowRight")
        assert await browser.value_of("document.activeElement.className") == "name"
        await browser.press("?")
        await browser.until("!!document.querySelector('dialog[open] .keys')")
        await browser.click("#single-keys")
        await browser.press("Escape")
        await browser.until("!document.querySelector('dialog[open]')")
        await browser.press("d")
        assert await browser.value_of("document.documentElement.dataset.theme || ''") == ""
        await browser.click("#help")
        await browser.click("#single-keys")
        await browser.press("Escape")
        await browser.press("d")
        assert await browser.value_of("document.documentElement.dataset.theme") == "light"

    in_browser(act)


def test_the_theme_is_kept_and_print_is_light(page, in_browser) -> None:
    async def act(browser: Any) -> None:
        await browser.use_theme("dark")
        await browser.open(page, ready=READY)
        ground = "getComputedStyle(document.body).backgroundColor"
        assert await browser.value_of(ground) == "rgb(19, 23, 26)"
        await browser.click("#theme")
        await browser.open(page, ready=READY)
        assert await browser.value_of(ground) == "rgb(251, 250, 247)"
        await browser.click("#theme")
        await browser.media("print")
        assert await browser.value_of(ground) == "rgb(255, 255, 255)"
        assert (
            await browser.value_of("getComputedStyle(document.querySelector('.controls')).display")
            == "none"
        )

    in_browser(act)


def test_the_board_works_from_a_file_and_below_any_path_and_asks_for_nothing_else(
    make_site, served, in_browser
) -> None:
    site = make_site(golden_values())
    address = f"{served(site.parent)}{site.name}/index.html"

    async def act(browser: Any) -> None:
        for url in (f"{site.as_uri()}/index.html", address):
            await browser.open(url, ready=READY)
            await draw_plots(browser)
            folder = url.rsplit("/", 1)[0] + "/"
            assert all(one.startswith(folder) for one in browser.requests), browser.requests
            assert not browser.complaints

    in_browser(act)


def test_data_that_got_through_do_not_run(make_site, in_browser) -> None:
    values = golden_values()
    board: Any = values["board"][1]
    for entry in board["entries"]:
        for key in ("name", "title", "family", "size", "hardware", "tier", "policy", "prompt"):
            entry[key] = f"{SCRIPT}{entry[key]}"
        entry["url"] = "javascript:window.hurt = 1"
    for key in ("title", "licence", "condition"):
        board["tasks"][0][key] = SCRIPT
    for column in board["columns"]:
        column["title"] = column["label"] = SCRIPT
    board["notes"] = [SCRIPT] * len(board["notes"])
    board["generated_by"] = board["ranking"]["family"] = SCRIPT
    url = (make_site(values) / "index.html").as_uri()

    async def act(browser: Any) -> None:
        for state in ("", f"#q={SCRIPT}&task={SCRIPT}&sort=__proto__&cols=run,constructor,F1"):
            await browser.open(url + state, ready=READY)
            await draw_plots(browser)
            await browser.press("t")
            assert await browser.value_of("window.hurt") is None
            assert (
                await browser.value_of("document.querySelectorAll('main img, main script').length")
                == 0
            )
            assert not browser.complaints

    in_browser(act)


def test_a_board_that_is_missing_or_of_another_version_is_told_in_words(
    make_site, in_browser
) -> None:
    site = make_site({"board": ("board", {"schema_version": 2})})

    async def act(browser: Any) -> str:
        url = (site / "index.html").as_uri()
        await browser.open(url)
        return await browser.until("document.querySelector('.problem').textContent")

    assert in_browser(act) == (
        "data/board.js has schema version 2, these pages read 1; build the site again"
    )


PAGES = sorted(SITE.glob("*.html"))
SCRIPTS = sorted(SITE.rglob("*.js"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_has_a_policy_and_neither_inline_code_nor_a_foreign_address(path: Path) -> None:
    text = path.read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";") if rule.strip())
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert "unsafe" not in policy[1]
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script>|javascript:", text)
    for address in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert not urlsplit(address).scheme, address
        assert not address.startswith("/"), address
    # What the head names is there; data are made by the build.
    for address in re.findall(r'(?:src|href)="(assets/[^"]*)"', text):
        assert (SITE / address).is_file(), address


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_makes_text_nodes_only_and_is_small(path: Path) -> None:
    text = path.read_text("utf-8")
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
        r"|\beval\(|new Function|setHTMLUnsafe|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon"
        r"|\bimport\("
    )
    assert not re.search(forbidden, text)
    assert text.count("\n") < 300
    assert text.startswith("//")
    assert '"use strict";' in text


def test_styles_ask_for_nothing() -> None:
    for path in SITE.rglob("*.css"):
        assert not re.search(r"url\(|@import|@font-face", path.read_text("utf-8")), path.name
