"""`rarft-data build` against a loopback model that fails as models do: killed, continued, again."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.dataset_builder.cli import main
from rarft.dataset_builder.row_files import read_rows, write_rows
from rarft.dataset_builder.store import read_candidates, read_verdicts
from rarft.dataset_builder.types import TASK, Origin, Row
from rarft.harness.stages.append_log import read_rows as read_log
from rarft.harness.types import Query, Span
from rarft.tasks.official import read_queries

AGENTS = ("a person", "the man", "a woman")
EVENTS = (
    "opens the door of the kitchen.",
    "puts a cup on the table.",
    "throws a pillow onto the couch.",
    "is eating a sandwich in the bedroom.",
    "takes a book from the shelf.",
    "closes a laptop in the living room.",
    "drinks water from a glass.",
    "walks to the window.",
)
N_REAL = 300
LEVELS = ("strong", "moderate", "weak")


def row_of(index: int, query: Query) -> Row:
    origin = Origin(
        source="own", split="train", licence="MIT", citation="", redistributable=True, row=index
    )
    return Row(query=query, origin=origin)


def own_rows() -> list[Row]:
    texts = [f"{agent} {event}" for event in EVENTS for agent in AGENTS]
    return [
        row_of(
            index,
            Query(
                id=f"{index:03d}",
                task=TASK,
                video=f"v{index % 12}.mp4",
                text=text,
                relevant=True,
                record=f"{index:03d}",
                spans=(Span(float(index), index + 4.0),),
                duration_s=60.0,
            ),
        )
        for index, text in enumerate(texts)
    ]


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    path = tmp_path / "own.jsonl"
    write_rows(path, own_rows())
    return path


def flags(url: str, rows: Path, out: Path) -> list[str]:
    return [
        *("build", "--output_path", str(out), "--rows", str(rows), "--llm_model", "writer"),
        *("--llm_base_url", f"{url}/v1", "--guess_rounds", "0"),
    ]


def record_of(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "build.json").read_text())
    return record


def check_whole(out: Path, *, n_rows: int) -> None:
    """Every level of every query is accepted once, or listed as missing with a reason."""
    accepted = list(read_rows(out / "accepted.jsonl"))
    there = {(r.query.record, r.query.level) for r in accepted if not r.query.relevant}
    missing = {(r["query_id"], r["level"]): r["reason"] for r in read_log(out / "missing.jsonl")}
    relevant = [row.query.id for row in accepted if row.query.relevant]
    wanted = {(query_id, level) for query_id in relevant for level in LEVELS}
    assert len(relevant) == n_rows
    assert there | missing.keys() == wanted
    assert there & missing.keys() == set()
    assert all(missing.values())
    ids = [row.query.id for row in accepted]
    assert len(set(ids)) == len(ids)


def test_a_build_gives_each_query_its_three_or_says_why_and_then_asks_nobody(
    tmp_path: Path, own_file: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "build"
    with servers.running_server("--seed", "3", script="rewriter_server.py") as url:
        assert main([*flags(url, own_file, out), "--guess_rounds", "1"]) == 0
        assert capsys.readouterr().out.strip() == str(out / "out")
        first = {path.name: path.read_bytes() for path in out.glob("*.jsonl")}
        n_calls = servers.ask_server(f"{url}/counts")["n_calls"]
        (tmp_path / "cache" / "llm" / "answers.sqlite").unlink()
        assert main(["build", "--output_path", str(out)]) == 0
        assert servers.ask_server(f"{url}/counts")["n_calls"] == n_calls
    assert {path.name: path.read_bytes() for path in out.glob("*.jsonl")} == first
    check_whole(out, n_rows=len(own_rows()))
    record = record_of(out)
    assert record["complete"] is True
    assert sum(step["n_calls"] for step in record["costs"].values()) == n_calls
    assert set(record["prompts"]) == {"categorize", "rewrite", "paraphrase"}
    assert "sk-secret" not in (out / "build.json").read_text()
    assert "0 calls" in capsys.readouterr().err


def test_what_the_model_left_unchanged_or_malformed_is_never_accepted(
    tmp_path: Path, own_file: Path, servers: ModuleType
) -> None:
    out = tmp_path / "build"
    shares = ("--malformed", "0.3", "--unchanged", "0.3", "--paraphrase", "0.2")
    with servers.running_server(*shares, script="rewriter_server.py") as url:
        assert main([*flags(url, own_file, out), "--no_card"]) == 0
        planted = servers.ask_server(f"{url}/counts")["planted"]
    assert all(planted[kind] for kind in ("malformed", "unchanged", "paraphrase"))
    check_whole(out, n_rows=len(own_rows()))
    originals = {row.query.id: row.query.text for row in own_rows()}
    for row in read_rows(out / "accepted.jsonl"):
        if not row.query.relevant:
            assert row.query.text != originals[row.query.record]
            assert row.query.refusal
    found = Counter(
        finding.reason for one in read_verdicts(out).values() for finding in one.findings
    )
    assert found["unchanged"] == len(planted["unchanged"])


def test_exactly_so_many_complete_queries_are_made(
    tmp_path: Path, own_file: Path, servers: ModuleType
) -> None:
    out = tmp_path / "build"
    # With a budget of one candidate, many queries lack something, and further ones are drawn.
    shares = ("--unchanged", "0.1", "--paraphrase", "0")
    more = ("--n_queries", "6", "--max_candidates", "1", "--no_card")
    with servers.running_server(*shares, script="rewriter_server.py") as url:
        assert main([*flags(url, own_file, out), *more]) == 0
    accepted = list(read_rows(out / "accepted.jsonl"))
    assert Counter(row.query.level for row in accepted) == dict.fromkeys(("original", *LEVELS), 6)
    assert record_of(out)["complete"] is True


def test_a_budget_ends_a_build_cleanly_and_a_larger_one_goes_on(
    tmp_path: Path, own_file: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    out, prices = tmp_path / "build", tmp_path / "prices.yaml"
    prices.write_text("models:\n  writer: {prompt_usd: 1.0, new_usd: 2.0, batch_discount: 0.5}\n")
    more = ("--llm_prices", str(prices), "--no_card")
    with servers.running_server(script="rewriter_server.py") as url:
        given = [*flags(url, own_file, out), *more]
        assert main([*given, "--llm_budget", "0.02", "--llm_concurrency", "2"]) == 1
        assert "stopped by --llm_budget" in capsys.readouterr().err
        assert record_of(out)["complete"] is False
        assert 0 < sum(step["usd"] for step in record_of(out)["costs"].values()) <= 0.02
        assert main([*given, "--llm_budget", "5"]) == 0
    check_whole(out, n_rows=len(own_rows()))


def test_a_build_by_the_batch_api_is_collected_by_the_same_command(
    tmp_path: Path, own_file: Path, servers: ModuleType
) -> None:
    out = tmp_path / "build"
    shares = ("--malformed", "0", "--unchanged", "0", "--paraphrase", "0", "--wrong_category", "0")
    with servers.running_server(*shares, script="rewriter_server.py") as url:
        servers.ask_server(f"{url}/control/batches", send={"n_polls": 2})
        given = [*flags(url, own_file, out), "--no_card", "--batch"]
        codes = [main(given) for _ in range(2)]
        assert codes[0] == 1
        while codes[-1] == 1 and len(codes) < 40:
            codes.append(main(given))
        assert codes[-1] == 0
        assert servers.ask_server(f"{url}/counts")["calls_of_question"] != {}
    check_whole(out, n_rows=len(own_rows()))


def test_other_settings_for_the_same_folder_are_refused_in_one_line(
    tmp_path: Path, own_file: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "build"
    with servers.running_server(script="rewriter_server.py") as url:
        assert (
            main(
                [
                    "categorize",
                    *flags(url, own_file, out)[2:3],
                    *flags(url, own_file, out)[3:7],
                    "--llm_base_url",
                    f"{url}/v1",
                ]
            )
            == 0
        )
    capsys.readouterr()
    assert main(["build", "--output_path", str(out), "--llm_model", "other"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("rarft-data: got llm_model: 'other'")
    assert said.count("\n") == 1


def stored_calls(out: Path) -> int:
    """Count the rows on disk that a call was made for."""
    rows = [
        row
        for name in ("categories", "candidates", "failures")
        for row in read_log(out / f"{name}.jsonl")
    ]
    return sum(row.get("usage", {}).get("n_calls", 0) > 0 for row in rows)


def settled_counts(servers: ModuleType, url: str) -> dict[str, int]:
    """Wait until the server has no call of a killed process left, and return its calls."""
    for _ in range(100):
        counts = servers.ask_server(f"{url}/counts")
        if counts["n_open"] == 0:
            break
        time.sleep(0.1)
    found: dict[str, int] = counts["calls_of_question"]
    return found


def kill_and_go_on(
    servers: ModuleType, url: str, out: Path, rows: Path, *, more: Sequence[str], n_before: int
) -> dict[str, int]:
    """Kill a build once so many candidates are on disk, and let another process end it.

    Without the cache, only the rows of the build can keep a call from being repeated.
    """
    command = [sys.executable, "-m", "rarft.dataset_builder.cli", *flags(url, rows, out), *more]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    path = out / "candidates.jsonl"
    while killed.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= n_before:
            break
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    before = settled_counts(servers, url)
    n_stored = stored_calls(out)
    (Path(os.environ["RARFT_CACHE"]) / "llm" / "answers.sqlite").unlink()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    after = settled_counts(servers, url)
    repeated = sum(after[question] > n_calls for question, n_calls in before.items())
    assert repeated == len(before) - n_stored
    return after


def test_after_a_kill_no_call_is_repeated_whose_row_is_on_disk(
    tmp_path: Path, own_file: Path, servers: ModuleType
) -> None:
    out, more = tmp_path / "build", ("--no_card", "--llm_concurrency", "4")
    with servers.running_server("--latency_ms", "100", script="rewriter_server.py") as url:
        kill_and_go_on(servers, url, out, own_file, more=more, n_before=15)
    check_whole(out, n_rows=len(own_rows()))


@pytest.mark.slow
def test_300_real_queries_are_built_killed_and_built_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    servers: ModuleType,
    annotations_dir: Path,
) -> None:
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    queries, _ = read_queries(annotations_dir / "hi_vtg_charades.json", task=TASK)
    relevant = [query for query in queries if query.relevant][:N_REAL]
    rows = tmp_path / "real.jsonl"
    write_rows(rows, (row_of(index, query) for index, query in enumerate(relevant)))
    out, more = tmp_path / "build", ("--guess_rounds", "1")
    with servers.running_server("--latency_ms", "20", script="rewriter_server.py") as url:
        kill_and_go_on(servers, url, out, rows, more=more, n_before=N_REAL)
        counts = servers.ask_server(f"{url}/counts")
        (tmp_path / "cache" / "llm" / "answers.sqlite").unlink()
        assert main(["build", "--output_path", str(out)]) == 0
        assert servers.ask_server(f"{url}/counts")["n_calls"] == counts["n_calls"]
    record = record_of(out)
    check_whole(out, n_rows=record["counts"]["n_relevant"])
    left_out = record["counts"]["n_rejected_source_rows"]
    assert record["counts"]["n_relevant"] + left_out == N_REAL
    found = Counter(f.reason for v in read_verdicts(out).values() for f in v.findings)
    planted = {kind: len(texts) for kind, texts in counts["planted"].items()}
    assert all(planted[kind] for kind in ("malformed", "unchanged", "paraphrase"))
    originals = {query.id: query.text for query in relevant}
    verdicts = read_verdicts(out)
    unchanged = [one for one in read_candidates(out) if one.text == originals[one.query_id]]
    assert unchanged
    assert not any(verdicts[one.id].accepted for one in unchanged)
    missing = Counter(row["reason"] for row in read_log(out / "missing.jsonl"))
    sys.stderr.write(
        f"{record['counts']}, {counts['n_calls']} calls, planted {planted}, found {dict(found)}, "
        f"{record['guessability']}, missing {missing.most_common(5)}\n"
    )
