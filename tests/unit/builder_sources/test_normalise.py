import gzip
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.dataset_builder.normalise import normalise
from rarft.dataset_builder.normalised_files import REJECTED, ROWS, write_normalised
from rarft.dataset_builder.row_files import read_rows
from rarft.dataset_builder.sources import SOURCES
from rarft.dataset_builder.sources_listing import (
    handed_on,
    reader_state,
    source_details,
    sources_listing,
)
from rarft.dataset_builder.types import Rejected, Row
from rarft.harness.errors import AnnotationError, NotFoundError, UserError
from rarft.harness.types import Span
from rarft.tasks.corrected_metadata import corrected_task_files, read_corrected_metadata
from rarft.tasks.metadata import official_task_files, read_metadata

LINES = ("A 1.0 2.0##a  dog runs ", "A 9.0 3.0##a cat", "B 4.0 99.0##a hen", "B 50.0 60.0##a pig")


@pytest.fixture
def charades(tmp_path: Path) -> Callable[..., Path]:
    def write(lines: Sequence[str] = LINES) -> Path:
        path = tmp_path / "charades_sta_test.txt"
        path.write_text("\n".join(lines))
        return path

    return write


@pytest.fixture
def durations(tmp_path: Path) -> Path:
    path = tmp_path / "Charades_v1_test.csv"
    path.write_text("id,subject,length\nA,x,30.96\nB,y,40\nC,z,\n")
    return path


def split_up(found: Any) -> tuple[list[Row], list[Rejected]]:
    found = list(found)
    return (
        [one for one in found if isinstance(one, Row)],
        [one for one in found if isinstance(one, Rejected)],
    )


def test_rows_are_named_checked_and_counted(charades: Any, durations: Path) -> None:
    counts: Counter[str] = Counter()
    rows, rejected = split_up(
        normalise(
            "charades_sta",
            charades(),
            split="test",
            options={"durations": durations},
            counts=counts,
        )
    )
    first, turned, long = (row.query for row in rows)
    assert first.id == first.record == "charades_sta-test-000000"
    assert first.text == "a dog runs"
    assert first.duration_s == 30.96
    assert turned.spans == (Span(3.0, 9.0),)
    assert long.spans == (Span(4.0, 99.0),)
    assert long.provenance == "charades_sta_test.txt#2; beyond_end"
    assert rejected == [
        Rejected(
            source="charades_sta",
            file="charades_sta_test.txt",
            row=3,
            reason="000003: span 50 to 60 s begins past the end, 40 s",
        )
    ]
    assert counts == {"rows": 3, "rejected": 1, "whitespace": 1, "reversed": 1, "beyond_end": 1}
    origin = rows[1].origin
    assert (origin.source, origin.split, origin.file, origin.row) == (
        "charades_sta",
        "test",
        "charades_sta_test.txt",
        1,
    )
    assert origin.citation.startswith("Gao et al.")


def test_a_second_row_of_one_id_is_rejected(tmp_path: Path) -> None:
    row = {"qid": 1, "query": "a", "vid": "v", "relevant_windows": [[0, 1]]}
    path = tmp_path / "h.jsonl"
    path.write_text("\n".join(json.dumps({**row, "qid": qid}) for qid in (1, 2, 1)))
    rows, rejected = split_up(normalise("qvhighlights", path, split="val"))
    assert [row.query.id for row in rows] == ["qvhighlights-val-1", "qvhighlights-val-2"]
    assert [(one.row, one.reason) for one in rejected] == [
        (2, "1: the id is that of an earlier row")
    ]


def test_a_span_before_its_video_is_rejected_and_rounding_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    spans = [[-0.01, 2], [-1, 2], [3, 3]]
    path.write_text(json.dumps([{"video": "a", "q": "x", "s": span} for span in spans]))
    options = {"query": "q", "spans": "s"}
    rows, rejected = split_up(normalise("columns", path, split="x", options=options))
    assert [row.query.spans[0] for row in rows] == [Span(0.0, 2.0), Span(3.0, 3.0)]
    assert rows[1].query.provenance.endswith("zero_length")
    assert "begins before 0 s" in rejected[0].reason


def test_a_benchmark_keeps_every_row(tmp_path: Path) -> None:
    path = tmp_path / "hi.json"
    query = {"q": "a dog", "r": True}
    path.write_text(
        json.dumps([{"video": "a.mp4", "timestamp": [30, 41], "duration": 28, "GRPO": [query]}])
    )
    rows, rejected = split_up(normalise("ra_rft", path, split="test"))
    assert rows[0].query.provenance == "hi.json#0; beyond_end"
    assert rejected == []


def test_rows_without_their_video_are_rejected(charades: Any, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "B.mkv").touch()
    options = {"videos": str(folder)}
    rows, rejected = split_up(normalise("charades_sta", charades(), split="t", options=options))
    assert {row.query.video for row in rows} == {"B.mp4"}
    assert rejected[0].reason == f"000000: video A.mp4 is not in {folder}"
    (folder / "deep" / "B.mkv").unlink()
    folder.touch()
    with pytest.raises(AnnotationError, match="got no row that can be used"):
        list(normalise("charades_sta", charades(["C 1 2##x"]), split="t", options=options))
    with pytest.raises(NotFoundError, match="which is no folder"):
        normalise("charades_sta", charades(), split="t", options={"videos": tmp_path / "none"})


def test_the_user_describes_data_that_no_source_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"video": "a", "q": "x", "s": [0, 1]}]))
    columns = {"query": "q", "spans": "s"}
    said = {"name": "mine", "licence": "CC0-1.0", "redistributable": True}
    rows, _ = split_up(normalise("columns", path, split="x", options={**columns, **said}))
    assert rows[0].query.id == "mine-x-000000"
    assert rows[0].origin.licence == "CC0-1.0"
    assert rows[0].origin.redistributable
    with pytest.raises(UserError, match="expected true or false"):
        normalise("columns", path, split="x", options={**columns, "redistributable": "no"})


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        ("charades", {}, "did you mean charades_sta"),
        ("charades_sta", {"licence": "MIT"}, "got the option licence for the source charades_sta"),
        ("ht_step", {}, "got no option taxonomy"),
        ("columns", {"spans": "s"}, "got no option query"),
        ("charades_sta", {"durations": "none.csv"}, "which is no file"),
    ],
)
def test_options_are_checked_before_anything_is_read(
    tmp_path: Path, source: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        normalise(source, tmp_path / "never_read.txt", split="x", options=options)


def test_a_file_without_a_usable_row_is_one_line(charades: Any) -> None:
    with pytest.raises(AnnotationError, match="it holds none"):
        list(normalise("charades_sta", charades([""]), split="x"))
    with pytest.raises(AnnotationError, match="the first is row 0, line: got 'x'"):
        list(normalise("charades_sta", charades(["x", "y"]), split="x"))


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_no_text_file_is_more_than_rows_and_rejections(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
        with suppress(AnnotationError):
            list(normalise("charades_sta", path, split="x"))


def test_rows_and_rejected_rows_lie_side_by_side(charades: Any, tmp_path: Path) -> None:
    found = list(normalise("charades_sta", charades([*LINES, "x"]), split="x"))
    written = write_normalised(found, tmp_path / "out")
    assert [row.to_json() for row in read_rows(written.rows)] == [
        one.to_json() for one in found if isinstance(one, Row)
    ]
    assert json.loads((tmp_path / "out" / REJECTED).read_text())["row"] == 4
    assert written.lines()[0] == "1 rejected, 1 reversed, 4 rows, 1 whitespace"
    assert write_normalised(found, tmp_path / "two", limit=2).counts["rows"] == 2
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == [REJECTED, ROWS]


def test_a_source_that_stops_leaves_the_files_of_before(charades: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_normalised(normalise("charades_sta", charades(), split="x"), folder)
    before = (folder / ROWS).read_bytes()
    with pytest.raises(AnnotationError):
        write_normalised(normalise("charades_sta", charades(["x"]), split="x"), folder)
    assert (folder / ROWS).read_bytes() == before
    assert len(list(folder.iterdir())) == 2


def test_what_nobody_has_seen_is_unverified() -> None:
    unverified = {name for name, source in SOURCES.items() if not source.verified}
    assert {"longvid", "timepro", "ht_step"} <= unverified
    assert not SOURCES["ego4d_nlq"].redistributable
    assert not SOURCES["tvgbench"].redistributable
    for name, source in SOURCES.items():
        assert source.name == name
        assert source.licence
        assert source.licence != "not stated" or not source.redistributable


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_asks_tvgbenchs_queries_is_not_handed_on(tmp_path: Path, suffix: str) -> None:
    record = {"video": "a.mp4", "timestamp": [1.0, 2.0], "GRPO": [{"q": "a dog", "r": True}]}
    content = json.dumps([record]).encode()
    for name, allowed in (("hi_vtg_tvgbench.json", False), ("hi_vtg_train.json", True)):
        path = tmp_path / f"{name}{suffix}"
        path.write_bytes(gzip.compress(content) if suffix else content)
        rows, _ = split_up(normalise("ra_rft", path, split="x"))
        assert [row.origin.redistributable for row in rows] == [allowed]
        assert ("Ego4D" in rows[0].origin.licence) != allowed


def test_a_task_states_the_licence_that_rows_of_its_file_get() -> None:
    tasks = {name: read_metadata(path) for name, path in official_task_files().items()}
    variants = {
        name: read_corrected_metadata(path) for name, path in corrected_task_files().items()
    }
    for task in (*tasks.values(), *variants.values()):
        assert task.licence == SOURCES["ra_rft"].terms_of(task.annotation).licence


def test_the_page_has_every_source_as_it_is() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "data_sources.md").read_text()
    for source in SOURCES.values():
        known = (source.name, source.title, source.licence, handed_on(source), reader_state(source))
        assert f"| {' | '.join(known)} |" in page.splitlines()


@pytest.mark.parametrize("name", [None, *SOURCES])
def test_every_source_can_be_shown(name: str | None) -> None:
    assert (sources_listing() if name is None else source_details(name)).row_count


def test_reading_a_source_needs_nothing_heavy() -> None:
    script = (
        "import sys, rarft.dataset_builder.normalise, rarft.dataset_builder.sources_listing;"
        "heavy = {'torch', 'datasets', 'sklearn', 'openai', 'huggingface_hub', 'lm_eval', 'av'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert said.stdout == "[]\n"
