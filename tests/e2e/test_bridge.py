"""The whole command with a model in a process of its own."""

import json
import site
import subprocess
import sys
import venv
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.models import find_card, load_model, prompt_text
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.stages.append_log import read_rows
from rarft.harness.types import Query, Span
from rarft.harness.video.content import content_hash

BRIDGED = """
name: bridged
family: base
backend: bridge
runner: runners/{runner}
own_frames: those of the runner
prompt: {{refusal: 'Query: {{query}}', native: 'Query: {{query}}'}}
generation: {{max_new_tokens: 8, do_sample: false}}
output: {{form: answer_correction}}
licence: MIT
source: the test
"""


def rarft_eval(outside: Path, out: Path, *flags: str, model: str) -> int:
    return main(
        [
            *("--model", model, "--tasks", "outside", "--output_path", str(out)),
            *("--include_path", str(outside), "--n_resamples", "200", *flags),
        ]
    )


def replies_of(out: Path) -> dict[str, dict[str, Any]]:
    """The replies by query, without what differs between any two runs."""
    rows = {row["query_id"]: row for row in read_rows(out / "responses.jsonl")}
    left_out = ("request", "seconds")
    return {
        name: {key: value for key, value in row.items() if key not in left_out}
        for name, row in rows.items()
    }


def test_hf_over_the_bridge_gives_what_hf_gives(outside: Path, tmp_path: Path) -> None:
    (outside / "bridged.yaml").write_text(BRIDGED.format(runner="hf.py"))
    assert rarft_eval(outside, tmp_path / "hf", model="outside_model") == 0
    runner = {"card": "outside_model", "include_path": str(outside), "batch_size": 4}
    model_args = ("--model_args", json.dumps(runner))
    assert rarft_eval(outside, tmp_path / "bridge", *model_args, model="bridged") == 0
    there, here = replies_of(tmp_path / "bridge"), replies_of(tmp_path / "hf")
    assert len(here) == 12
    assert len({row["text"] for row in here.values()}) > 1
    assert there == here
    engine = json.loads((tmp_path / "bridge" / "run.json").read_text())["identity"]["engine"]
    assert engine["runner"] == "hf outside_model"
    assert "transformers" in engine


@pytest.fixture
def own_python(tmp_path: Path) -> str:
    """The program of another environment, in which the packages of this one are found."""
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    ask = "import site; print(site.getsitepackages()[0])"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
    lines += [path for path in sys.path if path]
    (Path(done.stdout.strip()) / "packages.pth").write_text("\n".join(lines) + "\n")
    return str(python)


def bridged_tiny(folder: Path) -> None:
    """Write the card that has the tiny model answer over the bridge, to the same prompt."""
    card, path = find_card("tiny")
    prompt = json.dumps(prompt_text(card, path, mode="refusal"))
    head, _, tail = BRIDGED.format(runner="hf.py").partition("prompt: ")
    rest = tail.partition("\n")[2].replace("max_new_tokens: 8", "max_new_tokens: 96")
    text = f"{head}prompt: {{refusal: {prompt}, native: {prompt}}}\n{rest}"
    (folder / "bridged.yaml").write_text(text)


@pytest.mark.parametrize(
    ("n_queries", "flags"),
    [
        (6, ("--gen_kwargs", "max_new_tokens=12")),
        pytest.param(40, (), marks=pytest.mark.slow),
    ],
)
def test_the_tiny_model_says_the_same_over_the_bridge_in_an_interpreter_of_its_own(
    n_queries: int, flags: tuple[str, ...], own_python: str, tmp_path: Path
) -> None:
    bridged_tiny(tmp_path)
    # Only these are rendered; they are the first ones of the whole set. One at a time: which
    # requests share a batch depends on which video is read first, and its padding on them.
    metadata = ("--metadata", json.dumps({"n_queries": n_queries}))
    common = ("--tasks", "synth_hi", *metadata, "--batch_size", "1", *flags)
    common = (*common, "--n_resamples", "200", "--include_path", str(tmp_path))
    assert main(["--model", "tiny", *common, "--output_path", str(tmp_path / "hf")]) == 0
    args = ("--model_args", json.dumps({"card": "tiny", "python": own_python, "batch_size": 1}))
    out = ("--output_path", str(tmp_path / "bridge"))
    assert main(["--model", "bridged", *common, *args, *out]) == 0
    there, here = replies_of(tmp_path / "bridge"), replies_of(tmp_path / "hf")
    assert len(here) == n_queries
    n_equal_texts = sum(there[name]["text"] == row["text"] for name, row in here.items())
    assert n_equal_texts == n_queries
    # Whatever is stored: prompt and reply tokens, frames and effective fps too.
    assert there == here
    assert len({row["text"] for row in here.values()}) > 1


def test_sampling_black_frames_and_parts_are_the_same_over_the_bridge(
    outside: Path, tmp_path: Path
) -> None:
    (outside / "bridged.yaml").write_text(BRIDGED.format(runner="hf.py"))
    path = tmp_path / "videos" / "v0.mp4"
    video = VideoFile(path=path, sha256=content_hash(path))
    generation = {"max_new_tokens": 8, "do_sample": True, "temperature": 1.0}
    query = Query(id="0", task="t", video=path.name, text="a ball", relevant=True, record="0")
    common = {"video": video, "generation": generation, "prompt": "Query: a ball"}
    requests = [
        Request(key="k1", query=query, **common),
        Request(key="k2", query=query, **common, video_input="black"),
        Request(key="k3", query=replace(query, clip=Span(1.0, 3.0)), **common, repeat=1),
    ]
    runner = {"card": "outside_model", "include_path": str(outside), "batch_size": 2}
    answered = []
    for name, model_args in (("outside_model", {}), ("bridged", runner)):
        card, _ = find_card(name, [outside])
        model = load_model(
            card,
            model_args=model_args,
            generation=generation,
            batch_size=2,
            seed=7,
            cache=tmp_path / "cache",
        )
        with closing(model):
            model.prepare([query])
            # Two and one, as the runner takes two at once.
            replies = [*model.generate(requests[:2]), *model.generate(requests[2:])]
        answered.append([replace(reply, seconds=None) for reply in replies])
    assert answered[0] == answered[1]
    assert len({reply.text for reply in answered[0]}) == 3
    assert [reply.n_frames for reply in answered[0]] == [8, 8, 4]


def test_a_stand_in_goes_all_the_way_and_a_second_run_asks_nothing(
    outside: Path, tmp_path: Path
) -> None:
    card = BRIDGED.format(runner="timechat.py").replace("answer_correction", "prose")
    (outside / "bridged.yaml").write_text(card)
    out = tmp_path / "run"
    flags = ("--model_args", "stand_in=true,project=/nowhere")
    assert rarft_eval(outside, out, *flags, model="bridged") == 0
    results = json.loads((out / "results.json").read_text())["results"]["outside"]
    assert results["n_scored,none"] == 12
    first = (out / "responses.jsonl").read_bytes()
    # How long to wait is no part of a request's name.
    flags = ("--model_args", "stand_in=true,project=/elsewhere,timeout_s=5")
    assert rarft_eval(outside, out, *flags, model="bridged") == 0
    assert (out / "responses.jsonl").read_bytes() == first


def test_a_project_that_is_not_installed_is_one_line(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outside / "bridged.yaml").write_text(BRIDGED.format(runner="trace.py"))
    flags = ("--model_args", f"project={outside},pretrained=a/b")
    assert rarft_eval(outside, tmp_path / "run", *flags, model="bridged") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "trace/__init__.py" in line]
    assert len(lines) == 1
    assert "Traceback" not in lines[0]
    assert not (tmp_path / "run" / "responses.jsonl").exists()
