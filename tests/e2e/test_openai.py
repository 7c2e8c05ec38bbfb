"""A whole run of a model behind a chat server: real videos, faults, resuming, the key."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows

KEY = "secret-of-nobody-2"
MODEL = "loopback-vl"
SCRIPT = "video_chat_server.py"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def rarft_eval(outside: Path, out: Path, *flags: str, more: str = "", url: str = "") -> int:
    arguments = f"model={MODEL}" + (f",base_url={url}/v1" if url else "") + more
    return main(
        [
            *("run", "--model", "openai", "--tasks", "outside", "--output_path", str(out)),
            *("--include_path", str(outside), "--n_resamples", "100"),
            *("--model_args", arguments, *flags),
        ]
    )


def rows_of(out: Path) -> list[dict[str, Any]]:
    return list(read_rows(out / "responses.jsonl"))


def test_a_served_model_is_scored_like_any_other(
    servers: ModuleType, outside: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with servers.running_server("--key", KEY, script=SCRIPT) as url:
        assert rarft_eval(outside, out, url=url) == 0
        seen = servers.ask_server(f"{url}/seen")
    assert seen["n_calls"] == 12
    assert all(len(one["images"]) == 8 for one in seen["seen"])
    assert all(one["order"][-1] == "text" for one in seen["seen"])
    rows = rows_of(out)
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["text"] for row in rows} == {
        "<answer>0.0 to 3.9</answer><correction>NIL</correction>"
    }
    assert {(row["n_frames"], row["effective_fps"]) for row in rows} == {(8, 2.0)}
    results = json.loads((out / "results.json").read_text())
    # Every answer is [0.0, 3.9]; the reference of each relevant query is [1.0, 3.0].
    assert results["results"]["outside"]["miou_relevant,none"] == pytest.approx(2.0 / 3.9, abs=1e-4)
    stored = "".join(path.read_text() for path in out.rglob("*") if path.suffix.startswith(".js"))
    assert KEY not in stored
    assert json.loads((out / "run.json").read_text())["model"]["checkpoint"] == MODEL


def test_another_address_keeps_the_replies_and_another_model_or_image_does_not(
    servers: ModuleType, outside: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with servers.running_server(script=SCRIPT) as url:
        assert rarft_eval(outside, out, url=url) == 0
    with servers.running_server(script=SCRIPT) as url:
        limits = ",n_concurrent=2,n_attempts=3,timeout_s=30,transport=base64,server=vllm"
        assert rarft_eval(outside, out, url=url, more=limits) == 0
        assert servers.ask_server(f"{url}/seen")["n_calls"] == 0
        # A finished run needs no server.
        assert rarft_eval(outside, out, url="http://127.0.0.1:9") == 0
        for n_calls, changed in ((12, ",image_format=png"), (24, ",revision=step-200")):
            assert rarft_eval(outside, out, url=url, more=changed) == 0
            assert servers.ask_server(f"{url}/seen")["n_calls"] == n_calls


def test_a_key_that_expires_keeps_earlier_batches_and_the_next_run_asks_the_rest(
    servers: ModuleType, outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    with servers.running_server("--expired_after", "8", script=SCRIPT) as url:
        assert rarft_eval(outside, out, "--batch_size", "4", url=url) == 2
        shown = capsys.readouterr().err
        assert shown.count("HTTP 401") == 1
        assert "Traceback" not in shown
        assert KEY not in shown
        assert len(rows_of(out)) == 8
        servers.ask_server(f"{url}/seen", send={"expired_after": None})
        assert rarft_eval(outside, out, "--batch_size", "4", url=url) == 0
        assert servers.ask_server(f"{url}/seen")["n_calls"] == 4
    assert [row["status"] for row in rows_of(out)] == ["ok"] * 12


def test_a_server_that_closes_mid_answer_fails_those_queries_and_they_are_asked_again(
    servers: ModuleType, outside: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    fault = ("--fault", "dropped_midway", "--faulty_query", "blue ball rolls 3")
    with servers.running_server(*fault, script=SCRIPT) as url:
        assert rarft_eval(outside, out, url=url, more=",n_attempts=2") == 0
        failed = [row for row in rows_of(out) if row["status"] == "failed"]
        assert [row["query"] for row in failed] == ["a blue ball rolls 3"]
        assert "the body of the answer is truncated" in json.dumps(failed)
        servers.ask_server(f"{url}/seen", send={"fault": ""})
        assert rarft_eval(outside, out, url=url) == 0
        assert servers.ask_server(f"{url}/seen")["n_calls"] == 1
    assert {row["request"] for row in rows_of(out) if row["status"] == "ok"} >= {
        row["request"] for row in failed
    }


def test_a_server_that_dies_is_one_line_and_another_one_is_asked_the_rest(
    servers: ModuleType, outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    limits = ("--batch_size", "4")
    fault = ("--fault", "dies", "--faulty_query", "blue ball rolls 3")
    with servers.running_server(*fault, script=SCRIPT) as url:
        assert rarft_eval(outside, out, *limits, url=url, more=",n_concurrent=2") == 2
        shown = capsys.readouterr().err
        assert shown.count(f"got no connection to {url}/v1 in 6 calls") == 1
        assert "Traceback" not in shown
    n_answered = sum(row["status"] == "ok" for row in rows_of(out))
    assert n_answered >= 4
    with servers.running_server(script=SCRIPT) as url:
        assert rarft_eval(outside, out, *limits, url=url) == 0
        assert servers.ask_server(f"{url}/seen")["n_calls"] == 12 - n_answered
    assert {row["request"] for row in rows_of(out) if row["status"] == "ok"} == {
        row["request"] for row in rows_of(out)
    }


def test_a_form_that_a_server_never_takes_is_one_line(
    servers: ModuleType, outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with servers.running_server("--fault", "no_files", script=SCRIPT) as url:
        assert rarft_eval(outside, tmp_path / "run", url=url, more=",video=url") == 2
    shown = capsys.readouterr().err
    assert "expected a vLLM started with --allowed-local-media-path" in shown
    assert "Traceback" not in shown


def test_what_a_server_cannot_do_is_one_line(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, message in {
        ",score=logits": "got score=logits for model 'openai' behind a server",
        ",video=film": "got video=film, expected one of frames, joined, url",
        ",api_key=abc": "got the model argument api_key",
        ",transport=http": "got transport=http and url_prefix=(none)",
    }.items():
        assert rarft_eval(outside, tmp_path / "run", more=more) == 2
        shown = capsys.readouterr().err
        assert message in shown
        assert shown.count("\n") == 1
