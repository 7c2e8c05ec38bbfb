from collections.abc import Callable
from pathlib import Path

from rarft.dataset_builder.build_accept import (
    accepted_rows,
    irrelevant_query,
    missing_queries,
)
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.draft_store import DraftStore
from rarft.dataset_builder.store import Failure, PlanKey
from rarft.dataset_builder.types import (
    Candidate,
    Categorized,
    Finding,
    Planned,
    Row,
    Verdict,
    row_from_json,
)
from rarft.harness.taxonomy import HARD_LEVELS, Level

Rows = Callable[..., list[Row]]
PATHS = ("Action/FineGrainedAction", "Object/ObjectExistence", "Scene/SceneExistence")


def candidate(query_id: str, level: Level, attempt: int = 0) -> Candidate:
    n_edits = HARD_LEVELS.index(level) + 1
    return Candidate(
        id=f"{query_id}/{level}/{attempt}",
        query_id=query_id,
        level=level,
        categories=PATHS[:n_edits],
        attempt=attempt,
        text=f"{level} {query_id}",
        refusal=f"No {level}.",
    )


def chosen(*query_ids: str) -> dict[PlanKey, Candidate]:
    return {
        (query_id, level): candidate(query_id, level)
        for query_id in query_ids
        for level in HARD_LEVELS
    }


def ids(rows: list[Row]) -> list[str]:
    return [row.query.id for row in rows]


def test_each_relevant_row_is_followed_by_its_irrelevant_ones(make_rows: Rows) -> None:
    rows = list(accepted_rows(make_rows()[:2], chosen("q1"), {}, BuildConfig(rows="r")))
    assert ids(rows) == ["q0", "q1", "q1-strong", "q1-moderate", "q1-weak"]
    assert [row.query.level for row in rows] == ["original", "original", *HARD_LEVELS]
    assert {row.query.record for row in rows[1:]} == {"q1"}
    assert [row_from_json(row.to_json()) for row in rows] == rows


def test_an_irrelevant_query_keeps_the_video_and_loses_the_span(make_rows: Rows) -> None:
    relevant = make_rows()[0].query
    query = irrelevant_query(relevant, candidate("q0", "moderate"))
    assert (query.video, query.duration_s, query.spans) == ("v0.mp4", 30.0, ())
    assert query.relevant is False
    assert query.relevant_query == relevant.text
    assert query.refusal == "No moderate."
    assert query.categories == PATHS[:2]
    assert query.provenance == "own.json#0 rewritten q0/moderate/0"


def test_n_queries_takes_exactly_so_many_that_lack_nothing(make_rows: Rows) -> None:
    picked = chosen("q0", "q2", "q3")
    del picked["q0", "weak"]
    config = BuildConfig(rows="r", n_queries=1)
    assert ids(list(accepted_rows(make_rows(), picked, {}, config)))[::4] == ["q2"]


def test_a_paraphrase_stands_for_the_query_in_both_places(make_rows: Rows) -> None:
    texts = {"q0": "somebody opens the kitchen door."}
    config = BuildConfig(rows="r", levels=("strong",))
    relevant, irrelevant = accepted_rows(make_rows()[:1], chosen("q0"), texts, config)
    assert relevant.query.text == irrelevant.query.relevant_query == texts["q0"]


def test_what_is_missing_is_listed_with_its_reason(tmp_path: Path, make_rows: Rows) -> None:
    rows = make_rows()[:3]
    config = BuildConfig(rows="r", levels=("strong",), max_candidates=3)
    plans = {
        name: [Planned(query_id=name, level="strong", categories=PATHS[:1])]
        for name in ("q0", "q1")
    }
    categorized = {
        name: Categorized(query_id=name, categories=PATHS, reasons=("r",) * 3) for name in plans
    }
    failed = {"q2": Failure(step="categorize", query_id="q2", attempt=0, reason="prose")}
    with DraftStore(tmp_path) as store:
        store.put([(candidate("q0", "strong", k), {}) for k in range(2)], [])
        nothing = Failure(step="rewrite", query_id="q0", level="strong", attempt=2, reason="x")
        store.put([], [(nothing, {})])
        for k, reason in enumerate(("paraphrase", "paraphrase")):
            finding = Finding(reason=reason, detail="", check="words")  # type: ignore[arg-type]
            store.judge([Verdict(candidate_id=f"q0/strong/{k}", findings=(finding,))])
        missing = list(missing_queries(rows, plans, categorized, failed, store, {}, config))
    assert [(one.query_id, one.reason) for one in missing] == [
        (
            "q0",
            "all 3 candidates of the budget were rejected: paraphrase (2), no usable answer (1)",
        ),
        ("q1", "not finished: 0 of 3 candidates tried"),
        ("q2", "no categories: prose"),
    ]
