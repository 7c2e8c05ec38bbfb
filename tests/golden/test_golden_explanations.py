"""Averages of twelve explanations equal those reckoned by hand in explanations/README.md."""

import json
from pathlib import Path

import pytest

from rarft.harness.metrics import counts, figures, outcome
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Judgement
from rarft.tasks.official import read_queries

FOLDER = Path(__file__).parent / "explanations"
KEYS = ("rt_iou", "sbert", "llm_score")
JUDGED = ("categories", "similarity", "reasoning", "correction")
EXPECTED = {
    ("answer", "paper"): {
        "rt_iou": 31 / 60,
        "rt_iou_refused": 31 / 54,
        "sbert": 5.2 / 10,
        "sbert_refused": 5.2 / 9,
        "llm_score": 23 / 8 * 9 / 10,
        "llm_score_refused": 23 / 8,
        "rt_iou/strong": (1 + 0 + 1 + 1) / 4,
        "sbert/moderate": (0.6 + 0.1 + 0.7) / 3,
        "llm_score/strong": (5 + 0 + 5) / 3 * 4 / 4,
        "llm_score/weak": (0 + 2 + 3) / 3,
    },
    ("answer", "strict"): {
        "rt_iou": 31 / 60,
        "rt_iou_refused": 31 / 48,
        "sbert": 5.0 / 10,
        "sbert_refused": 5.0 / 8,
        "llm_score": 23 / 7 * 8 / 10,
        "llm_score_refused": 23 / 7,
        "sbert/strong": (0.9 + 0 + 0.8 + 1) / 4,
        "llm_score/strong": (5 + 5) / 2 * 3 / 4,
    },
    ("official", "paper"): {
        "rt_iou": 7 / 10,
        "rt_iou_refused": 7 / 9,
        "sbert": 5.7 / 10,
        "sbert_refused": 5.7 / 9,
        "llm_score": 29 / 8 * 9 / 10,
        "llm_score_refused": 29 / 8,
        "rt_iou/weak": (0 + 2 / 3 + 1 / 3) / 3,
        "llm_score/strong": (5 + 1 + 5) / 3 * 4 / 4,
        "llm_score/weak": (0 + 3 + 3) / 3,
    },
    ("official", "strict"): {
        "rt_iou": 6 / 10,
        "rt_iou_refused": 6 / 8,
        "sbert": 5.4 / 10,
        "sbert_refused": 5.4 / 8,
        "llm_score": 28 / 7 * 8 / 10,
        "llm_score_refused": 28 / 7,
        "llm_score/strong": (5 + 5) / 2 * 3 / 4,
    },
}


def read(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def judgements_of(text):
    judgements = {}
    for row in read(f"judgements_{text}.json"):
        value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
        judgements.setdefault(row["query_id"], {})[row["measure"]] = Judgement(
            measure=row["measure"],
            judge="stored",
            version="1",
            value=value,
            reason=row.get("reason", ""),
        )
    return judgements


def scored(text, policy):
    queries, _ = read_queries(FOLDER / "explanations.json", task="explanations")
    judgements = judgements_of(text)
    return [
        outcome(
            query,
            parse_reply(
                reply["model_output"], form="answer_correction", duration_s=query.duration_s
            ),
            policy=policy,
            judgements=judgements.get(query.id, {}),
            judged=JUDGED,
        )
        for query, reply in zip(queries, read("replies.json"), strict=True)
    ]


def test_the_replies_are_read_as_the_table_says():
    kinds = [one.predicted for one in scored("answer", "paper")]
    assert kinds == [
        "grounded",
        "refused",
        "refused",
        "grounded",
        "unparsed",
        *["refused"] * 7,
    ]


@pytest.mark.parametrize(("text", "policy"), EXPECTED)
def test_the_averages_are_those_reckoned_by_hand(text, policy):
    scores = figures(scored(text, policy))
    for key, value in EXPECTED[text, policy].items():
        assert scores[key] == pytest.approx(value, abs=1e-12), key
    assert scores["correction_sim"] == pytest.approx(1 / 4)


@pytest.mark.parametrize("text", ["answer", "official"])
def test_the_unscored_query_is_counted(text):
    counted = counts(scored(text, "paper"))
    assert (counted["n_judged_reasoning"], counted["n_unscored_reasoning"]) == (9, 1)
    assert (counted["n_judged_categories"], counted["n_unscored_categories"]) == (9, 0)
    assert (counted["n_judged_correction"], counted["n_unscored_correction"]) == (3, 0)


def test_every_score_of_a_query_is_that_of_the_table():
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rows = [row for row in cells if row[0].startswith("0000")]
    assert len(rows) == 13
    for row in rows:
        policy = "strict" if row[2].endswith("strict") else "paper"
        for position, text in enumerate(("answer", "official")):
            found = {one.query_id: one for one in scored(text, policy)}[row[0]].explanation
            stated = row[3 + position :: 2]
            values = found.values[:3] if found else (None, None, None)
            unscored = found.unscored if found else ()
            for key, value, cell in zip(KEYS, values, stated, strict=True):
                assert (cell == "unscored") == (key in unscored)
                assert value == fraction(cell)


def fraction(cell):
    if cell in ("", "unscored"):
        return None
    above, _, below = cell.partition("/")
    return pytest.approx(float(above) / float(below or 1))
