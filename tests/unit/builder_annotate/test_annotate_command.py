"""The command from its start to the exported rows, as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.annotate import AnnotationStore
from rarft.dataset_builder.annotate.annotation import annotation_of_row
from rarft.dataset_builder.commands.annotate import annotate_command
from rarft.dataset_builder.row_files import read_rows
from rarft.harness.errors import UserError
from rarft.harness.types import Span

HEAVY = {"torch", "datasets", "sklearn", "openai", "transformers", "aiohttp", "scipy", "av"}


def request(url: str, *, cookie: str = "", **fields: Any) -> Any:
    sent = json.dumps(fields).encode() if fields else None
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    asked = urllib.request.Request(url, data=sent, headers=headers)
    asked.method = "PUT" if fields else "GET"
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return json.load(answer)


def test_importing_the_command_loads_nothing_heavy() -> None:
    code = (
        "import sys, rarft.dataset_builder.commands.annotate;"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert not HEAVY & set(done.stdout.split())


def test_rows_are_annotated_reported_and_exported(
    running_page: Callable[..., Any],
    synth_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    database = tmp_path / "a.sqlite"
    page = running_page(
        synth_set / "annotations.json", "--videos", synth_set, "--database", database
    )
    item = request(f"{page.url}api/item?id=00000-0&annotator=ada")
    for annotator, end_s in (("ada", 6.0), ("bo", 8.0)):
        annotation = {**item["start"], "decision": "accepted", "spans": [[4.0, end_s]]}
        request(
            f"{page.url}api/annotation",
            id="00000-0", annotator=annotator, version=0, annotation=annotation,
        )  # fmt: skip
    assert page.stop(signal.SIGINT) == 0
    # What was in the log is in the file now, which can be copied alone.
    assert not database.with_name("a.sqlite-wal").exists()

    record = tmp_path / "agreement.json"
    annotate_command("report", database, output_path=record)
    written = json.loads(record.read_text())
    assert written["annotators"] == {"ada": 1, "bo": 1}
    assert written["pairs"][0]["estimates"]["span_tiou"]["value"] == 0.5
    assert "spans, mean tIoU" in capsys.readouterr().out

    rows = tmp_path / "out.jsonl"
    annotate_command("export", database, output_path=rows, annotator=["ada"])
    (row,) = read_rows(rows)
    assert row.query.spans == (Span(4.0, 6.0),)
    told = capsys.readouterr()
    assert "1 accepted, 0 rejected" in told.err
    assert told.out.strip() == str(rows)


def test_beyond_loopback_the_printed_token_is_needed_and_what_was_acknowledged_stays(
    running_page: Callable[..., Any], synth_set: Path, tmp_path: Path
) -> None:
    database = tmp_path / "a.sqlite"
    page = running_page(
        synth_set / "annotations.json", "--videos", synth_set, "--database", database,
        "--host", "127.0.0.1",
    )  # fmt: skip
    address, _, token = page.url.partition("?token=")
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        request(address + "api/session")
    refused.value.close()
    port = urllib.parse.urlsplit(address).port
    cookie = f"rarft_annotate_{port}={token}"
    item = request(f"{address}api/item?id=00000-0&annotator=ada", cookie=cookie)
    annotation = {**item["start"], "decision": "rejected", "note": "too short"}
    request(
        f"{address}api/annotation", cookie=cookie,
        id="00000-0", annotator="ada", version=0, annotation=annotation,
    )  # fmt: skip
    page.stop(signal.SIGKILL)
    saved = AnnotationStore(database, must_exist=True).annotation("00000-0", "ada")
    assert saved is not None
    assert (saved.annotation.decision, saved.annotation.note) == ("rejected", "too short")


def test_an_unedited_set_is_exported_as_it_was(synth_set: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from rarft.dataset_builder.annotate.rows import rows_to_annotate

    rows = list(rows_to_annotate(synth_set / "annotations.json"))
    store = AnnotationStore(tmp_path / "a.sqlite")
    store.add_rows(rows)
    for row in rows:
        accepted = replace(annotation_of_row(row), decision="accepted")
        store.save(row.query.id, "ada", accepted, version=0)
    store.close()
    annotate_command("export", tmp_path / "a.sqlite", output_path=tmp_path / "out.jsonl")
    assert list(read_rows(tmp_path / "out.jsonl")) == rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "report"}, "got report alone"),
        ({"target": "report", "path": Path("no.sqlite")}, "expected a database"),
        ({"target": "export", "path": Path("no.jsonl")}, "expected a database"),
        ({"target": "no.jsonl"}, "expected folders of videos"),
        ({"target": "no.jsonl", "videos": [Path("nowhere")]}, "expected folders of videos"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    arguments: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RARFT_VIDEOS", raising=False)
    with pytest.raises(UserError, match=words) as told:
        annotate_command(**arguments)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told(synth_set: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}, which cannot be listened on"):
            annotate_command(
                str(synth_set / "annotations.json"), videos=[synth_set], port=port,
                database=tmp_path / "b.sqlite",
            )  # fmt: skip


def test_an_empty_database_is_reported_as_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    AnnotationStore(tmp_path / "a.sqlite").close()
    annotate_command("report", tmp_path / "a.sqlite", output_path=tmp_path / "r.json")
    assert "Nobody has annotated anything." in capsys.readouterr().out


def test_an_export_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    AnnotationStore(tmp_path / "a.sqlite").close()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"out.jsonl: cannot be written"):
        annotate_command(
            "export", tmp_path / "a.sqlite", output_path=tmp_path / "file" / "out.jsonl"
        )


def test_videos_without_a_row_are_annotated_on_request(
    running_page: Callable[..., Any], synth_set: Path, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").touch()
    page = running_page(tmp_path, "--videos", synth_set, "--every_video")
    queue = request(f"{page.url}api/queue?annotator=ada")
    assert queue["total"] == 8
    assert queue["items"][0]["video"] == "synth-test-0-000000.mp4"
    assert page.stop() == 0
