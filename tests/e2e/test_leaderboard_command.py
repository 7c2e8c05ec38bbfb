"""A replayed run becomes an entry, a site and a publication, through the real command."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rarft.harness.cli import main as rarft_eval
from rarft.leaderboard.cli import main as rarft_leaderboard

TASK = """
task: small
class: !function rarft.tasks.grounding_task.GroundingTask
metadata: {version: 1.0, annotation: small.json, licence: MIT, videos: none}
"""
N_RECORDS = 12
GROUNDED, REFUSED = "From 1.0 to 3.0 seconds.", "No such event can be found in the video."


def record(index: int) -> dict[str, Any]:
    return {
        "video": f"v{index // 2}.mp4",
        "query_text": f"a red ball rolls {index}",
        "timestamp": [1.0, 3.0],
        "duration": 4.0,
        "GRPO": [
            {"q": f"a red ball rolls {index}", "a": "", "r": True, "difficulty": "original"},
            {
                "q": f"a blue ball rolls {index}",
                "a": "<answer>The ball is red, not blue.</answer>",
                "r": False,
                "c": ["Attribute/AttributeValue"],
                "difficulty": "hard",
            },
        ],
    }


def replies(*, n_wrong: int) -> list[dict[str, str]]:
    """Replies right but for the first irrelevant queries, which are grounded."""
    told = [
        (f"a {colour} ball rolls {index}", index, colour == "red" or index < n_wrong)
        for index in range(N_RECORDS)
        for colour in ("red", "blue")
    ]
    return [
        {
            "video": f"v{index // 2}.mp4",
            "query": query,
            "model_output": GROUNDED if is_grounded else REFUSED,
        }
        for query, index, is_grounded in told
    ]


def evaluate(folder: Path, name: str, *, n_wrong: int) -> Path:
    path, out = folder / f"{name}.json", folder / "runs" / name
    path.write_text(json.dumps(replies(n_wrong=n_wrong)))
    arguments = [
        *("--model", "replay", "--model_args", f"path={path}", "--tasks", "small"),
        *("--include_path", str(folder / "task"), "--output_path", str(out)),
        *("--n_resamples", "50", "--judges", "categories=none,similarity=none,correction=none"),
    ]
    assert rarft_eval(arguments) == 0
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two entries, submitted and verified, and the site built of them."""
    root = tmp_path_factory.mktemp("board")
    (root / "task").mkdir()
    (root / "task" / "small.yaml").write_text(TASK)
    (root / "task" / "small.json").write_text(json.dumps([record(n) for n in range(N_RECORDS)]))
    own = ["--include_path", str(root / "task")]
    for name, n_wrong in (("good", 0), ("poor", 9)):
        run = evaluate(root, name, n_wrong=n_wrong)
        entry = str(root / "entries" / name)
        assert rarft_leaderboard(["submit", str(run), "--output", entry, "--name", name]) == 0
        assert rarft_leaderboard(["verify", entry, *own]) == 0
    built = ["--output", str(root / "site"), "--n_resamples", "50", *own]
    assert rarft_leaderboard(["build", "--entries", str(root / "entries"), *built]) == 0
    return root


@pytest.fixture
def hub(servers: ModuleType) -> Iterator[str]:
    with servers.running_server("--token", "hf_secret", script="hub_server.py") as address:
        yield address


def publish(
    folder: Path, *flags: str, hub: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, with nothing of this machine's Hub settings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "rarft.leaderboard.cli", "publish", *flags],
        env={**kept, "HF_ENDPOINT": hub, "HF_HOME": str(folder / "hf"), "NO_PROXY": "*"}
        | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


BOTH = (
    *("--entries", "entries", "--dataset", "me/entries"),
    *("--site", "site", "--space", "me/board"),
)


def test_the_site_holds_both_entries_and_the_papers_rows(folder: Path) -> None:
    board = json.loads((folder / "site" / "data" / "board.json").read_text())
    rows = {row["id"]: row for row in board["entries"]}
    assert {rows["good"]["tier"], rows["poor"]["tier"]} == {"recomputed"}
    assert any(row["kind"] == "paper" for row in rows.values())
    assert (folder / "site" / "index.html").is_file()
    assert rows["good"]["tasks"]["small"]["figures"]["f1_avg"][0] == 100.0


def test_a_dry_run_lists_what_would_go_where_without_a_token_or_a_network(folder: Path) -> None:
    done = publish(folder, *BOTH, "--dry_run", hub="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    listed = {(place, path) for place, _, path, _ in rows}
    assert ("dataset", "entries/good/samples/small.parquet") in listed
    assert ("dataset", "README.md") in listed
    assert ("space", "data/board.json") in listed
    site = {str(path.relative_to(folder / "site")) for path in (folder / "site").rglob("*.*")}
    assert {path for place, path in listed if place == "space"} == site | {"README.md"}
    assert done.stderr.count("nothing was sent") == 2


def test_what_was_listed_reaches_the_hub_byte_for_byte(
    folder: Path, hub: str, servers: ModuleType
) -> None:
    listed = publish(folder, *BOTH, "--dry_run").stdout.splitlines()
    done = publish(folder, *BOTH, hub=hub, HF_TOKEN="hf_secret")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{hub}/datasets/me/entries", f"{hub}/spaces/me/board"]
    held = servers.ask_server(f"{hub}/stand-in")
    sent = {
        f"{repository}/{path}"
        for repository, files in held["files"].items()
        for path in files
        if path != ".gitattributes"
    }
    assert sent == {"{} {}/{}".format(*line.split("\t")) for line in listed}
    assert held["transfers"] == ["xet"]
    assert [one.get("sdk") for one in held["repositories"]] == [None, "static"]
    for name, place in (("dataset me/entries", "entries"), ("space me/board", "site")):
        for path, digest in held["files"][name].items():
            file = folder / path if place == "entries" else folder / "site" / path
            if file.is_file():
                assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, path


@pytest.mark.parametrize(
    ("token", "said"),
    [("", "got no token of the Hub"), ("hf_other", "a token that http://127.0.0.1")],
)
def test_a_hub_that_cannot_be_written_to_is_one_line(
    folder: Path, hub: str, token: str, said: str
) -> None:
    done = publish(folder, *BOTH, hub=hub, HF_TOKEN=token)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_changed_entry_is_refused_before_anything_is_sent(
    folder: Path, tmp_path: Path, hub: str, servers: ModuleType
) -> None:
    entry = tmp_path / "entries" / "good"
    for path in (folder / "entries" / "good").rglob("*.*"):
        target = entry / path.relative_to(folder / "entries" / "good")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    results = entry / "results.json"
    results.write_text(results.read_text().replace("1.0", "0.9", 1))
    flags = ("--entries", str(tmp_path / "entries"), "--dataset", "me/entries")
    done = publish(folder, *flags, hub=hub, HF_TOKEN="hf_secret")
    assert (done.returncode, done.stdout) == (2, "")
    assert "sha256" in done.stderr
    assert servers.ask_server(f"{hub}/stand-in")["repositories"] == []
