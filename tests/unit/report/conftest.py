"""Invented results and samples in the shape the score stage writes; no figure here is a result."""

import json
import random

import pytest

from rarft.harness.report.schema import Results, Sample
from rarft.harness.taxonomy import CATEGORIES

LEVEL_NAMES = ("strong", "moderate", "weak")


def scores_of(samples, *, one_class=False, width=0.05):
    """Plausible figures computed from invented samples, with intervals of a fixed half width."""
    scored = [s for s in samples if s["status"] == "scored"]
    relevant = [s for s in scored if s["relevant"]]
    irrelevant = [s for s in scored if not s["relevant"]]
    grounded = [s for s in relevant if s["prediction"]["kind"] == "grounded"]
    refused = [s for s in irrelevant if s["prediction"]["kind"] != "grounded"]
    figures = {f"ra_iou@{t}": _mean(s["ra_iou"] >= t for s in scored) for t in (0.3, 0.5, 0.7)}
    figures["ra_miou"] = _mean(s["ra_iou"] for s in scored)
    if not one_class:
        hits, misses = len(grounded), len(irrelevant) - len(refused)
        figures["f1_relevant"] = 2 * hits / max(1, hits + misses + len(relevant))
        wrong = len(relevant) - hits
        figures["f1_irrelevant"] = 2 * len(refused) / max(1, len(refused) + wrong + len(irrelevant))
        figures["f1_avg"] = (figures["f1_relevant"] + figures["f1_irrelevant"]) / 2
        figures["pair_accuracy"] = 0.31
    figures["miou_relevant"] = _mean(s["iou"] or 0.0 for s in relevant)
    figures["miou_grounded"] = _mean(s["iou"] for s in grounded)
    figures["f1_relevant/original"] = _within(relevant, "grounded")
    for level in LEVEL_NAMES:
        figures[f"f1_irrelevant/{level}"] = _within(
            [s for s in irrelevant if s["level"] == level], "refused"
        )
    for group in ("Action", "Object", "Scene", "Attribute", *CATEGORIES):
        own = [s for s in irrelevant if any(c.startswith(group) for c in s["categories"])]
        figures[f"f1_irrelevant/{group}"] = _within(own, "refused")
    scores = {"alias": "invented", "name": "invented", "sample_len": len(samples)}
    for key, value in figures.items():
        scores[f"{key},none"] = value
        scores[f"{key}_ci_low,none"] = None if value is None else max(0.0, value - width)
        scores[f"{key}_ci_high,none"] = None if value is None else min(1.0, value + width)
    return scores | _counts(samples, scored, relevant, irrelevant, grounded)


def _counts(samples, scored, relevant, irrelevant, grounded):
    kinds = [s["prediction"]["kind"] for s in scored]
    counts = {
        "queries": len(samples),
        "scored": len(scored),
        "relevant": len(relevant),
        "irrelevant": len(irrelevant),
        "grounded": len(grounded),
        "refused": kinds.count("refused"),
        "unparsed": kinds.count("unparsed"),
        "missing": sum(s["status"] == "missing" for s in samples),
        "failed": sum(s["status"] == "failed" for s in samples),
    }
    return {f"n_{key},none": count for key, count in counts.items()}


def _mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def _within(samples, kind):
    if not samples:
        return None
    recall = _mean((s["prediction"]["kind"] == "grounded") == (kind == "grounded") for s in samples)
    return 2 * recall / (1 + recall)


def one_sample(index, rng, *, skill=0.6, one_class=False):
    """An invented row of samples_<task>.jsonl."""
    relevant = one_class or index % 2 == 0
    duration = round(rng.uniform(12, 90), 2)
    start = round(rng.uniform(0, duration * 0.6), 1)
    end = round(start + rng.uniform(3, duration * 0.35), 1)
    right = rng.random() < skill
    level = "original" if relevant else LEVEL_NAMES[index // 2 % 3]
    colour, other = rng.sample(["red", "blue", "green", "white", "orange"], 2)
    shape = rng.choice(["circle", "square", "triangle", "star"])
    sample = {
        "schema_version": 1,
        "doc_id": index,
        "query_id": f"{index // 2:05d}-{index % 2}",
        "video": f"clip_{index // 4:04d}",
        "text": f"The {colour} {shape} moves to the left and then stops beside a {other} one.",
        "relevant": relevant,
        "level": level,
        "categories": [] if relevant else rng.sample(CATEGORIES, 1 + index % 3),
        "spans": [[start, end]] if relevant else [],
        "duration_s": duration,
        "status": "scored",
        "failure": None,
        "refusal": "" if relevant else f"The {shape} is {other}, not {colour}.",
        "relevant_query": None if relevant else f"The {other} {shape} moves to the left.",
    }
    return sample | _answer(relevant == right, relevant, (start, end), rng, colour, duration)


def _answer(grounds, relevant, span, rng, colour, duration):
    if rng.random() < 0.04:
        reply = "I looked at the frames but " + "the object " * 12
        prediction = {"kind": "unparsed", "spans": [], "reason": "no_span_no_refusal"}
        return _scored(reply, prediction, relevant, None)
    if not grounds:
        why = f"There is no {colour} shape that does this."
        reply = f"<think>I compare each frame.</think><answer>{why}</answer><correct>none</correct>"
        prediction = {"kind": "refused", "spans": [], "explanation": why, "correction": "none"}
        return _scored(reply, prediction, relevant, None)
    shift, stretch = rng.gauss(0, 3), rng.gauss(0, 2)
    start = round(max(0.0, span[0] + shift), 1)
    end = round(max(start + 0.5, span[1] + shift + stretch), 1)
    flags = ["beyond_end"] if end > duration else []
    prediction = {"kind": "grounded", "spans": [[start, end]], "explanation": "", "flags": flags}
    inter = max(0.0, min(end, span[1]) - max(start, span[0]))
    union = max(end, span[1]) - min(start, span[0])
    reply = f"<think>The {colour} one starts here.</think><answer>{start} to {end}</answer>"
    return _scored(reply, prediction, relevant, inter / union if relevant else None)


def _scored(reply, prediction, relevant, iou):
    full = {"explanation": "", "correction": None, "flags": [], "reason": ""} | prediction
    refused = prediction["kind"] != "grounded"
    ra_iou = float(refused) if not relevant else iou or 0.0
    return {"reply": reply, "prediction": full, "iou": iou, "ra_iou": ra_iou}


def floors_of(scores, *, one_class=False):
    """The two trivial floors and a blind one."""
    ground = {"n_queries,none": scores["n_queries,none"], "n_scored,none": 10, "n_unparsed,none": 0}
    refuse = dict(ground)
    for key, g, r in (
        ("ra_iou@0.3", 0.21, 0.5),
        ("ra_iou@0.5", 0.12, 0.5),
        ("ra_iou@0.7", 0.05, 0.5),
        ("ra_miou", 0.14, 0.5),
        ("f1_relevant", 0.667, 0.0),
        ("f1_irrelevant", 0.0, 0.667),
        ("f1_avg", 0.333, 0.333),
        ("f1_relevant/original", 1.0, 0.0),
        *((f"f1_irrelevant/{k}", 0.0, 1.0) for k in (*LEVEL_NAMES, *CATEGORIES)),
    ):
        ground[f"{key},none"], refuse[f"{key},none"] = g, r
    if one_class:
        blind = {"not_applicable": "every query is relevant"}
    else:
        blind = {k: round(0.9 * (v + refuse[k]) / 2, 4) for k, v in ground.items()}
    return {"always_ground": ground, "always_refuse": refuse, "blind": blind}


def make_run(*, name="tiny", status="untrained", n=40, seed=0, skill=0.6, tasks=("synth_hi",)):
    """An invented results record and its samples by task; a `vtg_` task has one class."""
    results, floors, samples = {}, {}, {}
    for task in tasks:
        rng = random.Random(f"{seed}-{task}")
        one_class = task.startswith("vtg_")
        rows = [one_sample(i, rng, skill=skill, one_class=one_class) for i in range(n)]
        samples[task] = rows
        results[task] = scores_of(rows, one_class=one_class) | {"alias": task, "name": task}
        floors[task] = floors_of(results[task], one_class=one_class)
    record = {
        "schema_version": 1,
        "results": results,
        "floors": floors,
        "configs": {},
        "versions": dict.fromkeys(tasks, 1),
        "n-shot": dict.fromkeys(tasks, 0),
        "n-samples": {task: {"original": 2000, "effective": n} for task in tasks},
        "load_reports": {
            task: {"n_records": n // 2, "quirks": {"beyond_end": 3, "duplicate_query": 1}}
            for task in tasks
        },
        "model": {
            "name": name,
            "status": status,
            "family": "base",
            "backend": "hf",
            "checkpoint": None,
            "revision": None,
            "licence": "Apache-2.0",
        },
        "config": {"model": name, "tasks": list(tasks), "limit": n, "seed": 0, "policy": "paper"},
        "provenance": {
            "tasks": {task: {"version": 1, "annotation": f"{task}.json"} for task in tasks},
            "rarft_version": "0.1.0",
            "seed": 0,
        },
    }
    return record, samples


@pytest.fixture
def build():
    """The builder of an invented record and samples."""
    return make_run


@pytest.fixture
def build_view():
    """The builder of an invented run as the report reads it."""
    from rarft.harness.report.runs import RunView

    def view(**options):
        record, samples = make_run(**options)
        return RunView(
            name=options.get("name", "tiny"),
            results=Results.model_validate(record),
            samples={
                task: tuple(Sample.model_validate(row) for row in rows)
                for task, rows in samples.items()
            },
        )

    return view


@pytest.fixture
def write_run(tmp_path):
    """A function that writes an invented run to a directory, as the score stage does."""

    def write(record, samples, name="run"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / "results.json").write_text(json.dumps(record), encoding="utf-8")
        for task, rows in samples.items():
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (directory / f"samples_{task}.jsonl").write_text(lines, encoding="utf-8")
        return directory

    return write


@pytest.fixture
def hand_made():
    """Two invented results with figures short enough to check by eye."""
    figures = {
        "n_queries,none": 200,
        "n_scored,none": 200,
        "n_unparsed,none": 3,
        "n_missing,none": 0,
        "n_failed,none": 0,
        "ra_iou@0.3,none": 0.512,
        "ra_iou@0.3_ci_low,none": 0.47,
        "ra_iou@0.3_ci_high,none": 0.55,
        "f1_avg,none": 0.333,
        "pair_accuracy,none": None,
    }
    floor = {
        "n_queries,none": 200,
        "n_scored,none": 200,
        "n_unparsed,none": 0,
        "f1_avg,none": 1 / 3,
    }
    floors = {"always_ground": floor, "blind": {"not_applicable": "it was not trained"}}

    def results(name, status, **changed):
        record = {
            "schema_version": 1,
            "model": {"name": name, "status": status},
            "results": {"synth_hi": figures | changed},
            "floors": {"synth_hi": floors},
        }
        return Results.model_validate(record)

    left_out = {"n_scored,none": 150, "n_missing,none": 50}
    return [results("tiny", "untrained"), results("time_r1", None, **left_out)]


JUDGES = {
    "categories": {"judge": "local", "version": "1", "model": "synth_hi@0a1b", "text": "answer"},
    "correction": {"judge": "sbert", "version": "1", "model": "all-MiniLM-L6-v2@sha256:f121"},
    "reasoning": {
        "judge": "llm",
        "version": "1+7999c441",
        "model": "org/a-judge",
        "prompt_sha256": "7999c4416d58559f",
        "text": "answer",
    },
    "relevance": {"judge": "rule", "version": "1"},
    "similarity": {
        "judge": "sbert",
        "version": "1",
        "model": "all-MiniLM-L6-v2@sha256:f121",
        "text": "answer",
    },
}
EXPLAINED = {
    "rt_iou": 0.465,
    "rt_iou_refused": 0.674,
    "sbert": 0.534,
    "sbert_refused": 0.761,
    "llm_score": 1.81,
    "llm_score_refused": 2.68,
    "correction_sim": 0.49,
    "rt_iou/strong": 0.414,
    "sbert/strong": 0.47,
    "llm_score/strong": 1.71,
}
SELECTIVE = {
    "auroc": 0.8125,
    "aurc": 0.61,
    "aurc_excess": 0.05,
    "refusal_rate@0.01": 0.2,
    "refusal_rate@0.05": 0.4,
}


def with_figures(record, figures, *, task="synth_hi", judges=None):
    """Add invented figures of explanations or thresholds, with intervals, to a record."""
    scores = record["results"][task]
    for key, value in figures.items():
        scores[f"{key},none"] = value
        scores[f"{key}_ci_low,none"] = value - 0.01
        scores[f"{key}_ci_high,none"] = value + 0.01
    for measure in ("categories", "similarity", "reasoning", "correction"):
        scores[f"n_judged_{measure},none"] = 100
        scores[f"n_unscored_{measure},none"] = 0
    record["provenance"]["judges"] = JUDGES if judges is None else judges
    record["floors"][task]["always_refuse"] |= {
        "rt_iou,none": 0.212,
        "constant_categories": ["Object/ObjectExistence", "Attribute/Counting"],
    }
    return record


@pytest.fixture
def explained():
    """The builder of an invented record with figures of explanations, and its samples."""

    def build(*, figures=EXPLAINED, judges=None, **options):
        record, samples = make_run(**options)
        return with_figures(record, figures, judges=judges), samples

    return build


@pytest.fixture
def ranked():
    """The builder of an invented record with figures over all thresholds, and its samples.

    Even queries are relevant, and their scores are the higher ones.
    """

    def build(**options):
        record, samples = make_run(**options)
        for row in samples["synth_hi"]:
            row["relevance_score"] = 0.85 if row["relevant"] else 0.25
        return with_figures(record, SELECTIVE), samples

    return build
