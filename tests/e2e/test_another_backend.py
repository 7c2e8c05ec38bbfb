"""One card in other backends than its own: what is asked, stored and said."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.errors import UserError
from rarft.harness.lm_eval import GroundingLM
from rarft.harness.models.openai import OpenAIModel
from rarft.harness.stages.append_log import read_rows

HAS_VLLM = importlib.util.find_spec("vllm") is not None
SCRIPT = "video_chat_server.py"


def rarft_eval(outside: Path, out: Path, *flags: str, model: str = "outside_model") -> int:
    return main(
        [
            *("run", "--model", model, "--tasks", "outside", "--output_path", str(out)),
            *("--include_path", str(outside), "--n_resamples", "100", *flags),
        ]
    )


def results_of(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "results.json").read_text()))


def n_sent(out: Path) -> int:
    return sum(row.get("n_requests", 0) for row in read_rows(out / "journal.jsonl"))


def check_backends(out: Path, *, ran: str, of_card: str = "hf") -> None:
    results = results_of(out)
    for part in ("model", "provenance"):
        assert (results[part]["backend"], results[part]["card_backend"]) == (ran, of_card)
    identity = json.loads((out / "run.json").read_text())["identity"]
    assert identity["backend"] == ran
    assert "backend" not in identity["model_args"]


def test_the_cards_own_backend_by_name_asks_nothing_again(outside: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out, "--limit", "2") == 0
    check_backends(out, ran="hf")
    assert rarft_eval(outside, out, "--limit", "2", "--model_args", "backend=hf") == 0
    check_backends(out, ran="hf")
    assert results_of(out)["config"]["model_args"] == {"backend": "hf"}
    assert n_sent(out) == 2


def test_a_served_copy_of_a_cards_model_is_asked_with_the_cards_words_and_frames(
    servers: ModuleType, outside: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert rarft_eval(outside, out, "--limit", "2") == 0
    with servers.running_server(script=SCRIPT) as url:
        served = f"backend=openai,base_url={url}/v1,model=loopback-vl"
        assert rarft_eval(outside, out, "--limit", "2", "--model_args", served) == 0
        seen = servers.ask_server(f"{url}/seen")
    assert seen["n_calls"] == 2
    assert all(len(one["images"]) == 8 for one in seen["seen"])
    check_backends(out, ran="openai")
    assert results_of(out)["model"]["checkpoint"] == "loopback-vl"
    assert results_of(out)["config"]["model_args"]["backend"] == "openai"
    page = (out / "report.html").read_text()
    assert "the card&#39;s backend" in page
    # A finished run is repeated from its own results, without a server.
    again = ("--config", str(out / "results.json"))
    assert main(["run", *again, "--output_path", str(out)]) == 0
    check_backends(out, ran="openai")


def test_the_workers_of_one_command_run_the_backend_that_is_asked_for(
    servers: ModuleType, outside: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with servers.running_server(script=SCRIPT) as url:
        served = f"backend=openai,base_url={url}/v1,model=loopback-vl,data_parallel_size=2"
        flags = ("--batch_size", "2", "--model_args", served)
        assert rarft_eval(outside, out, *flags) == 0
        assert servers.ask_server(f"{url}/seen")["n_calls"] == 12
    check_backends(out, ran="openai")


def test_auto_is_the_batch_size_of_the_backend_that_runs(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for backend, checkpoint, n_batches in (("hf", "package:tiny", 3), ("openai", "m", 1)):
        arguments = f"backend={backend}"
        if backend == "openai":
            arguments += ",model=m,base_url=http://127.0.0.1:9/v1"
        assert rarft_eval(outside, tmp_path / "r", "--dry_run", "--model_args", arguments) == 0
        shown = capsys.readouterr().out
        assert f"backend {backend}, checkpoint {checkpoint}\n" in shown
        assert f"12 would be sent in {n_batches} batches" in shown


@pytest.mark.parametrize(
    ("model", "arguments", "said"),
    [
        ("outside_model", "backend=vlm", "expected one of hf, vllm, openai; mend --model_args"),
        ("timechat", "backend=vllm", "expected bridge alone, which its card names"),
        ("replay", "backend=vllm,path=a.jsonl", "expected replay alone, which its card names"),
        ("internvl3_5_8b", "backend=vllm", "of type internvl, expected one of hf, openai"),
        ("tvg_r1", "backend=vllm", "got no checkpoint for model 'tvg_r1', whose card names none"),
        ("outside_model", "backend=openai,model=m", "got neither an address nor a key"),
        ("outside_model", "backend=openai,device=cpu", "got the model argument device"),
        ("outside_model", "backend=vlm,data_parallel_size=2", "expected one of hf, vllm, openai"),
    ],
)
def test_a_backend_that_cannot_run_a_card_is_one_line(
    outside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    arguments: str,
    said: str,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    out = tmp_path / "run"
    assert rarft_eval(outside, out, "--model_args", arguments, model=model) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert not (out / "responses.jsonl").exists()


@pytest.mark.skipif(HAS_VLLM, reason="vLLM is installed")
@pytest.mark.parametrize(
    "more", ["", pytest.param(",data_parallel_size=2", marks=pytest.mark.slow)]
)
def test_without_vllm_one_line_says_how_to_install_it(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str
) -> None:
    assert rarft_eval(outside, tmp_path / "run", "--model_args", f"backend=vllm{more}") == 2
    shown = capsys.readouterr().err
    assert shown.endswith(
        "got the backend vllm without vLLM, expected it installed; install it with pip install "
        "'rarft[vllm]', or use the backend hf\n"
    )
    assert shown.count("\n") == 1


def test_a_model_inside_lm_eval_takes_another_backend_too() -> None:
    served = GroundingLM(
        "time_r1", backend="openai", base_url="http://127.0.0.1:9/v1", device="cpu", batch_size=8
    )
    assert isinstance(served._model, OpenAIModel)
    with pytest.raises(UserError, match="expected bridge alone"):
        GroundingLM("timechat", backend="vllm")


@pytest.mark.slow
@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed")
def test_a_card_of_transformers_runs_in_vllm(outside: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "hf", tmp_path / "vllm"
    assert rarft_eval(outside, here) == 0
    arguments = "backend=vllm,kv_cache_memory_bytes=268435456,enforce_eager=true,max_model_len=4096"
    # vLLM changes what is process-wide.
    command = [
        *(sys.executable, "-m", "rarft.harness.cli", "run", "--model", "outside_model"),
        *("--tasks", "outside", "--output_path", there, "--include_path", outside),
        *("--n_resamples", "100", "--model_args", arguments),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    check_backends(there, ran="vllm")
    rows = {out: list(read_rows(out / "responses.jsonl")) for out in (here, there)}
    assert [row["status"] for row in rows[there]] == ["ok"] * 12
    assert not {row["request"] for row in rows[here]} & {row["request"] for row in rows[there]}
    texts = {out: {row["query"]: row["text"] for row in rows[out]} for out in rows}
    assert texts[here] == texts[there]
    assert results_of(here)["results"] == results_of(there)["results"]
    assert "vllm" in results_of(there)["provenance"]["engine"]
