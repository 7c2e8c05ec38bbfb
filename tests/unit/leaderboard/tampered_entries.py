"""Ways to change a good entry, for tests that every lie is found."""

import importlib.util
import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SPEC = importlib.util.spec_from_file_location(
    "forged_entries", Path(__file__).with_name("forged_entries.py")
)
forged = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = forged
_SPEC.loader.exec_module(forged)

TASK = forged.TASK
SAMPLES = f"samples/{TASK}.parquet"
Change = Callable[["forged.Draft"], None]


def set_in(*path, value) -> Change:
    """Set a value of results.json by its keys."""

    def change(draft):
        record = draft.results
        for key in path[:-1]:
            record = record[key]
        record[path[-1]] = value

    return change


def figure(key, value) -> Change:
    return set_in("results", TASK, f"{key},none", value=value)


def about(**changed) -> Change:
    return lambda draft: draft.about.update(changed)


def rewritten(name: str, edit: Callable[[str], str]) -> Change:
    """Edit the text of a file and hash it again."""

    def change(draft):
        path = draft.path / name
        path.write_text(edit(path.read_text()))
        draft.hash_again()

    return change


def manifest(edit: Callable[[dict], None]) -> Change:
    def change(draft):
        path = draft.path / "manifest.json"
        record = json.loads(path.read_text())
        edit(record)
        path.write_text(json.dumps(record))

    return change


def predicted(changed, **wanted) -> Change:
    """Change the prediction of the first row that has some values."""
    return lambda draft: draft.row(**wanted)["prediction"].update(changed)


def judged(measure="categories", **changed) -> Change:
    def change(draft):
        row = next(row for row in draft.rows if row["judgements"].get(measure))
        row["judgements"][measure].update(changed)

    return change


def hash_all(draft):
    """List files that the manifest's own writer would not list."""
    record = json.loads((draft.path / "manifest.json").read_text())
    files = [path for path in draft.path.rglob("*") if path.is_file()]
    for path in files:
        name = str(path.relative_to(draft.path))
        if name != "manifest.json":
            record["files"].setdefault(name, "0" * 64)
    (draft.path / "manifest.json").write_text(json.dumps(record))


def put_pickle(draft):
    (draft.path / "samples" / "weights.pkl").write_bytes(pickle.dumps({"a": 1}))


def put_listed_pickle(draft):
    put_pickle(draft)
    hash_all(draft)


def pickle_as_samples(draft):
    (draft.path / SAMPLES).write_bytes(pickle.dumps([1, 2, 3]))
    draft.hash_again()


def link_results(draft):
    target = draft.path.parent / "elsewhere.json"
    (draft.path / "results.json").rename(target)
    (draft.path / "results.json").symlink_to(target)


def link_samples(draft):
    target = draft.path.parent / "elsewhere"
    (draft.path / "samples").rename(target)
    (draft.path / "samples").symlink_to(target, target_is_directory=True)


def pipe_as_train(draft):
    os.mkfifo(draft.path / "train.json")


def repacked(**options) -> Change:
    """Write the samples in another layout of Parquet."""

    def change(draft):
        table = pq.read_table(draft.path / SAMPLES)
        pq.write_table(table, draft.path / SAMPLES, **options)
        draft.hash_again()

    return change


def bomb(draft):
    """A hundred thousand rows that all point to one text of a dictionary."""
    names = pq.read_schema(draft.path / SAMPLES).names
    zeros = pa.array([0] * 100_000, type=pa.int32())
    column = pa.DictionaryArray.from_arrays(zeros, ["x" * 100_000])
    table = pa.table(dict.fromkeys(names, column))
    pq.write_table(table, draft.path / SAMPLES, compression="zstd")
    draft.hash_again()


def nested_column(draft):
    table = pq.read_table(draft.path / SAMPLES)
    nested = pa.array([[[1]]] * table.num_rows)
    pq.write_table(table.append_column("nested", nested), draft.path / SAMPLES)
    draft.hash_again()


def duplicate_row(draft):
    draft.rows.append(dict(draft.rows[0]))


def respell_row(draft):
    """Repeat a query under an id that is the same once it is normalised."""
    digit = chr(0xFF10)
    draft.rows.append({**draft.rows[0], "query_id": draft.rows[0]["query_id"].replace("0", digit)})


def swap_rows(draft):
    draft.rows[0], draft.rows[1] = draft.rows[1], draft.rows[0]


def unjudge(draft):
    row = draft.row(kind="grounded", relevant=False)
    row.update(status="unjudged", prediction=None, failure="hard to say")


def rename_task(draft):
    for section in ("results", "floors", "versions", "n-samples", "load_reports"):
        record = draft.results[section]
        record["hi_secret"] = record.pop(TASK)
    draft.provenance["tasks"]["hi_secret"] = draft.provenance["tasks"].pop(TASK)


def rename_samples(draft):
    (draft.path / SAMPLES).rename(draft.path / "samples/hi_secret.parquet")
    draft.hash_again()


def ground_right(draft):
    """Put the true span where a wrong one was told."""
    row = draft.row(kind="grounded", relevant=True)
    row["prediction"]["spans"] = [[start + 1.0, end + 1.0] for start, end in _spans(row)]


def _spans(row):
    return row["prediction"]["spans"]


def refuse_instead(draft):
    row = draft.row(kind="grounded", relevant=False)
    categories = next(one["judgements"] for one in draft.rows if one["judgements"])
    row["prediction"].update(kind="refused", spans=[], flags=[], explanation="No such thing.")
    row["judgements"] = categories


def silence(draft):
    """Leave the words out, so that the prediction looks like an answer without any."""
    row = draft.row(kind="grounded", relevant=True, flags=[])
    row["reply"] = ""


def oracle_categories(draft):
    """Let every refusal name what the reference names."""
    by_id = {doc["id"]: doc for doc in forged.load(**forged.SET)["test"]}
    for row in draft.rows:
        if "categories" in row["judgements"]:
            row["judgements"]["categories"]["value"] = by_id[row["query_id"]]["categories"]


def drop_judgement(draft):
    next(row for row in draft.rows if row["judgements"])["judgements"].clear()


def judge_grounding(draft):
    given = next(row["judgements"] for row in draft.rows if row["judgements"])
    draft.row(kind="grounded", relevant=False)["judgements"] = given


def count(key, by) -> Change:
    def change(draft):
        draft.figures[f"{key},none"] += by

    return change


def answer_right(draft):
    """Give the answer of the reference, in the form of a model without words."""
    for row in draft.rows:
        is_relevant = row["query_id"].endswith("-0")
        told = row["prediction"]
        if is_relevant != (told["kind"] == "grounded"):
            spans = told["spans"] or told.get("candidates") or [[0.0, 1.0]]
            told.update(kind="grounded" if is_relevant else "refused", candidates=[])
            told.update(spans=spans if is_relevant else [])
            return
    raise AssertionError("every answer is right")


def score_right(draft):
    for row in draft.rows:
        row["relevance_score"] = float(row["query_id"].endswith("-0"))


def fail_wrong(draft):
    row = draft.row(kind="refused", relevant=True)
    row.update(status="failed", failure="out of memory", prediction=None, relevance_score=None)


def learned_elsewhere(draft):
    draft.results["config"]["model_args"] = {"train_task": TASK}


def narrow(draft):
    draft.figures["f1_avg_ci_low,none"] = draft.figures["f1_avg,none"]


def other_seed(draft):
    draft.results["config"]["seed"] = draft.provenance["seed"] = 7


def other_prompt(draft):
    next(iter(draft.provenance["prompts"].values()))["text"] += " Think hard."


def official_prompt(draft):
    next(iter(draft.provenance["prompts"].values()))["origin"] = "official"


def other_backend(draft):
    for section in ("provenance", "model"):
        draft.results[section].update(backend="bridge", card_backend="bridge")


def lower_blind(draft):
    floor = draft.results["floors"][TASK]["blind"]
    floor["f1_avg,none"] -= 0.1


def whole_task(draft):
    draft.results["config"]["limit"] = None


def many_nested(draft):
    draft.rows[1]["judgements"] = {"categories": [[[[[[[[1]]]]]]]]}
