"""Data that attacks the pages: an entry that got through every check executes nothing."""

import json

PAGES = {
    "index.html": "",
    "entry.html": "#id=one",
    "compare.html": "#a=one&b=two",
    "sample.html": "#task=synth_hi&query=1-1",
}
STRUCTURE = {
    "id", "kind", "tier", "a", "b", "unit", "key", "name", "task", "query_id", "status", "level",
    "levels", "members", "compared", "entries", "outcome", "pairs",
}  # fmt: skip
"""Keys by which records find each other, kept in the test where pages must still be drawn."""
ATTACKS = (
    "<img src=x onerror=\"window.ran('img')\">",
    "</script><script>window.ran('script')</script>",
    "javascript:window.ran('address')",
    "\u2028window.ran('line')\u2029//",
    "${window.ran('template')}`${alert(1)}`{{constructor.constructor('ran()')()}}",
    "\"><svg onload=window.ran('svg')><iframe srcdoc='<script>parent.ran()</script>'>",
    "\u202e\u2066gnorw si siht\u202e right-to-left override",
    "W" * 3000,
    "data:text/html,<script>window.ran('data')</script>",
    "//elsewhere.invalid/beacon.png",
    "https://elsewhere.invalid/\" onmouseover=\"window.ran('attribute')",
    "__proto__",
    '=HYPERLINK("https://elsewhere.invalid")',
    "' style='background:url(https://elsewhere.invalid/style)",
)
WATCH = """
window.hits = [];
window.ran = (what) => window.hits.push(what || 'ran');
for (const name of ['alert', 'confirm', 'prompt', 'open', 'eval']) {
  window[name] = () => window.hits.push(name);
}
document.addEventListener('securitypolicyviolation', (event) => {
  window.hits.push(`policy ${event.violatedDirective}`);
});
"""
SHOWN = "document.querySelector('main').textContent.includes('<img src=x onerror=')"
DRAWN = "document.querySelectorAll('main *').length > 0"
USE = """
(async () => {
  const every = (selector) => [...document.querySelectorAll(selector)];
  const pause = () => new Promise((done) => setTimeout(done, 30));
  every('details').forEach((one) => { one.open = true; });
  for (const one of every('main button').slice(0, 40)) { one.click(); await pause(); }
  for (const one of every('main a')) {
    one.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
    if (one.hasAttribute('href') && !/^(https|file):/.test(one.href)) window.hits.push(one.href);
  }
  for (const one of every('*')) {
    for (const { name } of one.attributes) if (/^on|^srcdoc$/.test(name)) window.hits.push(name);
  }
  const foreign = 'main :is(script, iframe, img, object, embed, base, link, meta)';
  for (const one of every(foreign)) window.hits.push(one.tagName);
  await pause();
  return window.hits;
})()
"""


class Attacker:
    """Puts one attack after the other in the place of texts."""

    def __init__(self, kept: frozenset[str]) -> None:
        self.kept = kept
        self.number = 0

    def text(self) -> str:
        self.number += 1
        return ATTACKS[self.number % len(ATTACKS)]

    def attacked(self, value: object, key: str = "") -> object:
        if key in self.kept:
            return value
        if isinstance(value, str):
            return self.text()
        if isinstance(value, list):
            return [self.attacked(one, key) for one in value]
        if isinstance(value, dict):
            return {name: self.attacked(one, name) for name, one in value.items()}
        return value


def attack_texts(records: dict) -> None:
    attacker = Attacker(frozenset(STRUCTURE))
    categories = [f"Action/{attacker.text()}" for _ in ATTACKS]
    for key in records:
        records[key] = attacker.attacked(records[key])
    for row in records["board"]["entries"]:
        row["name"] = f"{ATTACKS[0]} {attacker.text()}"
    for row in records["queries:synth_hi:0"]["queries"]:
        row["categories"] = categories[:3]
    records["board"]["tasks"][0]["categories"] = categories
    for name in ("one", "two"):
        entry = records[f"entry:{name}"]
        entry["provenance"] |= {attack: {attack: attack} for attack in ATTACKS}
        entry["provenance"]["prompts"] |= {attack: {"text": attack} for attack in ATTACKS}
        for one in categories:
            entry["tasks"]["synth_hi"]["figures"][f"f1_irrelevant/{one}"] = {"value": 0.5}
        for sample in records[f"samples:{name}:synth_hi:0"]["samples"]:
            sample["judgements"] = {one: {"judge": one, "reason": one} for one in ATTACKS}
    told = records["compare:one:two"]["tasks"]["synth_hi"]
    told["not_comparable"] = {one: one for one in ATTACKS}
    for one in categories:
        told["figures"][f"f1_irrelevant/{one}"] = {"a": 0.5, "b": 0.4, "difference": 0.1}


def attack_everything(records: dict) -> None:
    attacker = Attacker(frozenset())
    for key in records:
        records[key] = attacker.attacked(records[key])


async def watched(browser, site, page: str, ready: str) -> dict:
    """Open a page, use all that it has, and return what went wrong."""
    await browser.open(f"{(site / page).as_uri()}{PAGES[page]}", ready=ready)
    hits = await browser.value_of(USE)
    # The marks on Chromium's own video controls are data: images.
    outward = [one for one in browser.requests if not one.startswith(("file://", "data:image/"))]
    return {"hits": hits, "outward": outward} if hits or outward else {}


def test_texts_that_attack_are_shown_as_text_on_every_page(small_site, in_browser):
    site = small_site(attack_texts)

    async def act(browser):
        await browser.resize(375, 812)
        await browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        found = {}
        for page in PAGES:
            found[page] = await watched(browser, site, page, SHOWN)
            found[page] |= {"complaints": browser.complaints[:]} if browser.complaints else {}
            problems = await browser.texts_of("main .problem")
            found[page] |= {"problems": problems} if problems else {}
            wide = await browser.value_of("document.documentElement.scrollWidth")
            # The board's own table is told apart by the board's tests.
            found[page] |= {"wide": wide} if wide > 375 and page != "index.html" else {}
        return found

    assert in_browser(act) == {page: {} for page in PAGES}


def test_records_whose_every_string_attacks_execute_nothing(small_site, in_browser):
    site = small_site(attack_everything)

    async def act(browser):
        await browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        return {page: await watched(browser, site, page, DRAWN) for page in PAGES}

    assert in_browser(act) == {page: {} for page in PAGES}


def test_pages_that_parsed_their_texts_as_markup_would_be_caught(small_site, in_browser):
    site = small_site(attack_texts)
    script = site / "assets" / "js" / "dom.js"
    made = "document.createTextNode(String(child))"
    assert made in script.read_text()
    parsed = "document.createRange().createContextualFragment(String(child))"
    script.write_text(script.read_text().replace(made, parsed))

    async def act(browser):
        await browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        return await watched(browser, site, "entry.html", DRAWN)

    assert in_browser(act)["hits"]


def test_strings_never_end_the_call_of_a_data_file(small_site):
    site = small_site(attack_texts)
    for path in (site / "data").rglob("*.js"):
        text = path.read_text("utf-8")
        call = text.removeprefix("rarft.receive(").rstrip().removesuffix(");")
        key, _, value = call.partition(",")
        assert json.loads(key)
        assert json.loads(value)
        assert not set("<>&\u2028\u2029") & set(text)
