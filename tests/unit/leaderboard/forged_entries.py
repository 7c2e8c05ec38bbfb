"""Good entries of small real runs, and what it takes to forge one that looks as good."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rarft.harness.judges.judge_config import JudgeConfig
from rarft.harness.run import run
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.task_figures import task_figures
from rarft.leaderboard.entries import read_entry, submit, write_manifest
from rarft.leaderboard.entries.sample_table import samples_bytes
from rarft.leaderboard.verification import TaskShelf
from rarft.leaderboard.verification.answered import answered_queries, outcomes_of
from rarft.leaderboard.verification.claims import read_claims
from rarft.tasks.synth_hi import load

N_QUERIES = 42
TASK = "synth_hi"
SET: dict[str, Any] = {"n_queries": N_QUERIES, "render": False}
# Similarities need a sentence encoder, which takes ten seconds to load.
NO_ENCODER = {"similarity": "none", "correction": "none"}


def own_shelf() -> TaskShelf:
    """The verifier's tasks: the same small set."""
    return TaskShelf(metadata=SET)


def made_reply(number: int, doc: dict[str, Any]) -> str:
    """A reply of each kind in turn: right, wrong, refused, unreadable, reversed, empty."""
    spans = doc["spans"] or [[1.0, 4.0]]
    start_s, end_s = spans[0]
    refusal = doc["refusal"] or "The video shows no such thing. There is one triangle, not two."
    answers = [
        f"{start_s} to {end_s}",
        f"{start_s + 1.5} to {end_s + 2.5}",
        refusal,
        "I cannot watch videos.",
        f"{end_s} to {start_s}",
        "",
        refusal,
    ]
    answer = answers[number % len(answers)]
    correction = "a red ball rolls" if number % len(answers) == 6 else "NIL"
    thought = f"<think>Look at {number}.</think>"
    return f"{thought}<answer>{answer}</answer><correction>{correction}</correction>"


def write_replies(path: Path, **named: Any) -> Path:
    """Write replies to every query of the set as the harness stores them."""
    docs = load(**{**SET, **named})["test"]
    rows = [
        {
            "schema_version": 1,
            "task": TASK,
            "query_id": doc["id"],
            "video": doc["video"],
            "query": doc["text"],
            "status": "ok",
            "text": made_reply(number, doc),
            "relevance_score": (number * 37 % 100) / 100,
            "n_prompt_tokens": 100 + number,
            "seconds": 0.5,
        }
        for number, doc in enumerate(docs)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def made_entry(folder: Path, name: str, model: str = "always_refuse", **flags: Any) -> Path:
    """Run a model on the small set and submit the run."""
    named = {
        "tasks": (TASK,),
        "metadata": SET,
        "n_resamples": 40,
        "judging": JudgeConfig(judges=NO_ENCODER),
        **flags,
    }
    run(RunConfig(model=model, **named), folder / f"{name}_run")
    return submit(folder / f"{name}_run", folder / name, partial=True)


def replayed_entry(folder: Path, name: str, **flags: Any) -> Path:
    """An entry of replies of every kind."""
    replies = write_replies(folder / f"{name}.jsonl", **flags.get("metadata", {}))
    arguments = {"path": str(replies), "form": "answer_correction"}
    return made_entry(folder, name, "replay", model_args=arguments, **flags)


@dataclass
class Draft:
    """An entry taken apart: change it, and write it with a manifest that matches."""

    path: Path
    about: dict[str, Any]
    results: dict[str, Any]
    rows: list[dict[str, Any]]

    @property
    def figures(self) -> dict[str, Any]:
        """The figures of the task."""
        return self.results["results"][TASK]

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the results come from."""
        return self.results["provenance"]

    def row(self, **wanted: Any) -> dict[str, Any]:
        """The first row of a relevant or irrelevant query whose prediction has these values."""
        relevant = wanted.pop("relevant", None)
        for row in self.rows:
            prediction = row["prediction"] or {}
            is_relevant = row["query_id"].endswith("-0")
            has_all = all(prediction.get(key) == value for key, value in wanted.items())
            if has_all and relevant in (None, is_relevant):
                return row
        raise AssertionError(f"no row with {wanted}")

    def write(self) -> None:
        """Write every file, and the manifest of them."""
        (self.path / "entry.json").write_text(json.dumps(self.about))
        (self.path / "results.json").write_text(json.dumps(self.results))
        rows = [
            {
                **row,
                "prediction": row["prediction"] and json.dumps(row["prediction"]),
                "judgements": json.dumps(row["judgements"]),
            }
            for row in self.rows
        ]
        (self.path / f"samples/{TASK}.parquet").write_bytes(samples_bytes(rows))
        self.hash_again()

    def hash_again(self) -> None:
        """Make the manifest's hashes match what lies there."""
        write_manifest(self.path, slug="forged")

    def match_figures(self, shelf: TaskShelf) -> None:
        """Write figures that follow from the rows as they are now, however those came about."""
        self.write()
        entry = read_entry(self.path)
        claims = read_claims(entry)
        task = shelf.find(TASK, claims)
        outcomes = outcomes_of(answered_queries(task, entry.samples[TASK], claims), claims.config)
        config = claims.config
        self.figures.update(
            task_figures(outcomes, n_resamples=config.n_resamples, seed=config.seed)
        )
        self.write()


def taken_apart(entry: Path, copy: Path) -> Draft:
    """Copy an entry and read it as an attacker would."""
    shutil.copytree(entry, copy)
    rows = pq.read_table(copy / f"samples/{TASK}.parquet").to_pylist()
    for row in rows:
        row["prediction"] = row["prediction"] and json.loads(row["prediction"])
        row["judgements"] = json.loads(row["judgements"])
    return Draft(
        path=copy,
        about=json.loads((copy / "entry.json").read_text()),
        results=json.loads((copy / "results.json").read_text()),
        rows=rows,
    )
