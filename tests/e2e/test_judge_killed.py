"""5,000 judgements by a faulty judge, killed in the middle: none is lost, doubled or paid twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.stages.append_log import read_rows

TASK = """
task: many
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: many.json, licence: MIT, videos: none}
"""
N_REPLIES = 5_000


def make_run(folder: Path, n_replies: int) -> Path:
    records, replies = [], []
    for k in range(n_replies):
        answer = f"<answer>The ball {k} is red, not blue.</answer>"
        query = {"q": f"a blue ball {k}", "a": answer, "r": False}
        query |= {"c": ["Attribute/AttributeValue"], "difficulty": "hard"}
        records.append({"video": f"v{k}.mp4", "timestamp": [], "duration": 9.0, "GRPO": [query]})
        reply = f"<answer>The video shows a red ball {k}, no blue one.</answer>"
        replies.append({"video": f"v{k}.mp4", "query": query["q"], "model_output": reply})
    (folder / "many.json").write_text(json.dumps(records))
    (folder / "many.yaml").write_text(TASK)
    (folder / "replies.json").write_text(json.dumps(replies))
    judges = "similarity=none,categories=none,correction=none"
    flags = ("--include_path", str(folder), "--n_resamples", "20", "--judges", judges)
    arguments = f"path={folder / 'replies.json'},form=answer_correction"
    out = folder / "run"
    given = ["--model", "replay", "--model_args", arguments, "--tasks", "many", *flags]
    assert main([*given, "--output_path", str(out)]) == 0
    return out


def stored(out: Path) -> list[dict[str, Any]]:
    whole = (out / "judgements.jsonl").read_bytes().rpartition(b"\n")[0] + b"\n"
    (out / "whole.jsonl").write_bytes(whole)
    return [row for row in read_rows(out / "whole.jsonl") if row["judge"] == "llm"]


def calls(servers: ModuleType, url: str) -> dict[str, int]:
    digests = servers.ask_server(f"{url}/digests")
    return {question: counted["calls"] for question, counted in digests.items()}


def settled_calls(servers: ModuleType, url: str) -> dict[str, int]:
    """Wait until the server has no request of the killed process left, then count."""
    for _ in range(100):
        if servers.ask_server(f"{url}/counts")["n_open"] == 0:
            break
        time.sleep(0.1)
    return calls(servers, url)


@pytest.mark.slow
def test_5000_judgements_by_a_faulty_judge_survive_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: ModuleType
) -> None:
    monkeypatch.setenv("RARFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    out = make_run(tmp_path, N_REPLIES)
    with servers.running_server("--faults", "rate=0.05", "--latency_ms", "20") as url:
        command = [
            *(sys.executable, "-m", "rarft.harness.cli", "judge", str(out)),
            *("--judges", "reasoning=llm", "--judge_model", "judge"),
            *("--judge_base_url", f"{url}/v1", "--judge_timeout_s", "3"),
        ]
        killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while killed.poll() is None and len(stored(out)) < N_REPLIES // 3:
            time.sleep(0.2)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        on_disk = stored(out)
        before = settled_calls(servers, url)
        assert N_REPLIES // 3 <= len(on_disk) < N_REPLIES
        # Without the cache, only the rows of the run can keep a call from being repeated.
        shutil.rmtree(tmp_path / "cache" / "llm")
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
        after = calls(servers, url)
    rows = stored(out)
    assert len(after) == N_REPLIES
    assert Counter(row["query_id"] for row in rows).most_common(1)[0][1] == 1
    assert len(rows) == N_REPLIES
    asked_again = sum(after[question] > before.get(question, 0) for question in after)
    assert asked_again == N_REPLIES - len(on_disk)
    unscored = [row for row in rows if row["value"] is None]
    assert all(row["reason"] for row in unscored)
    figures = json.loads((out / "results.json").read_text())["results"]["many"]
    assert figures["n_judged_reasoning,none"] == N_REPLIES
    assert figures["n_unscored_reasoning,none"] == len(unscored)
    sys.stderr.write(
        f"{len(rows)} judgements, {len(on_disk)} on disk when killed, {asked_again} asked "
        f"afterwards, {sum(after.values())} calls, {len(unscored)} unscored: "
        f"{Counter(row['reason'] for row in unscored).most_common(5)}\n"
    )
