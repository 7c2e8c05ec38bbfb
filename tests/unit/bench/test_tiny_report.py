"""The tiny proof's report on three made-up videos, computed by hand."""

import json
from pathlib import Path

import pytest

from rarft.harness.errors import UserError

LEVELS = ("strong", "moderate", "weak")
EXACT = [[0.0, 4.0]]
HALF = [[0.0, 2.0]]


def row(index: int, *, relevant: bool, kind: str, spans=()) -> dict:
    """A sample of record `index`, whose span is 0 to 4 s; a refusal is half right in all."""
    sample = {
        "schema_version": 1,
        "query_id": f"{index}-{0 if relevant else 1}",
        "record": str(index),
        "video": f"{index}.mp4",
        "text": "One small green ball bounces.",
        "relevant": relevant,
        "spans": EXACT if relevant else [],
        "duration_s": 10.0,
        "level": "original" if relevant else LEVELS[index % 3],
        "categories": [] if relevant else ["Object/ObjectExistence"],
        "refusal": "" if relevant else "It is red.",
        "status": "scored",
        "prediction": {
            "kind": kind,
            "spans": list(spans),
            "explanation": "",
            "correction": "red" if kind == "refused" else None,
            "format_ok": kind != "unparsed",
            "flags": [],
            "reason": "",
        },
    }
    if not relevant:
        score = 0.0 if kind == "grounded" else 0.5
        keys = ("rt_iou", "sbert", "correction_sim")
        sample["explanation"] = dict.fromkeys(keys, score)
    return sample


def write_run(folder: Path, name: str, relevant: str, irrelevant: str) -> None:
    """Write one evaluation; replies are g, grounded; h, half; r, refused; u, unparsed."""
    kinds = {
        "g": ("grounded", EXACT),
        "h": ("grounded", HALF),
        "r": ("refused", ()),
        "u": ("unparsed", ()),
    }
    rows = []
    for replies, is_relevant in ((relevant, True), (irrelevant, False)):
        for index, reply in enumerate(replies):
            kind, spans = kinds[reply]
            rows.append(row(index, relevant=is_relevant, kind=kind, spans=spans))
    results = {
        "schema_version": 1,
        "model": {"name": "made_up", "revision": name},
        "results": {"synth_hi": {}},
        "config": {"policy": "paper"},
        "provenance": {"tasks": {"synth_hi": {"rows_sha256": "0"}}},
    }
    directory = folder / "eval" / name
    directory.mkdir(parents=True)
    (directory / "results.json").write_text(json.dumps(results))
    (directory / "samples_synth_hi.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))


@pytest.fixture
def grid(tmp_path):
    """A base that grounds everything, and two seeds of an arm that refuses what is false."""
    write_run(tmp_path, "base", "ggg", "ggg")
    write_run(tmp_path, "rarft-0", "ggg", "rrr")
    write_run(tmp_path, "rarft-1", "ggu", "rgg")
    return tmp_path


@pytest.fixture
def reported(script, grid, tmp_path):
    """A function that writes the report and returns its results."""
    module = script("tiny_report")
    draw = script("tiny_figures").Resampling(n_resamples=500)
    page = tmp_path / "page.md"
    page.write_text("# The plan\n")
    return lambda: module.report(grid, draw=draw, results=tmp_path / "results.json", page=page)


def test_the_seeds_of_an_arm_are_averaged_per_query(reported) -> None:
    arm = reported()["arms"]["rarft"]
    assert arm["seeds"] == (0, 1)
    # Of 6 relevant queries 5 are grounded, of 6 irrelevant ones 4 refused and 2 grounded.
    values = {key: figure["value"] for key, figure in arm["overall"].items()}
    assert values["f1_relevant"] == pytest.approx(2 * 5 / (5 + 6 + 2))
    assert values["f1_irrelevant"] == pytest.approx(2 * 4 / (4 + 6 + 1))
    assert values["f1_avg"] == pytest.approx((10 / 13 + 8 / 11) / 2)
    assert values["miou_relevant"] == pytest.approx(5 / 6)
    assert values["ra_miou"] == pytest.approx((5 + 4) / 12)
    assert values["rt_iou"] == pytest.approx(4 * 0.5 / 6)
    assert values["rt_iou_refused"] == pytest.approx(0.5)
    assert values["sbert"] == values["correction_sim"] == pytest.approx(1 / 3)
    assert arm["unparsed_share"] == pytest.approx(1 / 12)
    by_seed = [arm["by_seed"][seed]["ra_miou"] for seed in (0, 1)]
    assert by_seed == pytest.approx([1.0, (2 + 1) / 6])
    assert values["ra_miou"] == pytest.approx(sum(by_seed) / 2)


def test_a_level_has_its_irrelevant_queries_and_their_relevant_ones(reported) -> None:
    levels = reported()["arms"]["rarft"]["levels"]
    found = {
        level: [levels[level][key]["value"] for key in ("f1_relevant", "f1_irrelevant")]
        for level in LEVELS
    }
    assert found["strong"] == pytest.approx([1.0, 1.0])
    # Both relevant queries are grounded, one of the irrelevant ones too.
    assert found["moderate"] == pytest.approx([2 * 2 / (2 + 2 + 1), 2 * 1 / (1 + 2 + 0)])
    # One of two is right in either class, and each mistake is one more of the other.
    assert found["weak"] == pytest.approx([2 * 1 / (1 + 2 + 1), 2 * 1 / (1 + 2 + 1)])


def test_the_base_is_compared_with_every_seed(reported) -> None:
    (one,) = reported()["differences"]
    assert (one["a"], one["b"], one["seeds"]) == ("rarft", "base", (0, 1))
    overall = one["overall"]["f1_avg"]
    # The base grounds all: F1 of relevant is 2 * 3 / (3 + 3 + 3), of irrelevant 0.
    assert overall["b"] == pytest.approx(1 / 3)
    assert overall["difference"] == pytest.approx((10 / 13 + 8 / 11) / 2 - 1 / 3)
    gains = {level: one["levels"][level]["f1_avg"]["difference"] for level in LEVELS}
    assert gains == pytest.approx({"strong": 2 / 3, "moderate": 0.4, "weak": 1 / 6})
    # With three videos the interval reaches from the draw of one video thrice to another's.
    assert (overall["low"], overall["high"]) == pytest.approx((1 / 6, 2 / 3), abs=1e-6)
    assert 0 < overall["p"] <= overall["p_holm"] <= 1


def test_the_criteria_hold_or_do_not_as_it_comes_out(reported) -> None:
    found = reported()["criteria"]
    assert [one["passes"] for one in found] == [True, None, True, False]
    assert found[3]["found"]["miou_relevant"]["value"] == pytest.approx(-1 / 6)


def test_a_gain_that_may_be_none_is_no_gain(reported, grid) -> None:
    write_run(grid, "shuffled-0", "ggg", "rrr")
    write_run(grid, "shuffled-1", "ggg", "grr")
    criteria = reported()["criteria"]
    # At strong rarft refuses one query more, at the others less.
    assert criteria[1]["passes"] is False
    assert criteria[1]["found"]["f1_avg"]["low"] < 0


def test_an_arm_is_compared_over_the_seeds_that_both_have(reported, grid) -> None:
    write_run(grid, "explain-1", "hhh", "ggg")
    found = {(one["a"], one["b"]): one for one in reported()["differences"]}
    assert found["rarft", "explain"]["seeds"] == (1,)
    assert found["rarft", "explain"]["overall"]["miou_relevant"]["a"] == pytest.approx(2 / 3)
    assert found["rarft", "explain"]["overall"]["miou_relevant"]["b"] == pytest.approx(0.5)


def test_the_tables_stand_between_marks_and_are_replaced(reported, tmp_path) -> None:
    reported()
    first = (tmp_path / "page.md").read_text()
    assert first.startswith("# The plan\n\n## Results\n")
    assert "| `rarft` | 76.9 [" in first
    assert "| +41.5 [" in first or "+41.5 [+16.7, +66.7]" in first
    reported()
    assert (tmp_path / "page.md").read_text() == first
    assert json.loads((tmp_path / "results.json").read_text())["n_videos"] == 3


def test_evaluations_of_other_queries_are_refused(reported, grid) -> None:
    write_run(grid, "sft-0", "gg", "rr")
    with pytest.raises(UserError, match="got 4 queries of sft, seed 0, and 6 of base"):
        reported()


def test_a_folder_of_another_name_is_refused(reported, grid) -> None:
    write_run(grid, "rarft_old", "ggg", "rrr")
    with pytest.raises(UserError, match="rarft_old, expected base or <arm>-<seed>"):
        reported()
