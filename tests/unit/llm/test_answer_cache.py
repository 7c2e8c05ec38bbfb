"""Stored answers survive, are shared by processes, and are never half written."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm.answer_cache import AnswerCache, CachedAnswer

ROW = CachedAnswer(
    digest="d0",
    name="reasoning",
    version="1",
    model="m",
    served_model="m-2025",
    value='{"score": 4.0}',
    text="four",
    n_prompt_tokens=10,
    n_new_tokens=2,
    usd=None,
)


def rows(n_rows: int) -> list[CachedAnswer]:
    return [replace(ROW, digest=f"d{number}", usd=number / 8) for number in range(n_rows)]


def test_answers_come_back_as_they_were_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "answers.sqlite"
    with AnswerCache(path) as cache:
        cache.put_many([ROW, *rows(2000)[1:]])
    with AnswerCache(path) as cache:
        found = cache.get_many([f"d{number}" for number in range(3000)])
    assert len(found) == 2000
    assert found["d0"] == ROW
    assert found["d9"] == rows(10)[9]


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite") as cache:
        cache.put_many([ROW])
        cache.put_many([replace(ROW, text="other")])
        assert cache.get_many(["d0"])["d0"].text == "four"


def test_a_group_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite") as cache:
        with pytest.raises(UserError):
            cache.put_many([ROW, replace(ROW, digest="d1", text={})])  # type: ignore[arg-type]
        assert cache.get_many(["d0"]) == {}
        cache.put_many([ROW])
        assert set(cache.get_many(["d0"])) == {"d0"}


def test_without_a_path_it_lies_in_the_cache_directory(isolated_cache: Path) -> None:
    with AnswerCache() as cache:
        assert cache.path == isolated_cache / "llm" / "answers.sqlite"


def test_threads_and_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from rarft.harness.llm.answer_cache import AnswerCache, CachedAnswer\n"
        f"row = {ROW!r}\n"
        "cache = AnswerCache(Path(sys.argv[1]))\n"
        "for n in range(30): cache.put_many([replace(row, digest=f'{sys.argv[2]}-{n}')])\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, path, name]) for name in "ab"]
    with AnswerCache(path) as cache, ThreadPoolExecutor(2) as threads:
        groups = [[replace(ROW, digest=f"t-{number}")] for number in range(30)]
        list(threads.map(cache.put_many, groups))
        assert [other.wait(60) for other in others] == [0, 0]
        names = [f"{name}-{number}" for name in "abt" for number in range(30)]
        assert set(cache.get_many(names)) == set(names)


def test_a_file_that_is_no_cache_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"something else altogether, and long enough to be looked at" * 40)
    with pytest.raises(UserError, match="cannot be used") as caught:
        AnswerCache(path)
    assert "\n" not in str(caught.value)


def test_a_cache_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    AnswerCache(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UserError, match="version 99"):
        AnswerCache(path)
