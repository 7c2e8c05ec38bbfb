"""Two rows beside each other, in a real browser."""

READY = "!!document.querySelector('main h1')"
ROWS = (
    "[...document.querySelectorAll('tr')]"
    ".map(r => [...r.children].map(c => c.textContent).join('|'))"
)


def test_a_comparison_tells_settings_differences_and_queries(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(f"{(site / 'compare.html').as_uri()}#a=one&b=two", ready=READY)
        rows = await browser.value_of(ROWS)
        links = await browser.value_of(
            "[...document.querySelectorAll('.places a')].map(a => a.getAttribute('href'))"
        )
        await browser.click(".places a")
        await browser.until("!!document.querySelector('.answers .answer')")
        shown = await browser.value_of(
            "[document.querySelector('.about-query').textContent,"
            " document.querySelectorAll('.answer').length]"
        )
        return rows, links, shown, browser.complaints

    rows, links, shown, complaints = in_browser(act)
    assert "settings.model_args|dtype=one|dtype=two" in rows
    assert "F1 avg.|60.0|40.0|+20.0|+10.0 to +30.0|< 0.001|A is better" in rows
    assert "RA-IoU mIoU|50.0|49.0|+1.0|\u221210.0 to +12.0|1.000|cannot be told apart" in rows
    assert any(row.startswith("thresholds AURC|") and row.endswith("|–|not tested") for row in rows)
    assert "Action/FineGrainedAction|60.0|40.0|+20.0|+10.0 to +30.0|< 0.001|A is better" in rows
    assert "sbert|other judges" in rows
    assert links == [f"sample.html#task=synth_hi&entries=one,two&place={n}" for n in (1, 3, 5)]
    assert shown[0].endswith("0-1")
    assert shown[1] == 3
    assert complaints == []


def test_rows_named_the_other_way_round_change_every_sign(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(f"{(site / 'compare.html').as_uri()}#a=two&b=one", ready=READY)
        return await browser.value_of(ROWS), await browser.texts_of("h4")

    rows, headings = in_browser(act)
    assert "F1 avg.|40.0|60.0|\u221220.0|\u221230.0 to \u221210.0|< 0.001|B is better" in rows
    assert headings == ["A alone is right (1)", "B alone is right (2)"]


def test_only_pairs_that_exist_can_be_chosen_and_the_page_says_why(small_site, in_browser):
    def edit(records):
        records["board"]["compare"] = {"all": False, "pairs": [["one", "two"]]}
        third = {**records["board"]["entries"][0], "id": "far", "name": "model far"}
        records["board"]["entries"].append(third)

    site = small_site(edit)

    async def act(browser):
        await browser.open((site / "compare.html").as_uri(), ready=READY)
        return await browser.texts_of("#a option, #b option"), await browser.texts_of(".note")

    options, notes = in_browser(act)
    assert options == ["model one: Title of one", "model two: Title of two",
                       "model two: Title of two"]  # fmt: skip
    assert any("next to each other in rank" in note for note in notes)


def test_rows_under_other_conditions_are_said_not_to_be_compared(small_site, in_browser):
    def edit(records):
        records["compare:one:two"]["tasks"] = {
            "synth_hi": {"not_comparable": {"all": "scored by the policies paper and strict"}}
        }

    site = small_site(edit)

    async def act(browser):
        await browser.open((site / "compare.html").as_uri(), ready=READY)
        return await browser.texts_of("section p")

    assert "Not compared: scored by the policies paper and strict." in in_browser(act)
