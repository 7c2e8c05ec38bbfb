"""Each page of a row, a pair or a sample: axe-core, a phone's width, both themes, http."""

PAGES = {
    "entry.html": "#id=one",
    "compare.html": "#a=one&b=two",
    "sample.html": "#task=synth_hi&query=1-1",
}
OPEN_DETAILS = "document.querySelectorAll('details').forEach(d => { d.open = true })"
READY = "!!document.querySelector('main h1') && !document.querySelector('main[aria-busy]')"


def test_axe_finds_nothing_serious_in_either_theme_and_a_phone_shows_the_whole_width(
    small_site, in_browser, axe
):
    site = small_site()

    async def look(browser, page, theme, size):
        await browser.use_theme(theme)
        await browser.resize(*size)
        await browser.open(f"{(site / page).as_uri()}{PAGES[page]}", ready=READY)
        await browser.value_of(OPEN_DETAILS)
        found = [*browser.complaints, *await browser.violations(axe)]
        wide = await browser.value_of("document.documentElement.scrollWidth")
        return [*found, *([f"{wide} pixels wide"] if wide > size[0] else [])]

    async def act(browser):
        return {
            (page, theme, size): await look(browser, page, theme, size)
            for page in PAGES
            for theme in ("light", "dark")
            for size in ((1440, 1000), (375, 812))
        }

    assert not {view: found for view, found in in_browser(act).items() if found}


def test_pages_work_from_a_host_below_a_path(small_site, in_browser, served):
    site = small_site()
    root = served(site.parent)

    async def act(browser):
        found = []
        for page in PAGES:
            await browser.open(f"{root}{site.name}/{page}{PAGES[page]}", ready=READY)
            found += browser.complaints
            found += [one for one in browser.requests if not one.startswith((root, "data:"))]
        return found

    assert in_browser(act) == []
