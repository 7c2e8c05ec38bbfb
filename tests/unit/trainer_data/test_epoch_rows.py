"""An epoch asks one relevant and one irrelevant query of each video, and always the same ones."""

import random

import pytest

from rarft.harness.errors import UserError
from rarft.trainer.prompts import COLUMNS


def epoch(rows, number):
    rows.set_epoch(number)
    return [rows[position] for position in range(len(rows))]


def asked(rows, number):
    return [row["query"] for row in epoch(rows, number)]


def test_a_row_has_every_column(make_rows, records):
    rows, _ = make_rows(records)
    assert all(set(row) == set(COLUMNS) for row in epoch(rows, 0))


def test_each_video_is_asked_one_query_of_each_kind(make_rows, records):
    rows, report = make_rows(records)
    made = epoch(rows, 0)
    assert len(made) == report.n_rows == 8
    assert [row["relevant"] for row in made] == [True, False] * 4
    assert [row["video"].rsplit("/", 1)[1] for row in made[::2]] == [f"v{n}.mp4" for n in range(4)]


def test_three_epochs_ask_each_query_of_a_pool_of_three_once(make_rows, records):
    rows, _ = make_rows(records)
    epochs = [epoch(rows, number) for number in range(3)]
    for position in range(1, len(rows), 2):
        levels = [one[position]["level"] for one in epochs]
        assert sorted(levels) == ["moderate", "strong", "weak"]


def test_rows_depend_on_seed_and_epoch_alone(make_rows, records):
    rows, _ = make_rows(records)
    again, _ = make_rows(records)
    random.seed(5)
    expected = asked(rows, 4)
    assert asked(again, 0) != expected or asked(again, 1) != expected
    assert asked(again, 4) == expected
    others = [asked(make_rows(records, seed=seed)[0], 4) for seed in (1, 2, 3)]
    assert any(one != expected for one in others)


def test_reading_rows_leaves_the_global_random_state_alone(make_rows, records):
    rows, _ = make_rows(records, negatives="mixed")
    random.seed(1)
    before = random.getstate()
    epoch(rows, 0)
    assert random.getstate() == before


def test_both_rows_of_a_pair_carry_both_answers(make_rows, records):
    rows, _ = make_rows(records)
    made = epoch(rows, 0)
    for relevant, irrelevant in zip(made[::2], made[1::2], strict=True):
        assert relevant["spans"] == irrelevant["spans"] == [[2.0, 5.0]]
        assert relevant["refusal"] == irrelevant["refusal"] != ""
        assert relevant["relevant_query"] is None
        assert irrelevant["relevant_query"] == relevant["query"]


def test_shuffled_queries_are_relevant_ones_of_other_videos(make_rows, records):
    rows, _ = make_rows(records, negatives="shuffled")
    made = epoch(rows, 0)
    for relevant, irrelevant in zip(made[::2], made[1::2], strict=True):
        assert irrelevant["query"] in {row["query"] for row in made[::2]} - {relevant["query"]}
        assert irrelevant["level"] == "shuffled"
        assert irrelevant["video"] == relevant["video"]
        assert irrelevant["refusal"].startswith("The video does not contain")
        assert irrelevant["query_id"] != relevant["query_id"]


def test_the_kind_of_negatives_changes_no_relevant_query(make_rows, records):
    records += [
        {**records[0], "query_text": "a cat", "GRPO": [{"q": "a cat", "r": True}]},
        {**records[0], "query_text": "a dog", "GRPO": [{"q": "a dog", "r": True}]},
    ]
    kinds = [make_rows(records, negatives=kind)[0] for kind in ("shuffled", "mixed")]
    for number in range(4):
        first, second = (asked(rows, number)[::2] for rows in kinds)
        assert first == second


def test_mixed_negatives_are_both_hard_and_shuffled(make_rows, records):
    rows, _ = make_rows(records, negatives="mixed")
    levels = {row["level"] for number in range(6) for row in epoch(rows, number)[1::2]}
    assert "shuffled" in levels
    assert levels & {"strong", "moderate", "weak"}


def test_a_query_that_the_video_shows_too_is_never_a_shuffled_one(make_rows, record):
    same = {"query_text": "A  door", "GRPO": [{"q": "A  door", "r": True}]}
    other = {"query_text": "a DOOR", "GRPO": [{"q": "a DOOR", "r": True}]}
    rows, _ = make_rows([record(0, **same), record(1, **other), record(2)], negatives="shuffled")
    for number in range(8):
        made = asked(rows, number)
        assert made[1] == made[3] == "person 2 opens a door"


def test_shuffled_queries_need_a_video_that_shows_something_else(make_rows, record):
    rows, _ = make_rows([record(0), record(1)], negatives="shuffled")
    assert len(asked(rows, 0)) == 4
    with pytest.raises(UserError, match=r"got 1 video for negatives=shuffled"):
        make_rows([record(0)], negatives="shuffled")
    same = {"GRPO": [{"q": "a door", "r": True}]}
    rows, _ = make_rows([record(0, **same), record(1, **same)], negatives="shuffled")
    with pytest.raises(UserError, match=r"got no query that does not hold in v0\.mp4"):
        asked(rows, 0)


def test_all_relevant_queries_of_a_video_get_their_turn(make_rows, record):
    rows, _ = make_rows([record(0), {**record(7), "video": "v0.mp4"}, record(1)])
    assert len(rows) == 4
    queries = {asked(rows, number)[0] for number in range(2)}
    assert queries == {"person 0 opens a door", "person 7 opens a door"}


def test_clips_of_one_video_are_videos_of_their_own(make_rows, record):
    clips = [record(0, video_start=0, video_end=8), record(0, video_start=8, video_end=16)]
    rows, report = make_rows(clips)
    assert report.n_videos == 2
    parts = [row["prompt"][-1]["content"][0]["clip"] for row in epoch(rows, 0)[::2]]
    assert parts == ["0.0 8.0", "8.0 16.0"]


def test_the_digest_names_content_and_no_folder(make_rows, records, tmp_path, monkeypatch):
    digest = make_rows(records)[0].digest
    (tmp_path / "videos").rename(tmp_path / "moved")
    assert make_rows(records, video_folder=str(tmp_path / "moved"))[0].digest == digest
    records[0]["timestamp"] = [2.0, 6.0]
    assert make_rows(records, video_folder=str(tmp_path / "moved"))[0].digest != digest


def test_a_position_outside_is_an_index_error(make_rows, records):
    rows, _ = make_rows(records)
    with pytest.raises(IndexError):
        rows[8]
