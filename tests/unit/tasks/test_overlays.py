import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.errors import AnnotationError, NotFoundError
from rarft.tasks.corrections import corrections_file, default_folder, load
from rarft.tasks.official import read_queries
from rarft.tasks.overlays import (
    CorrectedFile,
    Correction,
    OriginalRow,
    corrections_digest,
    overlay_summary,
    read_overlay,
    write_overlay,
)

Make = Callable[..., dict[str, Any]]
Write = Callable[..., Path]
DIGEST = "ab" * 32


def row(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": "00000-0",
        "old": [[3.0, 8.5]],
        "new": [[3.0, 5.5]],
        "reason": "clip_end_added",
        "source": {"file": "original.json", "row": 4, "sha256": DIGEST},
        "annotation": {"file": "anno.json", "sha256": DIGEST},
    } | changes


def overlay(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def of_file(path: Path) -> dict[str, str]:
    return {"file": path.name, "sha256": read_queries(path)[1].sha256}


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


times = st.floats(0, 1e4).map(lambda seconds: round(seconds, 3))
pairs = st.lists(st.tuples(times, times).map(sorted).map(tuple), min_size=1, max_size=4).map(tuple)


@settings(max_examples=25)
@given(old=pairs, new=pairs, ids=st.lists(st.text(min_size=1), min_size=1, unique=True))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, old: Any, new: Any, ids: list[str]
) -> None:
    path = tmp_path_factory.mktemp("overlay") / "a.jsonl"
    source = OriginalRow(file="o.json", row=0, sha256=DIGEST)
    annotation = CorrectedFile(file="a.json", sha256=DIGEST)
    made = tuple(
        Correction(
            id=name, old=old, new=new, reason="differs", source=source, annotation=annotation
        )
        for name in ids
    )
    write_overlay(path, made)
    assert read_overlay(path) == made


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"new": [[5.0, 3.0]]}, "new"),
        ({"new": []}, "new"),
        ({"old": [[1.0]]}, "old"),
        ({"old": [[-1.0, 3.0]]}, "old"),
        ({"new": [["1", 3.0]]}, "new"),
        ({"reason": "because"}, "reason"),
        ({"id": ""}, "id"),
        ({"schema_version": 2}, "schema_version"),
        ({"source": {"file": "a", "row": 0}}, "source.sha256"),
        ({"text": "a dog"}, "text"),
    ],
)
def test_a_line_that_is_no_correction_is_named_with_its_field(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    path = overlay(tmp_path / "a.jsonl", row(id="00001-0"), row(**changes))
    with pytest.raises(AnnotationError) as error:
        read_overlay(path)
    assert f"{path}:2: " in one_line(error)
    assert f"field {named}" in one_line(error)


@pytest.mark.parametrize("text", ["", "\n\n", '{"id": ', "[1]\n", "\xff"])
def test_a_file_without_whole_corrections_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(AnnotationError) as error:
        read_overlay(path)
    assert "make the file again" in one_line(error)


def test_a_row_corrected_twice_and_a_second_annotation_are_errors(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="row 00000-0 twice"):
        read_overlay(overlay(tmp_path / "a.jsonl", row(), row()))
    other = row(id="00001-0", annotation={"file": "b.json", "sha256": "cd" * 32})
    with pytest.raises(AnnotationError, match="a second annotation file"):
        read_overlay(overlay(tmp_path / "a.jsonl", row(), other))


def test_the_digest_is_of_rows_and_times_and_of_nothing_else(tmp_path: Path) -> None:
    first = read_overlay(overlay(tmp_path / "a.jsonl", row(), row(id="00001-0")))
    source = {"file": "other.txt", "row": 9, "sha256": "cd" * 32}
    second = read_overlay(
        overlay(tmp_path / "b.jsonl", row(id="00001-0", new=[[3.0001, 5.5]]), row(source=source))
    )
    third = read_overlay(overlay(tmp_path / "c.jsonl", row(), row(id="00001-0", new=[[3.0, 5.6]])))
    assert corrections_digest(first) == corrections_digest(second)
    assert corrections_digest(first) != corrections_digest(third)


def test_a_corrected_row_keeps_all_but_its_spans(
    write: Write, make_record: Make, tmp_path: Path
) -> None:
    path = write(make_record(), make_record(video="b.mp4"))
    right = [[3.0, 5.5], [9.0, 11.0]]
    made = overlay(tmp_path / "a.jsonl", row(id="00001-0", new=right, annotation=of_file(path)))
    docs = load(annotation=str(path), corrections=str(made))["test"]
    plain = load_official(path)
    assert [one["id"] for one in docs] == [one["id"] for one in plain]
    assert docs[2] == {**plain[2], "spans": right}
    assert plain[2]["spans"] == [[3.0, 8.5]]
    assert docs[:2] + docs[3:] == plain[:2] + plain[3:]
    assert docs.annotation_sha256 == plain.annotation_sha256
    assert docs.load_report is not None
    assert docs.load_report["n_relevant"] == 2
    assert docs.load_report["corrections"] == overlay_summary(made, read_overlay(made)) | {
        "n_corrected": 1,
        "reasons": {"clip_end_added": 1},
        "sources": {"original.json": DIGEST},
    }


def load_official(path: Path) -> Any:
    from rarft.tasks import official

    return official.load(annotation=str(path))["test"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"old": [[3.0, 8.6]]}, "got old value [[3.0, 8.6]] of row 00000-0, expected [[3.0, 8.5]]"),
        ({"id": "00007-0"}, "a row that the annotation does not have"),
        ({"id": "00000-1"}, "an irrelevant row"),
        ({"annotation": {"file": "anno.json", "sha256": DIGEST}}, "with sha256 abababababab"),
    ],
)
def test_an_overlay_that_does_not_fit_the_annotation_is_one_line(
    write: Write, make_record: Make, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = write(make_record())
    made = overlay(tmp_path / "a.jsonl", row(annotation=of_file(path)) | changes)
    with pytest.raises(AnnotationError) as error:
        load(annotation=str(path), corrections=str(made))
    assert message in one_line(error)
    assert str(made) in one_line(error)


def test_corrections_to_a_pinned_file_must_be_the_known_ones(
    write: Write, make_record: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rarft.tasks.annotation_files import git_blob_id

    path = write(make_record())
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(path.parent))
    made = overlay(tmp_path / "a.jsonl", row(annotation=of_file(path)))
    blob = git_blob_id(path.read_bytes())
    known = {"count": 1, "digest": corrections_digest(read_overlay(made))}
    named = {"annotation": path.name, "corrections": str(made), "blob": blob}
    assert load(**named, corrected=known)["test"][0]["spans"] == [[3.0, 5.5]]
    other = {"count": 3, "digest": DIGEST}
    with pytest.raises(AnnotationError) as error:
        load(**named, corrected=other)
    assert "got 1 corrections that are not the 3 known" in one_line(error)
    unpinned = {**named, "blob": None}
    assert load(**unpinned, corrected=other)["test"][0]["spans"] == [[3.0, 5.5]]


def test_an_overlay_is_looked_for_where_it_is_named_then_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError) as error:
        corrections_file("fixed_ss_charades.jsonl")
    assert "rarft-data corrections make fixed_ss_charades" in one_line(error)
    default_folder().mkdir(parents=True)
    cached = overlay(default_folder() / "fixed_ss_charades.jsonl", row())
    assert corrections_file("fixed_ss_charades.jsonl") == cached
    beside = overlay(tmp_path / "fixed_ss_charades.jsonl", row())
    assert corrections_file("fixed_ss_charades.jsonl", beside=tmp_path) == beside
    (tmp_path / "named").mkdir()
    named = overlay(tmp_path / "named" / "fixed_ss_charades.jsonl", row())
    monkeypatch.setenv("RARFT_CORRECTIONS", str(tmp_path / "named"))
    assert corrections_file("fixed_ss_charades.jsonl", beside=tmp_path) == named
    assert corrections_file(str(cached)) == cached


def test_metadata_without_corrections_is_one_line() -> None:
    with pytest.raises(AnnotationError) as error:
        load(annotation="a.json")
    assert "`corrections`" in one_line(error)
