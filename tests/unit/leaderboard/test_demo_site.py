"""The site that `make demo` ends with, walked through in a real browser."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SITE = Path(os.environ.get("RARFT_SITE", ROOT / "runs" / "demo" / "site"))
READY = "document.documentElement.dataset.ready"
NAMES = "#board-table tbody .name a"
VIDEO = "document.querySelector('video')"

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").is_file(),
    reason="needs the demo's site: make demo, or RARFT_SITE names another folder",
)


def test_the_demo_is_sorted_filtered_opened_played_and_seeked(in_browser):
    async def act(browser):
        heard, asked = [], []

        def note():
            heard.extend(browser.complaints)
            asked.extend(browser.requests)

        await browser.open(f"{(SITE / 'index.html').as_uri()}#task=synth_hi", ready=READY)
        best = await browser.texts_of(NAMES)
        whole = await browser.value_of("document.querySelector('#board-table').innerText")
        await browser.open(
            f"{(SITE / 'index.html').as_uri()}#task=synth_hi&sort=-f1_avg", ready=READY
        )
        worst = await browser.texts_of(NAMES)
        note()
        await browser.press("/")
        await browser.type("rarft")
        await browser.until(f"document.querySelectorAll({NAMES!r}).length < {len(best)}")
        found = await browser.texts_of(NAMES)
        await browser.click(NAMES)
        await browser.until("location.pathname.endsWith('entry.html')")
        replies = "[...document.querySelectorAll('a')].find(a => a.text === 'Look at its replies')"
        await browser.until(f"!!{replies}")
        note()
        await browser.value_of(f"{replies}.click()")
        await browser.until(f"{VIDEO}.readyState >= 2 && !!document.querySelector('.lane-span')")
        await browser.press("p")
        await browser.until(f"!{VIDEO}.paused && {VIDEO}.currentTime > 0")
        await browser.press("p")
        await browser.until(f"{VIDEO}.paused")
        x, y, extent_s = await browser.value_of(
            "(() => { const t = document.querySelector('.timeline-track'); t.scrollIntoView();"
            "const b = t.getBoundingClientRect(); return [b.left + b.width / 2, b.top + 8,"
            " Number(t.getAttribute('aria-valuemax'))] })()"
        )
        await browser.mouse("mousePressed", x, y)
        await browser.mouse("mouseReleased", x, y)
        await browser.until(f"Math.abs({VIDEO}.currentTime - {extent_s} / 2) < 0.2")
        note()
        return best, whole, worst, found, heard, asked

    best, whole, worst, found, heard, asked = in_browser(act)
    assert all(name in whole for name in ("blind", "always ground", "always refuse"))
    assert best.index("tiny_rarft") < best.index("tiny_base")
    assert worst.index("tiny_rarft") > worst.index("tiny_base")
    assert found == ["tiny_rarft"]
    assert heard == []
    assert {one.partition(":")[0] for one in asked} <= {"file", "data"}
