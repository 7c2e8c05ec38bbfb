import html.parser

import pytest

from rarft.harness.audit.audit_files import audit_record
from rarft.harness.audit.benchmark import AuditedTask, audit_benchmark
from rarft.harness.audit.page import write_audit_page
from rarft.harness.types import Span

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{ 7 * 7 }}\u202e\x00"
VOID = {"meta", "br", "img"}


class Reader(html.parser.HTMLParser):
    """Collects what a browser would run or fetch, and checks that tags are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], set(), []
        self.attributes = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


@pytest.fixture
def page(tmp_path):
    def write(tasks, name="audit.html"):
        audits = audit_benchmark(
            [AuditedTask(name=each, queries=tuple(own)) for each, own in tasks.items()],
            n_resamples=20,
        )
        record = audit_record(audits, seed=0, n_resamples=20, limit=0.5)
        write_audit_page(audits, record, tmp_path / name)
        return tmp_path / name

    return write


def hostile(asked):
    return [
        asked(
            f"{HOSTILE}{i}",
            f"{HOSTILE} {'no' if i % 2 else ''}",
            i % 2 == 0,
            video=f"{HOSTILE}{i % 4}",
            refusal=f"{HOSTILE} a man runs here </answer>" if i % 2 else "",
            relevant_query="a man runs here",
            categories=("Attribute/Counting",) if i % 2 else (),
            level="strong" if i % 2 else "original",
            spans=(Span(0.0, 9.0),) if i % 2 == 0 else (),
            duration_s=5.0,
        )
        for i in range(24)
    ]


def test_nothing_of_an_annotation_is_run_or_fetched(asked, page):
    reader = read(page({HOSTILE: hostile(asked)}))
    assert not reader.tags & {"script", "img", "iframe", "object", "link"}
    assert not {name for name in reader.attributes if name.startswith("on")}
    text = "".join(reader.text)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text.replace(HOSTILE, "")


def test_the_page_allows_no_script_and_no_request(asked, page):
    content = page({"t": hostile(asked)}).read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'" in content
    assert "http://" not in content
    assert "https://" not in content
    assert "prefers-color-scheme: dark" in content


def test_every_finding_and_plot_is_on_the_page(asked, swapped, page):
    reader = read(
        page(
            {"swapped": swapped, "t": hostile(asked), "one": [asked("1", spans=(Span(0.0, 1.0),))]}
        )
    )
    text = "".join(reader.text)
    for shown in (
        "negatives_are_other_videos_positives", "ROC curve", "Guessability", "Categories",
        "Across tasks", "all others", "not applicable", "No finding.", "limit 0.5",
        "refusal_contains_instructions", "span_past_end",
    ):  # fmt: skip
        assert shown in text, shown
    assert {"svg", "polyline", "rect"} <= reader.tags


def test_one_task_has_no_matrix(swapped, page):
    assert "Across tasks" not in page({"swapped": swapped}).read_text()


def test_the_same_audit_gives_the_same_page(asked, swapped, page):
    tasks = {"swapped": swapped, "t": hostile(asked)}
    assert page(tasks, "a.html").read_bytes() == page(tasks, "b.html").read_bytes()


def test_runs_and_replaced_videos_are_on_the_page(swapped, tmp_path):
    audits = audit_benchmark([AuditedTask(name="s", queries=swapped)], n_resamples=20)
    record = audit_record(audits, seed=0, n_resamples=20, limit=None)
    figure = {"shown": 0.8, "replaced": 0.612, "kept": 0.765}
    keys = ("f1_avg", "f1_relevant", "f1_irrelevant", "ra_miou", "miou_relevant")
    record["tasks"]["s"]["replaced_video"] = [
        {"model": HOSTILE, "video_input": "black", "figures": dict.fromkeys(keys, figure)}
    ]
    record["tasks"]["s"]["runs"] = [
        {"run": HOSTILE, "model": "m", "video_input": "shown", "f1_avg": 0.123}
    ]
    write_audit_page(audits, record, tmp_path / "audit.html")
    text = "".join(read(tmp_path / "audit.html").text)
    for shown in ("61.2", "76.5", "12.3", "black"):
        assert shown in text
