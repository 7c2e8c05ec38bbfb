"""The steps of a build one command at a time, and a build whose rewrites a model verifies."""

import json
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

TEXTS = (
    "a person opens the door of the kitchen.",
    "the man puts a cup on the table.",
    "a woman throws a pillow onto the couch.",
    "the man takes a book from the shelf.",
)
FAULTLESS = (
    *("--malformed", "0", "--unchanged", "0"),
    *("--paraphrase", "0", "--wrong_category", "0"),
)
SOME_UNCHANGED = (*FAULTLESS, "--unchanged", "0.2")


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of relevant rows, each about a video of its own."""
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    origin = Origin(source="own", split="train", licence="MIT", citation="", redistributable=True)
    made = (
        Query(
            id=f"q{index}",
            task=TASK,
            video=f"v{index}.mp4",
            text=text,
            relevant=True,
            record=f"q{index}",
            spans=(Span(1.0, 5.0),),
            duration_s=30.0,
        )
        for index, text in enumerate(TEXTS)
    )
    path = tmp_path / "own.jsonl"
    write_rows(path, (Row(query=query, origin=origin) for query in made))
    return path


def config(tmp_path: Path, rows: Path, url: str, **more: Any) -> Path:
    """Write a build's config; YAML reads JSON."""
    keys = {"rows": str(rows), "llm_model": "writer", "llm_base_url": f"{url}/v1"}
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps({**keys, "guess_rounds": 0, **more}))
    return path


def test_the_commands_of_the_steps_make_what_build_makes(
    tmp_path: Path, rows: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, steps = tmp_path / "whole", str(tmp_path / "steps")
    with servers.running_server(*SOME_UNCHANGED, script="rewriter_server.py") as url:
        given = ["--config", str(config(tmp_path, rows, url))]
        assert main(["build", *given, "--output_path", str(whole), "--no_card"]) == 0
        n_calls = servers.ask_server(f"{url}/counts")["n_calls"]
        assert main(["categorize", steps, *given]) == 0
        assert main(["plan", steps]) == 0
        assert main(["balance", steps]) == 1
        assert f"{len(TEXTS)} want candidates" in capsys.readouterr().err
        n_rounds = 0
        while main(["balance", steps]) == 1 and n_rounds < 10:
            assert main(["rewrite", steps]) == 0
            assert main(["verify", steps]) == 0
            n_rounds += 1
        assert servers.ask_server(f"{url}/counts")["n_calls"] == n_calls
    for name in ("accepted.jsonl", "missing.jsonl", "plan.jsonl"):
        assert (Path(steps) / name).read_bytes() == (whole / name).read_bytes()
    assert json.loads((Path(steps) / "build.json").read_text())["complete"] is True
    capsys.readouterr()
    assert main(["build", "--output_path", str(whole), "--n_queries", "5", "--no_card"]) == 0
    assert f"{len(TEXTS)} of the 5 complete queries asked for" in capsys.readouterr().err


def test_a_build_by_batches_has_its_rewrites_verified_by_batches_too(
    tmp_path: Path, rows: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "build"
    with servers.running_server(*FAULTLESS, script="rewriter_server.py") as url:
        servers.ask_server(f"{url}/control/batches", send={"n_polls": 2})
        checked = config(tmp_path, rows, url, checks={"llm": True})
        given = ["build", "--config", str(checked), "--output_path", str(out), "--no_card"]
        codes, said = [], ""
        while 1 in codes[-1:] or not codes:
            codes.append(main([*given, "--batch"]))
            said += capsys.readouterr().err
            assert len(codes) < 40
        assert codes[-1] == 0
        by_step = servers.ask_server(f"{url}/counts")["by_step"]
    assert "candidates wait in a batch" in said
    judged = [row for row in read_log(out / "verdicts.jsonl") if "usage" in row]
    assert by_step["verify"] == len(judged) > 0
    assert (out / "batches" / "verify" / "batches.jsonl").exists()
    record = json.loads((out / "build.json").read_text())
    assert record["costs"]["verify"]["n_calls"] == len(judged)
    assert "verify" in record["prompts"]
    verdicts, texts = read_verdicts(out), {one.text: one.id for one in read_candidates(out)}
    accepted = [row.query for row in read_rows(out / "accepted.jsonl") if not row.query.relevant]
    assert accepted
    assert all(verdicts[texts[query.text]].accepted for query in accepted)


def test_a_file_without_rows_decides_nothing_and_one_with_rows_does(
    tmp_path: Path, rows: Path, servers: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "build")
    nobody = config(tmp_path, rows, "http://127.0.0.1:9", llm_model="nobody")
    assert main(["categorize", out, "--config", str(nobody), "--llm_budget", "1"]) == 2
    assert "nobody" in capsys.readouterr().err
    with servers.running_server(*FAULTLESS, script="rewriter_server.py") as url:
        given = ["--config", str(config(tmp_path, rows, url))]
        assert main(["categorize", out, *given]) == 0
    capsys.readouterr()
    assert main(["categorize", out, "--llm_model", "other"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("rarft-data: got llm_model: 'other'")
    assert said.count("\n") == 1
