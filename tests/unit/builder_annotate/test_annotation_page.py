"""The page in a real browser: mouse, keys, crashes of the browser and of the server.

`RARFT_SCREENSHOTS` names a folder for the pictures of the documentation.
"""

import asyncio
import io
import os
import signal
import urllib.parse
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rarft.dataset_builder.annotate import AnnotationStore
from rarft.dataset_builder.row_files import write_rows
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.types import Query, Span

pytestmark = pytest.mark.slow

BrowserIn = Callable[..., AbstractAsyncContextManager[Any]]
IS_SAVED = "document.querySelector('#save-state').dataset.state === 'saved'"
ROW = "document.querySelector('#row-id').textContent"
IS_SHOWN = "document.querySelector('#video').readyState >= 2"
PIXELS_PER_SECOND = (
    "document.querySelector('#track').clientWidth / document.querySelector('#video').duration"
)
MAX_PICTURE_BYTES = 200_000


async def give_name(browser: Any, url: str, name: str) -> None:
    await browser.open(url)
    await browser.until("document.querySelector('#name-dialog')?.open")
    await browser.type(name)
    await browser.click("#name-form .accept")
    await browser.until(f"{IS_SHOWN} && {ROW}")


async def keep_picture(browser: Any, name: str) -> None:
    """Take a picture of the window that is small enough for the documentation."""
    taken = Image.open(io.BytesIO(await browser.screenshot())).convert("RGB")
    written = io.BytesIO()
    taken.quantize(256, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    assert len(written.getvalue()) < MAX_PICTURE_BYTES
    if folder := os.environ.get("RARFT_SCREENSHOTS"):
        Path(folder, name).write_bytes(written.getvalue())


def test_after_the_browser_and_the_server_are_killed_everything_is_still_there(
    running_page: Callable[..., Any],
    browser_in: BrowserIn,
    synth_set: Path,
    tmp_path: Path,
) -> None:
    arguments = (synth_set / "annotations.json", "--videos", synth_set)
    database = tmp_path / "a.sqlite"
    page = running_page(*arguments, "--database", database)

    async def before() -> None:
        async with browser_in(tmp_path / "profile") as browser:
            await give_name(browser, page.url, "Ada")
            assert await browser.value_of(ROW) == "00000-0"
            scale = await browser.value_of(PIXELS_PER_SECOND)
            await browser.drag(".handle.to", by=1.5 * scale)
            await browser.until(IS_SAVED)
            await browser.drag(".handle.from", by=-0.5 * scale)
            await browser.press("ArrowRight")
            await browser.until(IS_SAVED)
            await keep_picture(browser, "annotate.png")
            await browser.press("a")
            await browser.until(f"{ROW} === '00000-1' && {IS_SHOWN}")
            await browser.click("input[value='Object/ObjectMoving']")
            await browser.press("t")
            await browser.type(" Nor does it move.")
            await browser.until(IS_SAVED)
            browser.kill()

    asyncio.run(before())
    page.stop(signal.SIGKILL)

    store = AnnotationStore(database)
    first, second = store.annotation("00000-0", "Ada"), store.annotation("00000-1", "Ada")
    assert first is not None
    assert second is not None
    (span,) = first.annotation.spans
    # The row says 4.5 to 7: 1.5 s later its end, half a second earlier its start, and 0.1 s back.
    assert span.end_s == pytest.approx(8.5, abs=0.05)
    assert span.start_s == pytest.approx(4.1, abs=0.05)
    assert first.annotation.decision == "accepted"
    assert second.annotation.decision == "open"
    assert second.annotation.refusal.endswith(" Nor does it move.")
    assert "Object/ObjectMoving" in second.annotation.categories
    store.close()

    again = running_page(*arguments, "--database", database)

    async def after() -> None:
        async with browser_in(tmp_path / "profile", dark=True) as browser:
            await browser.open(f"{again.url}?annotator=Ada")
            await browser.until(f"{ROW} === '00000-1' && {IS_SHOWN}")
            refusal = await browser.value_of("document.querySelector('#refusal').value")
            assert refusal == second.annotation.refusal
            assert await browser.value_of(
                "document.querySelector('[value=\"Object/ObjectMoving\"]').checked"
            )
            # Fields are as high as their texts.
            assert await browser.value_of(
                "['refusal', 'correction'].every(id => { const a = document.getElementById(id);"
                "return a.clientHeight > 30 && a.clientHeight >= a.scrollHeight - 1 })"
            )
            await keep_picture(browser, "annotate_dark.png")
            await browser.press("k")
            await browser.until(f"{ROW} === '00000-0'")
            written = await browser.value_of(
                "[...document.querySelectorAll('#span-rows input')].map(one => one.valueAsNumber)"
            )
            assert written == [span.start_s, span.end_s]
            decision = await browser.value_of("document.querySelector('#decision').textContent")
            assert decision == "Accepted, edited"

    asyncio.run(after())


def test_what_is_annotated_while_the_server_is_away_is_saved_when_it_is_back(
    running_page: Callable[..., Any],
    browser_in: BrowserIn,
    synth_set: Path,
    tmp_path: Path,
) -> None:
    arguments = (synth_set / "annotations.json", "--videos", synth_set)
    database = tmp_path / "a.sqlite"
    page = running_page(*arguments, "--database", database)

    async def talk() -> None:
        async with browser_in(tmp_path / "profile") as browser:
            await give_name(browser, page.url, "Ada")
            page.stop(signal.SIGKILL)
            await browser.press("e")
            await browser.type(" Again.")
            await browser.until("document.querySelector('#save-state').dataset.state === 'failed'")
            running_page(
                *arguments, "--database", database, port=urllib.parse.urlsplit(page.url).port
            )
            await browser.until(IS_SAVED)

    asyncio.run(talk())
    saved = AnnotationStore(database).annotation("00000-0", "Ada")
    assert saved is not None
    assert saved.annotation.text.endswith(" Again.")


def test_a_second_window_cannot_overwrite_the_first(
    running_page: Callable[..., Any],
    browser_in: BrowserIn,
    synth_set: Path,
    tmp_path: Path,
) -> None:
    database = tmp_path / "a.sqlite"
    page = running_page(
        synth_set / "annotations.json", "--videos", synth_set, "--database", database
    )

    async def talk() -> None:
        async with (
            browser_in(tmp_path / "one") as one,
            browser_in(tmp_path / "two") as two,
        ):
            await give_name(one, page.url, "Ada")
            await give_name(two, page.url, "Ada")
            await one.click("[name=relevant][value=no]")
            await one.until(IS_SAVED)
            await two.press("e")
            await two.type(" Lost.")
            await two.until("document.querySelector('#problem').textContent.includes('window')")
            assert await two.value_of("document.querySelector('[value=no]').checked")

    asyncio.run(talk())
    saved = AnnotationStore(database).annotation("00000-0", "Ada")
    assert saved is not None
    assert saved.annotation.relevant is False
    assert "Lost" not in saved.annotation.text


def test_a_video_that_browsers_do_not_know_is_shown_as_a_copy(
    running_page: Callable[..., Any],
    browser_in: BrowserIn,
    make_clip: Callable[..., Path],
    tmp_path: Path,
    isolated_cache: Path,
) -> None:
    make_clip("videos/old.avi", n_frames=60, fps=10, codec="mpeg4")
    query = Query(
        id="a", task=TASK, video="old.avi", text="stripes", relevant=True, record="a",
        spans=(Span(1.0, 9.0),), duration_s=6.0,
    )  # fmt: skip
    origin = Origin(source="mine", split="", licence="", citation="", redistributable=False)
    write_rows(tmp_path / "rows.jsonl", [Row(query=query, origin=origin)])
    page = running_page(tmp_path / "rows.jsonl", "--videos", tmp_path / "videos")

    async def talk() -> None:
        async with browser_in(tmp_path / "profile") as browser:
            await give_name(browser, page.url, "Ada")
            duration = await browser.value_of("document.querySelector('#video').duration")
            assert duration == pytest.approx(6.0, abs=0.11)
            # The span ends behind the video, which is said and never cut.
            note = await browser.value_of("document.querySelector('#span-note').textContent")
            assert "ends behind the video" in note
            inputs = await browser.value_of(
                "[...document.querySelectorAll('#span-rows input')].map(one => one.value)"
            )
            assert inputs == ["1.00", "9.00"]

    asyncio.run(talk())


def test_all_that_takes_the_focus_has_a_name(
    running_page: Callable[..., Any],
    browser_in: BrowserIn,
    synth_set: Path,
    tmp_path: Path,
) -> None:
    page = running_page(
        synth_set / "annotations.json", "--videos", synth_set, "--database", tmp_path / "a.sqlite"
    )

    async def talk() -> None:
        async with browser_in(tmp_path / "profile") as browser:
            await give_name(browser, page.url, "Ada")
            for key in ("j", "k"):
                await browser.press(key)
                await asyncio.sleep(0.5)
                assert await nameless(browser) == []
            slider = await browser.value_of(
                "(() => { const s = document.querySelector('.handle.to');"
                "return ['role', 'aria-valuenow', 'aria-valuemin', 'aria-valuemax', 'aria-label']"
                ".map(name => s.getAttribute(name)) })()"
            )
            assert slider == ["slider", "7", "4.55", "12", "End of span 1"]

    asyncio.run(talk())


async def nameless(browser: Any) -> list[Any]:
    """Return the focusable nodes of the accessibility tree that have no name."""
    tree = (await browser.call("Accessibility.getFullAXTree"))["nodes"]
    return [
        (node["role"]["value"], node.get("properties"))
        for node in tree
        if not node.get("ignored")
        and node["role"]["value"] not in ("RootWebArea", "Video")
        and any(
            one["name"] == "focusable" and one["value"].get("value")
            for one in node.get("properties", [])
        )
        and not node.get("name", {}).get("value")
    ]
