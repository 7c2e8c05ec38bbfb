"""transformers, vLLM and a runner on the same mp4 files, by the command that writes the table."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The figures of one run, in a process of its own: vLLM changes what is process-wide."""
    folder = tmp_path_factory.mktemp("parity")
    shutil.copy(ROOT / "docs" / "parity.md", folder)
    command = [
        *(sys.executable, ROOT / "bench" / "parity.py"),
        *("--results", folder / "parity.json", "--page", folder / "parity.md"),
    ]
    ran = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    page = (folder / "parity.md").read_text()
    return json.loads((folder / "parity.json").read_text()), page


def row_of(measured, backend):
    return next(row for row in measured[0]["rows"] if row["backend"] == backend)


@pytest.mark.parametrize("backend", ["vllm", "bridge"])
def test_forty_of_forty_greedy_texts_are_equal(measured, backend):
    row = row_of(measured, backend)
    assert row["n_prompts"] == row["n_equal_texts"] == row["n_equal_counts"] == 40


def test_prompt_ids_and_first_tokens_are_equal(measured):
    row = row_of(measured, "vllm")
    assert row["n_equal_ids"] == row["n_equal_first_tokens"] == 40
    assert row["max_logprob_difference"] < 1e-3


@pytest.mark.parametrize("backend", ["hf, the reference", "vllm"])
def test_the_first_token_depends_on_the_video(measured, backend):
    assert row_of(measured, backend)["least_video_difference"] > 0.01


def test_the_table_is_in_the_page(measured):
    assert "| tiny | vllm | 40 | 40 of 40 | 40 of 40 |" in measured[1]
    assert "| tiny | bridge | 40 | 40 of 40 |" in measured[1]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return run_python(tmp_path_factory.mktemp("engine"))


SCRIPT = """
import json, multiprocessing, sys
from dataclasses import replace
from pathlib import Path
from rarft.harness.models import VideoFile, find_card
from rarft.harness.models import vllm_engine
sys.path.insert(0, sys.argv[2])
from parity import planned_requests

def main():
    folder = Path(sys.argv[1])
    card, _ = find_card("tiny")
    args = {"enforce_eager": True, "max_model_len": 256, "kv_cache_memory_bytes": 2**28,
            "frames_memory_gb": 1e-6, "window": 1}
    settings = {"max_new_tokens": 16, "do_sample": True, "temperature": 1.0, "top_k": 0}
    model = vllm_engine.load(card, model_args=args, generation=settings, batch_size=4, seed=0,
                             cache=folder)
    good = [replace(one, generation=settings) for one in planned_requests(card, 4)]
    (folder / "broken.mp4").write_bytes(b"no video")
    broken = VideoFile(path=folder / "broken.mp4", sha256="0" * 64)
    batch = [
        good[0],
        replace(good[1], video=broken),
        replace(good[2], prompt="long " * 400),
        replace(good[3], video=None),
        good[1],
    ]
    model.prepare([])
    first = model.generate(batch)
    again = model.generate([good[1], good[0]])
    host = model._host
    host.engine.engine_core.resources.engine_manager.processes[0].kill()
    after = []
    for _ in range(2):
        try:
            after.append([reply.failure for reply in model.generate(good)])
        except Exception as error:
            after.append(f"{type(error).__name__}: {error}")
    model.close()
    n_children = len(multiprocessing.active_children())
    replies = [{"text": one.text, "failure": one.failure, "seconds": one.seconds}
               for one in [*first, *again]]
    (folder / "out.json").write_text(json.dumps({"replies": replies, "after": after,
                                                 "n_children": n_children}))

if __name__ == "__main__":
    main()
"""


def run_python(folder):
    script = folder / "script.py"
    script.write_text(SCRIPT)
    ran = subprocess.Popen(
        [sys.executable, script, folder, ROOT / "bench"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        start_new_session=True,
    )
    _, shown = ran.communicate()
    assert ran.returncode == 0, shown[-2000:]
    # Workers of an engine that was killed see it by themselves, some moments later.
    deadline = time.monotonic() + 20
    while processes_of(ran.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    return json.loads((folder / "out.json").read_text()) | {"left": processes_of(ran.pid)}


def processes_of(session: int) -> list[str]:
    """The command lines of what still runs in a session of processes."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((stat.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_nothing_runs_on_when_the_model_is_closed(engine):
    assert engine["n_children"] == 0
    assert engine["left"] == []


def test_a_bad_request_fails_alone_and_says_why(engine):
    good, broken, long, without, second = engine["replies"][:5]
    assert good["text"]
    assert second["text"]
    assert good["seconds"] > 0
    assert "broken.mp4" in broken["failure"]
    assert "expected at most 240 before 16 new ones" in long["failure"]
    assert "without a video" in without["failure"]


def test_a_sampled_reply_depends_on_its_own_request_alone(engine):
    first, second = engine["replies"][0], engine["replies"][4]
    assert [engine["replies"][6]["text"], engine["replies"][5]["text"]] == [
        first["text"],
        second["text"],
    ]


def test_an_engine_that_died_fails_one_batch_and_is_started_again(engine):
    died, next_batch = engine["after"]
    assert died.startswith("ReplyError: vLLM's engine died")
    assert "\n" not in died
    assert next_batch == [None] * 4
