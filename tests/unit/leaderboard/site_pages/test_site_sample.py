"""The sample viewer: filters, the address, the video with its timeline, in a real browser."""

from pathlib import Path
from typing import Any

import pytest

READY = "!!document.querySelector('.answers .answer')"
HEADING = "document.querySelector('.query-title h2').textContent"
N_SHOWN = "document.querySelector('.n-shown').textContent"
NOW = "Math.round(document.querySelector('video').currentTime * 10) / 10"


def address(site: Path, state: str = "") -> str:
    return f"{(site / 'sample.html').as_uri()}#task=synth_hi{state}"


FILTERED = {
    "": 8,
    "&outcome=wrong_grounding": 1,
    "&outcome=wrong_grounding&level=moderate&category=Attribute/Counting": 1,
    "&outcome=wrong_grounding&level=strong": 0,
    "&outcome=wrong_refusal": 1,
    "&outcome=unparsed": 1,
    "&outcome=unparsed&of=two": 0,
    "&outcome=right_refusal&of=each": 1,
    "&outcome=no_reply": 1,
    "&outcome=unscored": 5,
    "&disagree=1": 3,
    "&category=Action": 2,
    "&relevant=true": 4,
    "&q=KNOW+blue": 1,
    "&entries=one&disagree=1": 0,
    "&level=__proto__&category=constructor&outcome=toString": 0,
}


def test_filters_of_the_address_choose_the_queries(small_site, in_browser):
    site = small_site()

    async def act(browser):
        found = {}
        for state in FILTERED:
            await browser.open(address(site, state), ready=f"/quer/.test({N_SHOWN})")
            text = await browser.value_of(N_SHOWN)
            found[state] = int(text.split()[0])
            assert browser.complaints == []
        return found

    assert in_browser(act) == FILTERED


def test_the_choices_are_kept_in_the_address_and_keys_go_on_and_back(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(address(site), ready=READY)
        await browser.value_of(
            "(() => { const s = document.querySelector('[name=level]'); s.value = 'strong';"
            "s.dispatchEvent(new Event('change')) })()"
        )
        await browser.until(f"{N_SHOWN} === '2 of 8 queries'")
        first = await browser.value_of(HEADING)
        await browser.press("j")
        await browser.until(f"{HEADING} !== {first!r}")
        second, kept = await browser.value_of(f"[{HEADING}, location.hash]")
        await browser.press("j")
        await browser.press("k")
        await browser.until(f"{HEADING} === {first!r}")
        await browser.open(f"{(site / 'sample.html').as_uri()}{kept}", ready=READY)
        return first, second, await browser.value_of(HEADING), browser.complaints

    first, second, again, complaints = in_browser(act)
    assert first == "A blue square moves left, scene 0."
    assert second == again == "A blue square moves left, scene 3."
    assert complaints == []


def test_the_timeline_seeks_the_video_by_click_drag_and_keys(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(
            address(site, "&query=0-0"),
            ready="document.querySelector('video').readyState >= 2"
            " && !!document.querySelector('.lane-span')",
        )
        times: dict[str, Any] = {"start": await browser.value_of(NOW)}
        box = await browser.value_of(
            "(() => { const t = document.querySelector('.timeline-track'); t.scrollIntoView();"
            "const b = t.getBoundingClientRect(); return [b.left, b.top + 8, b.width,"
            " Number(t.getAttribute('aria-valuemax'))] })()"
        )
        left, top, width, extent_s = box
        times["extent"] = extent_s
        await browser.mouse("mousePressed", left + width / 2, top)
        times["click"] = await browser.until(f"{NOW} > 2.5 && {NOW}")
        for share in (0.6, 0.7, 0.75):
            await browser.mouse("mouseMoved", left + width * share, top)
        await browser.mouse("mouseReleased", left + width * 0.75, top)
        times["drag"] = await browser.until(f"{NOW} > {extent_s * 0.7} && {NOW}")
        await browser.press("Home")
        times["home"] = await browser.until(f"{NOW} === 0 && 'zero'")
        await browser.press("ArrowRight")
        times["right"] = await browser.until(f"{NOW} > 0 && {NOW}")
        times["value"] = await browser.value_of(
            "document.querySelector('.timeline-track').getAttribute('aria-valuetext')"
        )
        await browser.click(".reference .span-button")
        await browser.until("!document.querySelector('video').paused")
        await browser.until("document.querySelector('video').paused")
        times["span"] = await browser.value_of(NOW)
        return times, browser.complaints, browser.requests

    times, complaints, requests = in_browser(act)
    assert times["start"] == 2.0
    assert times["click"] == pytest.approx(times["extent"] / 2, abs=0.15)
    assert times["drag"] == pytest.approx(times["extent"] * 0.75, abs=0.15)
    assert times["right"] == 0.5
    assert times["value"].startswith("0.5 of ")
    assert times["span"] == pytest.approx(5.0, abs=0.3)
    assert complaints == []
    assert {one.partition(":")[0] for one in requests} <= {"file", "data"}


def test_lanes_hold_the_reference_and_each_entry_with_a_pattern_of_its_own(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(address(site, "&query=0-0"), ready=READY)
        return await browser.value_of(
            "[...document.querySelectorAll('.lane')].map(l => [l.querySelector('b').textContent,"
            " getComputedStyle(l.querySelector('.lane-span')).backgroundImage.slice(0, 26)])"
        )

    lanes = in_browser(act)
    assert [name for name, _ in lanes] == ["Reference", "A model one", "B model two"]
    assert len({pattern for _, pattern in lanes}) == 3


def test_videos_of_a_folder_that_the_user_picks_are_found_by_their_base_name(
    small_site, in_browser, synth_videos
):
    site = small_site(lambda records: [
        one.pop("file") for one in records["queries:synth_hi:0"]["queries"]
    ])  # fmt: skip

    async def act(browser):
        await browser.open(address(site, "&query=0-0"), ready=READY)
        note = await browser.value_of("document.querySelector('.video-note').textContent")
        root = await browser.call("DOM.getDocument")
        found = await browser.call(
            "DOM.querySelector", nodeId=root["root"]["nodeId"], selector="#folder"
        )
        await browser.call(
            "DOM.setFileInputFiles", nodeId=found["nodeId"], files=[str(synth_videos[0].parent)]
        )
        await browser.until("document.querySelector('video').readyState >= 2")
        at = await browser.value_of(f"[{NOW}, document.querySelector('video').currentSrc]")
        return note, at, browser.complaints

    note, (now_s, source), complaints = in_browser(act)
    assert synth_videos[0].name in note
    assert now_s == 2.0
    assert source.startswith("blob:")
    assert complaints == []


def test_texts_that_the_licence_keeps_are_said_to_be_kept(small_site, in_browser):
    def edit(records):
        records["board"]["tasks"][0]["texts"] = False
        for one in records["queries:synth_hi:0"]["queries"]:
            for key in ("text", "spans", "refusal", "relevant_query"):
                one.pop(key, None)

    site = small_site(edit)

    async def act(browser):
        await browser.open(address(site, "&query=0-1"), ready=READY)
        return await browser.texts_of(".reference .part"), await browser.value_of(HEADING)

    parts, heading = in_browser(act)
    assert heading == "Query 0-1"
    assert any("licence" in part for part in parts)


def test_the_reply_its_judgements_and_the_correction_stand_beside_the_reference(
    small_site, in_browser
):
    site = small_site()

    async def act(browser):
        await browser.open(address(site, "&query=1-1"), ready=READY)
        tops = await browser.value_of(
            "[...document.querySelectorAll('.answer')].map(a => [...a.querySelectorAll('.part')]"
            ".map(p => Math.round(p.getBoundingClientRect().top)))"
        )
        return tops, await browser.texts_of(".answer .part"), await browser.texts_of("mark")

    tops, parts, marks = in_browser(act)
    assert tops[0][1:3] == tops[1][1:3] == tops[2][1:3]
    assert "Reference refusalThe square is red, not blue, scene 1." in parts
    assert "ExplanationThere is no blue square." in parts
    assert any("unscored: no answer" in part for part in parts)
    assert "Reply<answer>No blue square.</answer>" in parts
    assert marks == ["red", "green", ""] or {"red", "green"} <= set(marks)


def test_a_query_that_is_chosen_keeps_the_focus_and_is_told(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(address(site), ready=READY)
        await browser.value_of("document.querySelectorAll('.query')[3].focus()")
        await browser.press("Enter")
        await browser.until("document.querySelectorAll('.query')[3].ariaCurrent === 'true'")
        focused = await browser.value_of("document.activeElement.ariaCurrent")
        await browser.until("document.getElementById('announcement').textContent !== ''")
        return focused, await browser.texts_of("#announcement")

    assert in_browser(act) == ("true", ["4 of 8: A blue square moves left, scene 1."])


def test_without_a_video_the_timeline_still_tells_the_time(small_site, in_browser):
    site = small_site(lambda records: [
        one.pop("file") for one in records["queries:synth_hi:0"]["queries"]
    ])  # fmt: skip

    async def act(browser):
        await browser.open(address(site, "&query=0-0"), ready=READY)
        await browser.value_of("document.querySelector('.timeline-track').focus()")
        await browser.press("ArrowRight")
        return await browser.texts_of(".clock"), browser.complaints

    assert in_browser(act) == (["2.5 of 12 s"], [])
