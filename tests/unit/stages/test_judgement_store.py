import json
from pathlib import Path

import pytest

from rarft.harness.errors import UserError
from rarft.harness.stages.judgement_store import Entry, JudgementStore, basis_digest
from rarft.harness.types import Judgement, Prediction, Span

KEY = ("task", "1-1", "request")


def entry(judgement: Judgement, basis: str = "b") -> Entry:
    return Entry(key=KEY, basis=basis, judgement=judgement)


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(measure="reasoning", judge="llm", version="1", model="m", value=3.5),
        Judgement(
            measure="categories", judge="local", version="1", value=("Scene/SceneExistence",)
        ),
        Judgement(measure="categories", judge="local", version="1", value=()),
        Judgement(measure="reasoning", judge="llm", version="1", reason="the answer is prose"),
        Judgement(
            measure="relevance",
            judge="rule",
            version="1",
            value=Prediction(kind="refused", candidates=(Span(1.0, 2.0),)),
        ),
    ],
)
def test_a_judgement_is_read_back_as_it_was_stored(tmp_path: Path, judgement: Judgement) -> None:
    with JudgementStore(tmp_path) as store:
        store.put([entry(judgement)])
    with JudgementStore(tmp_path) as store:
        assert store.get(KEY, judgement.measure, "b") == judgement


def test_a_judgement_of_anything_else_is_not_found(tmp_path: Path) -> None:
    judgement = Judgement(measure="reasoning", judge="llm", version="1", value=3.5)
    with JudgementStore(tmp_path) as store:
        store.put([entry(judgement)])
        assert store.get(KEY, "reasoning", "other") is None
        assert store.get(KEY, "similarity", "b") is None
        assert store.get(("task", "1-1", "other"), "reasoning", "b") is None


def test_the_last_row_of_a_basis_counts(tmp_path: Path) -> None:
    unscored = Judgement(measure="reasoning", judge="llm", version="1", reason="HTTP 500")
    scored = Judgement(measure="reasoning", judge="llm", version="1", value=2.0)
    with JudgementStore(tmp_path) as store:
        store.put([entry(unscored)])
        store.put([entry(scored)])
    with JudgementStore(tmp_path) as store:
        assert store.get(KEY, "reasoning", "b") == scored


def test_a_torn_last_row_is_cut_off_and_the_others_stay(tmp_path: Path) -> None:
    judgement = Judgement(measure="reasoning", judge="llm", version="1", value=2.0)
    with JudgementStore(tmp_path) as store:
        store.put([entry(judgement), entry(judgement, "c")])
    path = tmp_path / "judgements.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with JudgementStore(tmp_path) as store:
        assert store.get(KEY, "reasoning", "b") == judgement
        assert store.get(KEY, "reasoning", "c") is None


def test_a_row_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "judgements.jsonl"
    named = {"task": "t", "query_id": "q", "request": "r", "basis": "b", "measure": "reasoning"}
    path.write_text(json.dumps({"schema_version": 1, **named}) + "\n")
    with pytest.raises(UserError, match="judgement of query q that cannot be read"):
        JudgementStore(tmp_path)


def test_a_basis_depends_on_every_part_and_its_place() -> None:
    assert basis_digest("a", "b") != basis_digest("b", "a")
    assert basis_digest("a", None) != basis_digest("a")
    assert basis_digest("a", {"x": 1, "y": 2}) == basis_digest("a", {"y": 2, "x": 1})
