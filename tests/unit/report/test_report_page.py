import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from rarft.harness.errors import UserError
from rarft.harness.report import RunView, write_page
from rarft.harness.report.schema import Results, Sample

VOID = {"meta", "input", "link", "br", "img", "hr"}


class Page(HTMLParser):
    """Collects the elements of a page and fails on tags that do not match."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def written(runs, tmp_path, **options):
    path = tmp_path / "report.html"
    write_page(runs, path, **options)
    return path.read_text(encoding="utf-8")


def parsed(html):
    page = Page()
    page.feed(html)
    page.close()
    assert not page.open
    return page


def with_first_sample(view, **changes):
    (task, samples), *_ = view.samples.items()
    first = samples[0].model_copy(update=changes)
    return RunView(view.name, view.results, {task: (first, *samples[1:])})


@pytest.fixture
def two_runs(build_view):
    tasks = ("hi_activitynet", "vtg_activitynet")
    return [
        build_view(n=24, tasks=tasks),
        build_view(n=24, tasks=tasks, name="time_r1", status=None, skill=0.9, seed=1),
    ]


def test_page_is_well_formed_with_unique_ids(two_runs, tmp_path):
    page = parsed(written(two_runs, tmp_path))
    assert len(page.ids) == len(set(page.ids))
    targets = {one["href"][1:] for one in page.all("a")}
    assert targets <= set(page.ids)


def test_page_loads_nothing_from_elsewhere(two_runs, tmp_path):
    html = written(two_runs, tmp_path)
    page = parsed(html)
    assert not {"link", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
    assert not any("src" in attrs for _, attrs in page.elements)
    assert not re.search(r"https?://|url\(|@import", html)


def test_every_event_handler_is_in_the_pages_own_script(two_runs, tmp_path):
    html = written(two_runs, tmp_path)
    page = parsed(html)
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(one for one in page.all("meta") if "http-equiv" in one)["content"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


HOSTILE = '</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>"\' onclick="x'


@pytest.mark.parametrize(
    "field", ["reply", "text", "video", "refusal", "relevant_query", "failure", "level", "query_id"]
)
def test_a_hostile_text_is_inert(build_view, tmp_path, field):
    view = with_first_sample(build_view(n=6), **{field: HOSTILE})
    html = written([view], tmp_path)
    page = parsed(html)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)


def test_hostile_names_and_provenance_are_inert(build, tmp_path):
    record, samples = build(n=4, name=HOSTILE, status=HOSTILE, tasks=(HOSTILE,))
    record["load_reports"] = {HOSTILE: {"quirks": {HOSTILE: HOSTILE}}}
    record["provenance"]["engine"] = {HOSTILE: HOSTILE}
    rows = tuple(Sample.model_validate(row) for row in samples[HOSTILE])
    view = RunView("run", Results.model_validate(record), {HOSTILE: rows})
    page = parsed(written([view], tmp_path))
    assert len(page.all("script")) == 1
    assert not page.all("img")


def test_a_megabyte_reply_is_cut_with_a_note(build_view, tmp_path):
    view = with_first_sample(build_view(n=2), reply="x" * 1_000_000)
    html = written([view], tmp_path)
    assert "The first 2,000 of 1,000,000 characters." in html
    assert len(html) < 200_000


def test_a_binary_reply_with_lone_surrogates_is_written(build_view, tmp_path):
    view = with_first_sample(build_view(n=2), reply="\x00\ud800\x1b[31m\u202eabc", video="\udcff")
    html = written([view], tmp_path)
    assert "Binary content" in html
    assert "\x00" not in html
    assert "\u202e" not in html


def test_same_runs_give_the_same_bytes(two_runs, tmp_path):
    assert written(two_runs, tmp_path) == written(two_runs, tmp_path)


def test_untrained_stands_wherever_the_name_does(two_runs, tmp_path):
    html = re.sub(r"<pre>.*?</pre>", "", written(two_runs, tmp_path), flags=re.DOTALL)
    assert html.count("tiny") == html.count("tiny (untrained)") > 5


def test_runs_of_the_same_model_are_told_apart_by_directory(build_view, tmp_path):
    first, second = build_view(n=4), build_view(n=4, seed=2)
    second = RunView("again", second.results, second.samples)
    assert "tiny (untrained), again" in written([first, second], tmp_path)


def test_one_entry_holds_the_replies_of_every_run(two_runs, tmp_path):
    page = parsed(written(two_runs, tmp_path))
    entries = [one for one in page.all("details") if one.get("class") == "entry"]
    assert len(entries) == 48
    assert all(re.fullmatch(r"0:\w+ 1:\w+", one["data-outcome"]) for one in entries)


def test_browser_is_limited_per_task(two_runs, tmp_path):
    html = written(two_runs, tmp_path, max_samples=5)
    assert html.count('class="entry"') == 10
    assert "10 of 48 queries" in html


def test_page_without_samples_says_so(build_view, tmp_path):
    view = build_view(n=8)
    for samples in ({}, {"synth_hi": ()}):
        html = written([RunView("run", view.results, samples)], tmp_path)
        parsed(html)
        assert "No samples are stored beside the results." in html
        assert "Predicted against true" not in html


def test_one_class_task_shows_dashes_and_no_categories(build_view, tmp_path):
    html = written([build_view(n=8, tasks=("vtg_charades",))], tmp_path)
    parsed(html)
    assert '<td class="num na">–</td>' in html
    assert "blind: not applicable, every query is relevant." in html
    assert "<h3>Categories</h3>" not in html


def test_left_out_queries_are_marked_on_the_page(build, tmp_path):
    record, _ = build(n=8)
    record["results"]["synth_hi"]["n_failed,none"] = 2
    html = written([RunView("run", Results.model_validate(record))], tmp_path)
    assert "0 missing and 2 failed of 8 queries are left out" in html
    assert html.count("†") > 9


def test_failed_and_missing_samples_are_shown(build_view, tmp_path):
    gone = {"prediction": None, "reply": None, "iou": None, "ra_iou": None}
    failed = with_first_sample(build_view(n=4), status="failed", failure="no frames", **gone)
    html = written([failed], tmp_path)
    parsed(html)
    assert "failed request" in html
    assert "no frames" in html
    assert "no stored reply" in written(
        [with_first_sample(build_view(n=4), status="missing", **gone)], tmp_path
    )


def test_a_structured_answer_is_not_an_empty_reply(build_view, tmp_path):
    grounded = {"kind": "grounded", "spans": ((1.0, 2.0),)}
    view = build_view(n=2)
    (first, _) = view.samples["synth_hi"]
    prediction = first.prediction.model_copy(update=grounded) if first.prediction else None
    html = written([with_first_sample(view, reply="", prediction=prediction)], tmp_path)
    assert "A structured answer without text." in html


def test_a_task_without_a_load_report_makes_a_page(build, tmp_path):
    record, _ = build(n=2)
    record["load_reports"] = {"synth_hi": None}
    parsed(written([RunView("run", Results.model_validate(record))], tmp_path))


def test_results_without_floors_levels_or_provenance_make_a_page(tmp_path):
    record = {"schema_version": 1, "model": {"name": "bare"}, "results": {"t": {}}}
    html = written([RunView("run", Results.model_validate(record))], tmp_path)
    parsed(html)
    assert "bare" in html


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(UserError, match="got no run"):
        write_page([], tmp_path / "report.html")


def test_a_page_that_cannot_be_written_is_told_in_one_line(build_view, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written") as caught:
        write_page([build_view(n=2)], tmp_path / "file" / "report.html")
    assert "\n" not in str(caught.value)


def test_controls_are_labelled_and_reached_by_keyboard(two_runs, tmp_path):
    html = written(two_runs, tmp_path)
    page = parsed(html)
    assert len(page.all("select")) == 6
    assert html.count("<label") == len(page.all("select")) + len(page.all("input"))
    regions = [attrs for _, attrs in page.elements if attrs.get("role") == "region"]
    assert regions
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in page.all("svg"))


def channel(value):
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour):
    red, green, blue = (channel(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes(html):
    blocks = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    light, changed = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks)
    return {"light": light, "dark": light | changed}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_meets_wcag_aa_on_every_ground(build_view, tmp_path, theme):
    colours = themes(written([build_view(n=2)], tmp_path))[theme]
    for ground in ("bg", "panel", "soft"):
        for ink in ("fg", "muted", "accent", "warn"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert contrast(colours["edge"], colours[ground]) >= 3, ground
