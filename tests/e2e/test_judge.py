"""`rarft-eval judge` over stored replies, with a real HTTP judge on loopback."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows

REFUSAL = (
    "<think>I look.</think><answer>The ball is red, not blue, in video {k}.</answer>"
    "<correction>a red ball rolls {k}</correction>"
)


@dataclass(frozen=True)
class Judge:
    """A running judge server."""

    url: str
    servers: ModuleType

    @property
    def n_calls(self) -> int:
        return int(self.servers.ask_server(f"{self.url}/counts")["n_calls"])


JudgeServer = Callable[..., AbstractContextManager[Judge]]


@pytest.fixture
def judge_server(servers: ModuleType) -> JudgeServer:
    @contextmanager
    def run(*arguments: str) -> Iterator[Judge]:
        with servers.running_server(*arguments) as url:
            yield Judge(url, servers)

    return run


RUNS: dict[str, Path] = {}


@pytest.fixture
def stored(outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of stored replies: five refusals and one false grounding of irrelevant queries.

    It is made once and copied for each test, with what was cached on the way.
    """
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    if "first" not in RUNS:
        RUNS["first"] = make_run(outside, tmp_path)
    if RUNS["first"] != tmp_path:
        shutil.copytree(RUNS["first"] / "stored", tmp_path / "stored")
    shutil.copytree(tmp_path / "stored", tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def make_run(outside: Path, tmp_path: Path) -> Path:
    rows = []
    for k in range(6):
        rows.append(row(k, "red", "<answer>1.0 to 3.0</answer>"))
        reply = "<answer>1.0 to 3.0</answer>" if k == 0 else REFUSAL.format(k=k)
        rows.append(row(k, "blue", reply))
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps(rows))
    flags = ("--tasks", "outside", "--include_path", str(outside), "--n_resamples", "50")
    arguments = f"path={replies},form=answer_correction"
    out = ("--output_path", str(tmp_path / "run"))
    assert main(["--model", "replay", "--model_args", arguments, *out, *flags]) == 0
    for name in ("run", "cache"):
        shutil.copytree(tmp_path / name, tmp_path / "stored" / name)
    return tmp_path


def row(k: int, colour: str, reply: str) -> dict[str, str]:
    return {"video": f"v{k}.mp4", "query": f"a {colour} ball rolls {k}", "model_output": reply}


def figures(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "results.json").read_text())
    return dict(content["results"]["outside"])


def judgements(out: Path, judge: str) -> list[dict[str, Any]]:
    return [one for one in read_rows(out / "judgements.jsonl") if one["judge"] == judge]


def llm(judge: Judge, *flags: str) -> list[str]:
    return ["--judge_model", "judge", "--judge_base_url", f"{judge.url}/v1", *flags]


def test_a_run_judges_explanations_without_asking_anybody(stored: Path) -> None:
    results = figures(stored)
    # Every refusal comes close to the reference and corrects to the relevant query; one of six
    # irrelevant queries is grounded.
    assert 0.7 < results["sbert_refused,none"] < 1.0
    assert results["sbert,none"] == pytest.approx(results["sbert_refused,none"] * 5 / 6)
    assert results["correction_sim,none"] == pytest.approx(5 / 6, abs=1e-6)
    assert results["llm_score,none"] is None
    assert results["n_unscored_similarity,none"] == 0


def test_an_llm_judges_what_is_stored(stored: Path, judge_server: JudgeServer) -> None:
    with judge_server() as judge:
        assert main(["judge", str(stored), "--judges", "llm", *llm(judge)]) == 0
        asked = judge.n_calls
        assert main(["judge", str(stored), "--judges", "llm", *llm(judge)]) == 0
        assert judge.n_calls == asked
    results = figures(stored)
    # Five refusals and seven times the same answer are six replies to read; those that the judge
    # takes for refusals of irrelevant queries get two questions more.
    read = {
        one["query_id"]: one["prediction"]["kind"]
        for one in judgements(stored, "llm")
        if one["measure"] == "relevance"
    }
    explained = [one for one in judgements(stored, "llm") if one["measure"] != "relevance"]
    assert len(read) == 12
    assert asked == 6 + len({(one["measure"], one["basis"]) for one in explained})
    assert results["n_unjudged,none"] == 0
    provenance = json.loads((stored / "results.json").read_text())["provenance"]["judges"]
    assert provenance["reasoning"]["model"] == "judge"
    assert provenance["reasoning"]["prompt_sha256"]
    assert "sk-secret" not in "".join(p.read_text() for p in stored.glob("*.json*"))


def test_scoring_again_asks_nobody_and_gives_the_same_bytes(
    stored: Path, judge_server: JudgeServer
) -> None:
    with judge_server() as judge:
        assert main(["judge", str(stored), "--judges", "reasoning=llm", *llm(judge)]) == 0
    first = (stored / "results.json").read_bytes()
    assert figures(stored)["llm_score,none"] is not None
    assert main(["score", str(stored)]) == 0
    assert (stored / "results.json").read_bytes() == first


def test_a_budget_of_zero_asks_nobody_and_says_what_is_left(
    stored: Path,
    tmp_path: Path,
    judge_server: JudgeServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "models: {judge: {prompt_usd: 1.0, new_usd: 2.0, as_of: 2026-01-01, source: test}}\n"
    )
    with judge_server() as judge:
        flags = ("--judges", "reasoning=llm", "--judge_budget", "0", "--judge_prices", str(prices))
        assert main(["judge", str(stored), *llm(judge, *flags)]) == 0
        assert judge.n_calls == 0
    assert "--judge_budget" in capsys.readouterr().err
    results = figures(stored)
    assert results["n_unscored_reasoning,none"] == 5
    assert results["llm_score_refused,none"] is None
    assert results["llm_score,none"] is None


def test_reading_and_explaining_share_one_budget(
    stored: Path, tmp_path: Path, judge_server: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("models: {judge: {prompt_usd: 1000.0, new_usd: 1.0}}\n")
    # Some 600 prompt tokens a call: enough to read six replies, and for one or two calls more.
    flags = ("--judge_budget", "4.5", "--judge_prices", str(prices), "--judge_concurrency", "1")
    with judge_server() as judge:
        assert main(["judge", str(stored), "--judges", "llm", *llm(judge, *flags)]) == 0
    rows = judgements(stored, "llm")
    assert len({one["query_id"] for one in rows if one["measure"] == "relevance"}) == 12
    assert 3.0 < sum(one.get("usage", {}).get("usd", 0.0) for one in rows) <= 4.5
    assert "stopped by --judge_budget" in capsys.readouterr().err


def test_an_expired_key_stops_with_one_line_and_keeps_what_came(
    stored: Path, judge_server: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server("--expired_after", "2") as judge:
        flags = ("--judges", "reasoning=llm", "--judge_concurrency", "1")
        assert main(["judge", str(stored), *llm(judge, *flags)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("rarft-eval: ")
    assert "got HTTP 401" in error
    assert "sk-secret" not in error
    assert len(judgements(stored, "llm")) == 2
    with judge_server() as judge:
        assert main(["judge", str(stored), "--judges", "reasoning=llm", *llm(judge)]) == 0
        assert judge.n_calls == 3
    assert figures(stored)["n_unscored_reasoning,none"] == 0


def test_a_judge_that_answers_in_prose_leaves_replies_unscored(
    stored: Path, judge_server: JudgeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server("--faults", "prose=1.0") as judge:
        assert main(["judge", str(stored), "--judges", "reasoning=llm", *llm(judge)]) == 0
        asked = judge.n_calls
        assert main(["judge", str(stored), "--judges", "reasoning=llm", *llm(judge)]) == 0
        assert judge.n_calls == asked
        assert main(["judge", str(stored), "--retry_unscored", *llm(judge)]) == 0
        assert judge.n_calls > asked
    results = figures(stored)
    assert results["n_unscored_reasoning,none"] == 5
    assert results["n_judged_reasoning,none"] == 5
    assert all(one["reason"] for one in judgements(stored, "llm"))
    assert "‡" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--judges", "reasoning=llm"], "--judge_model"),
        (["--judges", "reasoning=sbert"], "expected one of none, llm, combined"),
        (["--judges", "beauty=llm"], "expected one of the measures"),
        (["--judge_prompt", "reasoning=gone.txt", "--judges", "llm", "--judge_model", "m"], "gone"),
        (["--sbert_model", "no/such-encoder"], "no/such-encoder"),
        (["--category_weights", "absent"], "absent"),
    ],
)
def test_a_wrong_judge_flag_is_one_line(
    stored: Path, capsys: pytest.CaptureFixture[str], flags: list[str], expected: str
) -> None:
    before = (stored / "results.json").read_bytes()
    assert main(["judge", str(stored), *flags]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert expected in error[-1]
    assert (stored / "results.json").read_bytes() == before


def test_a_reply_that_the_relevance_judge_cannot_read_says_why(
    stored: Path, judge_server: JudgeServer
) -> None:
    with judge_server("--faults", "prose=1.0") as judge:
        assert main(["judge", str(stored), "--judges", "relevance=llm", *llm(judge)]) == 0
    results = figures(stored)
    assert results["n_unjudged,none"] == 12
    assert results["n_scored,none"] == 0
    samples = list(read_rows(stored / "samples_outside.jsonl"))
    assert {sample["status"] for sample in samples} == {"unjudged"}
    assert all(sample["failure"] for sample in samples)


def test_the_combined_judge_asks_once_a_reply(stored: Path, judge_server: JudgeServer) -> None:
    with judge_server() as judge:
        assert main(["judge", str(stored), "--judges", "combined", *llm(judge)]) == 0
        # Two kinds of relevant reply, one false grounding and five refusals with a reference each.
        asked = judge.n_calls
        assert main(["score", str(stored)]) == 0
        assert main(["judge", str(stored)]) == 0
        assert judge.n_calls == asked
    assert asked <= 12
    provenance = json.loads((stored / "results.json").read_text())["provenance"]["judges"]
    names = {measure: one["judge"] for measure, one in provenance.items()}
    assert names == {
        "relevance": "combined",
        "categories": "combined",
        "reasoning": "combined",
        "similarity": "sbert",
        "correction": "sbert",
    }
    judged = [one["query_id"] for one in judgements(stored, "combined")]
    assert len({*judged}) == 12


def test_a_run_is_named_by_its_responses_too(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    responses = str(stored / "responses.jsonl")
    assert main(["judge", "--responses", responses, "--judges", "similarity=none"]) == 0
    assert figures(stored)["sbert,none"] is None
    assert main(["judge"]) == 2
    assert main(["judge", str(stored), "--responses", responses]) == 2
    assert "expected one" in capsys.readouterr().err
