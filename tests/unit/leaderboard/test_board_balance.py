"""Floors of tasks that only a paper has rows of: computed from the size of the set, and marked."""

import json

import pytest

from rarft.harness.metrics import QueryOutcome, figures
from rarft.leaderboard.site_data.balance_floors import balance_floor_figures
from rarft.leaderboard.site_data.build_site import build_site
from rarft.leaderboard.site_data.record_models import FILES

GROUND, REFUSE = "floor-always_ground", "floor-always_refuse"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("balance") / "site"
    build_site([], output)
    return output


def read(site, place):
    return json.loads((site / "data" / f"{place}.json").read_text(encoding="utf-8"))


def row_of(site, name):
    return next(row for row in read(site, "board")["entries"] if row["id"] == name)


def shown(site, name, task):
    return {key: figure[0] for key, figure in row_of(site, name)["tasks"][task]["figures"].items()}


def test_a_set_of_equal_halves_has_the_floors_of_the_paper(site):
    f1 = ("f1_relevant", "f1_irrelevant", "f1_avg")

    ground, refuse = shown(site, GROUND, "hi_charades"), shown(site, REFUSE, "hi_charades")

    assert [ground[key] for key in f1] == [66.7, 0.0, 33.3]
    assert [refuse[key] for key in f1] == [0.0, 66.7, 33.3]
    assert {refuse[key] for key in refuse if key.startswith("ra_")} == {50.0}
    assert not any(key.startswith("ra_") for key in ground)


def test_a_computed_floor_says_so_and_has_no_rank(site):
    board = read(site, "board")
    figure = row_of(site, REFUSE)["tasks"]["hi_charades"]["figures"]["f1_avg"]

    assert not any(figure[1:7])
    assert "1,097 relevant and 1,097 irrelevant" in board["notes"][figure[7]]


def test_a_set_whose_size_is_not_published_has_no_computed_floor(site):
    tasks = row_of(site, GROUND)["tasks"]

    assert "hi_charades" in tasks
    assert {"hi_activitynet", "vtg_activitynet", "unnamed_set"}.isdisjoint(tasks)


def test_no_comparison_is_promised_for_rows_without_samples(site):
    assert read(site, "board")["compare"] == {"all": False, "pairs": []}
    assert row_of(site, GROUND)["tier"] == "recomputed"
    FILES["board"].model_validate(read(site, "board"))
    FILES["entry"].model_validate(read(site, f"entries/{GROUND}"))


def test_there_is_no_computed_floor_without_the_papers_rows(tmp_path):
    build_site([], tmp_path / "site", paper=False)

    assert read(tmp_path / "site", "board")["entries"] == []


@pytest.mark.parametrize(("n_relevant", "n_irrelevant"), [(3, 3), (1, 4), (5, 2)])
@pytest.mark.parametrize(
    ("name", "counts_as"), [("always_ground", "grounded"), ("always_refuse", "refused")]
)
def test_computed_floors_are_what_the_metrics_give(name, counts_as, n_relevant, n_irrelevant):
    outcomes = [
        QueryOutcome(
            query_id=str(place),
            video=str(place),
            record=str(place),
            relevant=place < n_relevant,
            predicted=counts_as,
            counts_as=counts_as,
            iou=0.0 if place < n_relevant else None,
        )
        for place in range(n_relevant + n_irrelevant)
    ]
    measured = figures(outcomes)

    found = balance_floor_figures(name, n_relevant=n_relevant, n_irrelevant=n_irrelevant)

    assert {key: figure.value for key, figure in found.items()} == pytest.approx(
        {key: measured[key] for key in found}
    )
