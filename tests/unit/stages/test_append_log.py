import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.errors import UserError
from rarft.harness.stages.append_log import AppendLog, encode_row, read_rows


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with AppendLog(path) as log:
        log.append([{"n": 1}, {"n": 2}])
        log.append([{"n": 3}])
    assert [row["n"] for row in read_rows(path)] == [1, 2, 3]


def test_every_row_carries_a_schema_version(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with AppendLog(path) as log:
        log.append([{"n": 1}])
    assert next(read_rows(path)) == {"schema_version": 1, "n": 1}


@given(st.integers(min_value=1, max_value=40))
def test_a_torn_last_line_is_dropped_and_cut(n_torn_bytes: int) -> None:

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows.jsonl"
        whole = encode_row({"n": 1}) + encode_row({"n": 2})
        path.write_bytes(whole + encode_row({"n": 3, "text": "x" * 40})[:n_torn_bytes])
        assert [row["n"] for row in read_rows(path)] == [1, 2]
        with AppendLog(path) as log:
            log.append([{"n": 4}])
        assert [row["n"] for row in read_rows(path)] == [1, 2, 4]


def test_a_torn_line_longer_than_a_block_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(encode_row({"n": 1}) + b"x" * 200_000)
    with AppendLog(path):
        pass
    assert path.read_bytes() == encode_row({"n": 1})


def test_a_file_without_any_whole_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"n": 1')
    with AppendLog(path):
        pass
    assert path.read_bytes() == b""


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"not json\n" + encode_row({"n": 1}))
    with pytest.raises(UserError, match="line 1: got a damaged row"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b"[1]\n", "damaged row"),
        (b'{"schema_version": 99}\n', "schema_version 99"),
        (b'{"n": 1}\n', "schema_version None"),
        (b'{"schema_version": 1}\n', "without 'n'"),
    ],
)
def test_a_row_of_another_kind_is_one_line(tmp_path: Path, line: bytes, named: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(encode_row({"n": 0}) + line)
    with pytest.raises(UserError, match=named) as caught:
        list(read_rows(path, required=["n"]))
    assert "line 2" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_place_of_a_log_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="directory"):
        list(read_rows(tmp_path))
    with pytest.raises(UserError, match="directory"):
        AppendLog(tmp_path)


def test_binary_text_and_lone_surrogates_survive(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    text = "a\x00b\ud800\n\u2028é"
    with AppendLog(path) as log:
        log.append([{"text": text}])
    assert next(read_rows(path))["text"] == text


def test_a_full_disk_is_one_line_and_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from rarft.harness.errors import UserError
        from rarft.harness.stages.append_log import AppendLog
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        with AppendLog(Path(sys.argv[1])) as log:
            log.append([{"n": 1}])
            try:
                log.append([{"text": "x" * 8192}])
            except UserError as error:
                print(error)
            log.append([{"n": 2}])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "free some space" in done.stdout
    assert [row["n"] for row in read_rows(path)] == [1, 2]
    assert path.stat().st_size < 4096
