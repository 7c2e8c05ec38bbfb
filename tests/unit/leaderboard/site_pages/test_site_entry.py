"""The page of one row, in a real browser."""

READY = "!!document.querySelector('main h1')"


def test_an_entry_shows_figures_slices_counts_provenance_and_what_was_verified(
    small_site, in_browser
):
    site = small_site()

    async def act(browser):
        await browser.open(f"{(site / 'entry.html').as_uri()}#id=one", ready=READY)
        headings = await browser.texts_of("h1, h2")
        rows = await browser.value_of(
            "[...document.querySelectorAll('tr')]"
            ".map(r => [...r.children].map(c => c.textContent).join('|'))"
        )
        links = await browser.value_of(
            "[...document.querySelectorAll('main a')]"
            ".map(a => [a.textContent, a.getAttribute('href'), a.rel])"
        )
        charts = await browser.value_of(
            "[...document.querySelectorAll('svg.chart')].map(s => s.getAttribute('aria-label'))"
        )
        pre = await browser.texts_of("pre.prompt")
        return headings, rows, links, charts, pre, browser.complaints

    headings, rows, links, charts, pre, complaints = in_browser(act)
    assert headings == [
        "model one",
        "Figures",
        "Verification",
        "Prompts",
        "Provenance",
        "Downloads",
    ]
    assert "F1 avg.|62.5|55.0 to 70.0|1 (groups 1–2)|" in rows
    assert any(row.startswith("F1 irre.|50.0|") and "Table 1" in row for row in rows)
    assert "Unparsed|1" in rows
    assert "Unscored: similarity|2" in rows
    assert "rows|synth_hi|passed|the digest is the verifier's" in rows
    assert "judges.similarity.judge|sbert" in rows
    assert pre == ["Find the moment of: {query}"]
    assert [one.split(",")[0] for one in charts[:3]] == [
        "F1 irre. by level", "F1 irre. by group", "F1 irre. by category"]  # fmt: skip
    named = {text: (href, rel) for text, href, rel in links}
    assert named["Its page"][0] == "https://example.org/one"
    assert "noopener" in named["Its page"][1]
    assert named["This page's data"][0] == "data/entries/one.json"
    assert complaints == []


def test_a_row_that_is_not_there_is_said_not_to_be_there(small_site, in_browser):
    site = small_site()

    async def act(browser):
        found = {}
        for asked in ("#id=nobody", "", "#id=__proto__", "#id=../board"):
            await browser.open(f"{(site / 'entry.html').as_uri()}{asked}", ready=READY)
            found[asked] = await browser.texts_of("main li"), browser.complaints[:]
        return found

    names = ["model one", "model two", "model paper-three"]
    assert all(told == (names, []) for told in in_browser(act).values())


def test_data_that_is_missing_is_told_in_one_line(small_site, in_browser):
    site = small_site()
    (site / "data" / "entries" / "one.js").unlink()

    async def act(browser):
        await browser.open(
            f"{(site / 'entry.html').as_uri()}#id=one",
            ready="!!document.querySelector('[role=alert]')",
        )
        return await browser.texts_of("[role=alert]")

    assert in_browser(act) == ["data/entries/one.js is not there"]


def test_the_link_to_the_content_leaves_the_address_alone(small_site, in_browser):
    site = small_site()

    async def act(browser):
        await browser.open(f"{(site / 'entry.html').as_uri()}#id=one", ready=READY)
        await browser.value_of("document.querySelector('.skip').click()")
        return await browser.value_of("[location.hash, document.activeElement.id]")

    assert in_browser(act) == ["#id=one", "main"]
