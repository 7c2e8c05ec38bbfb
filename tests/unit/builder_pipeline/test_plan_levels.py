from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.plan import plan, plan_queries, read_plan, unplanned
from rarft.dataset_builder.types import Categorized, Row

PATHS = (
    "Action/FineGrainedAction",
    "Object/ObjectExistence",
    "Scene/SceneExistence",
    "Attribute/Counting",
)


def categorized(query_id: str, n_paths: int = 4) -> Categorized:
    return Categorized(query_id=query_id, categories=PATHS[:n_paths], reasons=("r",) * n_paths)


def planned(config: BuildConfig, *n_paths: int) -> list[tuple[str, int]]:
    found = [(k, categorized(f"q{k}", n)) for k, n in enumerate(n_paths)]
    return [(one.level, len(one.categories)) for one in plan_queries(found, config, Counter())]


def test_levels_edit_one_two_and_three_categories() -> None:
    expected = [("strong", 1), ("moderate", 2), ("weak", 3)]
    assert planned(BuildConfig(rows="r"), 4) == expected


def test_one_level_a_query_takes_turns() -> None:
    config = BuildConfig(rows="r", per_query="one", seed=1)
    assert [level for level, _ in planned(config, 4, 4, 4, 4)] == [
        "moderate",
        "weak",
        "strong",
        "moderate",
    ]


def test_only_the_wanted_levels_are_planned() -> None:
    assert planned(BuildConfig(rows="r", levels=("weak", "strong")), 4) == [
        ("strong", 1),
        ("weak", 3),
    ]


def test_too_few_categories_leave_levels_out_with_a_reason(
    make_rows: Callable[..., list[Row]],
) -> None:
    config, rows = BuildConfig(rows="r"), make_rows()[:2]
    found = {"q0": categorized("q0", 2), "q1": categorized("q1", 4)}
    assert planned(config, 2) == [("strong", 1), ("moderate", 2)]
    missing = list(unplanned(rows, config, found))
    assert [(one.query_id, one.level) for one in missing] == [("q0", "weak")]
    assert missing[0].reason == "2 categories were found, 3 are needed"


def test_balanced_takes_the_categories_used_least() -> None:
    config = BuildConfig(rows="r", choice="balanced", levels=("strong",), n_categories=3)
    used: Counter[str] = Counter()
    found = [(k, categorized(f"q{k}")) for k in range(9)]
    list(plan_queries(found, config, used))
    assert used == dict.fromkeys(PATHS[:3], 3)


def test_planning_again_adds_nothing(tmp_path: Path, make_rows: Callable[..., list[Row]]) -> None:
    rows = make_rows()
    building = Building(directory=tmp_path, config=BuildConfig(rows="r", choice="balanced"))
    found = {row.query.id: categorized(row.query.id) for row in rows}
    some = {name: one for name, one in found.items() if name != "q3"}
    assert plan(building, rows, some) == 15
    assert plan(building, rows, found) == 3
    assert plan(building, rows, found) == 0
    keys = [(one.query_id, one.level) for one in read_plan(building)]
    assert len(set(keys)) == len(keys) == 18


def test_a_query_whose_plans_were_cut_off_gets_the_rest_of_them(
    tmp_path: Path, make_rows: Callable[..., list[Row]]
) -> None:
    rows = make_rows()[:3]
    found = {row.query.id: categorized(row.query.id) for row in rows}
    config = BuildConfig(rows="r", choice="balanced")
    whole, cut = (Building(directory=tmp_path / name, config=config) for name in ("whole", "cut"))
    for building in (whole, cut):
        building.directory.mkdir()
        assert plan(building, rows, found) == 9
    log = cut.directory / "plan.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:4]) + lines[4][:20])
    assert plan(cut, rows, found) == 5
    assert list(read_plan(cut)) == list(read_plan(whole))
    assert plan(cut, rows, found) == 0
