"""Merged builds: shards of one config, builds of several sources, and what does not fit."""

import json
from dataclasses import replace

import pytest

from rarft.dataset_builder.build_rows import in_shard
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.merge import merge_builds
from rarft.dataset_builder.output import write_output
from rarft.dataset_builder.row_files import read_rows
from rarft.harness.errors import UserError

VIDEOS = tuple(f"v{number}" for number in range(8))


def record_of(shard, **more):
    config = BuildConfig(rows=f"/machine{shard[0]}/rows.jsonl", llm_model="m", shard=shard)
    return {
        "config": config.to_json(),
        "complete": True,
        "counts": {"n_relevant": 2, "levels": {"strong": 2}},
        "costs": {"rewrite": {"n_calls": 3, "usd": 0.5}},
        "guessability": {"after": {"auc": 0.55}},
        **more,
    }


@pytest.fixture
def shards(make_rows, make_build, tmp_path):
    """Three shards of eight videos."""
    folders = []
    for number in range(3):
        config = BuildConfig(rows="rows.jsonl", shard=f"{number}/3")
        rows = [
            row for name in VIDEOS if in_shard(f"{name}.mp4", config) for row in make_rows(name)
        ]
        record = record_of(f"{number}/3")
        folders.append(make_build(tmp_path / f"shard{number}", rows, record=record))
        (folders[-1] / "missing.jsonl").write_text(f'{{"shard": {number}}}\n')
    return folders


def test_shards_give_every_row_once_whatever_their_order(shards, tmp_path):
    one = merge_builds(shards, tmp_path / "one")
    two = merge_builds(shards[::-1], tmp_path / "two")
    assert (one.n_rows, one.n_builds) == (32, 3)
    for name in ("accepted.jsonl", "missing.jsonl", "build.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    videos = {row.query.video for row in read_rows(one.folder / "accepted.jsonl")}
    assert videos == {f"{name}.mp4" for name in VIDEOS}
    assert len((one.folder / "missing.jsonl").read_text().splitlines()) == 3


def test_counts_and_costs_are_summed_and_figures_kept_apart(shards, tmp_path):
    merge_builds(shards, tmp_path / "whole")
    record = json.loads((tmp_path / "whole" / "build.json").read_text())
    assert record["counts"] == {"n_relevant": 6, "levels": {"strong": 6}}
    assert record["costs"] == {"rewrite": {"n_calls": 9, "usd": 1.5}}
    assert record["guessability"]["shard1"] == {"after": {"auc": 0.55}}
    assert record["config"]["llm_model"] == "m"
    assert "rows" not in record["config"]
    card = (write_output(tmp_path / "whole").folder / "README.md").read_text()
    assert "| rewrite.usd | 1.5 |" in card


def test_a_merge_takes_the_place_of_its_older_self_alone(shards, kitchen, tmp_path):
    merge_builds(shards, tmp_path / "whole")
    assert merge_builds(shards, tmp_path / "whole").n_rows == 32
    with pytest.raises(UserError, match="which is another build"):
        merge_builds(shards, kitchen)
    with pytest.raises(UserError, match="and as a build"):
        merge_builds(shards, shards[0])


def test_builds_of_several_sources_are_one(shards, kitchen, make_rows, make_build, tmp_path):
    garden = make_build(tmp_path / "garden", make_rows("g0"))
    pantry = make_build(tmp_path / "pantry", make_rows("p0"))
    assert merge_builds([garden, pantry], tmp_path / "both").n_rows == 8
    assert merge_builds([garden, *shards], tmp_path / "all").n_rows == 36


def test_absent_and_repeated_shards_are_named(shards, tmp_path):
    with pytest.raises(UserError, match=r"got 2 of 3 shards of one config, without 1/3"):
        merge_builds([shards[0], shards[2]], tmp_path / "whole")
    with pytest.raises(UserError, match=r"with 0/3 twice"):
        merge_builds([*shards, shards[0]], tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


def test_shards_of_another_config_are_not_of_one_build(shards, tmp_path):
    path = shards[1] / "build.json"
    record = json.loads(path.read_text())
    record["config"]["seed"] = 9
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match="got 2 of 3 shards of one config, without 1/3"):
        merge_builds(shards, tmp_path / "whole")


def test_a_video_is_in_one_shard(shards, make_rows, make_build, tmp_path):
    lost = next(read_rows(shards[0] / "accepted.jsonl"))
    rows = [*read_rows(shards[1] / "accepted.jsonl")]
    rows.append(replace(lost, query=replace(lost.query, id="another")))
    make_build(shards[1], rows, record=record_of("1/3"))
    with pytest.raises(UserError, match=f"got {lost.query.video} in .* expected each video in one"):
        merge_builds(shards, tmp_path / "whole")


def test_a_video_is_in_one_split(make_rows, make_build, tmp_path):
    one = make_build(tmp_path / "one", make_rows("v0"))
    again = [
        replace(row, query=replace(row.query, id=f"{row.query.id}+"))
        for row in make_rows("v0", split="train")
    ]
    two = make_build(tmp_path / "two", again)
    with pytest.raises(UserError, match=r"got v0\.mp4 in the splits test and train"):
        merge_builds([one, two], tmp_path / "whole")


def test_an_id_is_in_one_build(make_rows, make_build, tmp_path):
    one = make_build(tmp_path / "one", make_rows("v0"))
    two = make_build(tmp_path / "two", make_rows("v0"))
    with pytest.raises(UserError, match="got 4 ids both in"):
        merge_builds([one, two], tmp_path / "whole")


def test_an_unfinished_build_is_merged_only_where_asked(shards, tmp_path):
    path = shards[1] / "build.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"complete": False}))
    with pytest.raises(UserError, match="whose build is not complete"):
        merge_builds(shards, tmp_path / "whole")
    assert merge_builds(shards, tmp_path / "whole", may_be_incomplete=True).n_rows == 32
    whole = json.loads((tmp_path / "whole" / "build.json").read_text())
    assert whole["complete"] is False
