"""A run that is killed in the middle: no call whose answer is stored is made again."""

import os
import subprocess
import sys
import time
from pathlib import Path

from rarft.harness.llm import AnswerCache

SCRIPT = """
import sys
from pathlib import Path
from pydantic import BaseModel, Field
from rarft.harness.llm import AnswerCache, LLMRequest, LLMSettings, Message, answer_all

class Score(BaseModel):
    score: float = Field(ge=0, le=5)

requests = [
    LLMRequest(name="score", version="1", messages=(Message("user", f"reply {n}"),), schema=Score)
    for n in range(400)
]
settings = LLMSettings(model="m", base_url=sys.argv[1] + "/v1", n_concurrent=16)
with AnswerCache(Path(sys.argv[2])) as cache, open(sys.argv[3], "a") as rows:
    def write(group):
        rows.writelines(f"{index}\\n" for index, answer in group)
        rows.flush()
    spending = answer_all(requests, settings, cache=cache, on_answers=write)
print(spending.n_cached, spending.n_calls)
"""


def test_after_a_kill_nothing_that_is_stored_is_asked_again(judge, tmp_path: Path) -> None:
    judge.set(latency_ms=50)
    cached, rows = tmp_path / "answers.sqlite", tmp_path / "rows.txt"
    command = [sys.executable, "-c", SCRIPT, judge.url, str(cached), str(rows)]
    environment = os.environ | {"OPENAI_API_KEY": "k"}
    process = subprocess.Popen(command, env=environment)
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and not (rows.exists() and len(read(rows)) >= 60):
        time.sleep(0.02)
    process.kill()
    process.wait()
    written = read(rows)
    assert 60 <= len(written) < 400
    with AnswerCache(cached) as cache:
        n_stored = cache._connection.execute("SELECT count(*) FROM answers").fetchone()[0]
    assert n_stored >= len(written)
    asked_before = judge.digests()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(n_stored), str(400 - n_stored)]
    asked_after = judge.digests()
    again = [name for name in asked_before if asked_after[name]["calls"] > 1]
    assert len(asked_after) == 400
    assert len(again) == len(asked_before) - n_stored <= 16 + 16
    assert sorted(set(read(rows)), key=int) == [str(index) for index in range(400)]


def read(path: Path) -> list[str]:
    return path.read_text().splitlines()
