"""What is left out is counted, and nothing left is refused."""

import pytest

from rarft.harness.errors import NotFoundError, UserError


def left_out(make_rows, records, **asked):
    return make_rows(records, **asked)[1].left_out


def test_missing_videos_are_counted(make_rows, records, record):
    rows, report = make_rows([*records, record(8), record(9)])
    assert report.left_out == {"missing videos": 2}
    assert len(rows) == 8
    assert report.lines()[1] == "left out: 2 missing videos"


def test_no_video_at_all_is_refused_in_one_line(make_rows, record):
    with pytest.raises(UserError, match=r"got none of its 2 videos .*video_folder") as caught:
        make_rows([record(8), record(9)])
    assert "\n" not in str(caught.value)


def test_a_video_folder_that_is_not_there_is_named(make_rows, records):
    with pytest.raises(NotFoundError, match="video_folder=/no/such"):
        make_rows(records, video_folder="/no/such")


@pytest.mark.parametrize(
    ("asked", "reason", "count"),
    [
        ({"max_duration_s": 11.0}, "videos longer than 11 s", 2),
        ({"min_duration_s": 12.0}, "videos shorter than 12 s", 2),
        ({"max_file_mb": 0.002}, "videos of more than 0.002 MB", 2),
        ({"max_videos": 1}, "videos after the first 1", 3),
        ({"levels": ["strong"]}, "irrelevant queries of other levels", 8),
        ({"max_query_words": 4}, "queries of more than 4 words", 16),
    ],
)
def test_each_filter_counts_what_it_leaves_out(make_rows, records, asked, reason, count):
    if "max_query_words" in asked:
        records.append({**records[0], "GRPO": [_pair("a dog", True), _pair("a cat", False)]})
    assert left_out(make_rows, records, **asked)[reason] == count


def _pair(text, relevant):
    return {"q": text, "a": "<answer>no</answer>", "r": relevant}


def test_a_filter_that_leaves_nothing_is_refused_with_the_counts(make_rows, records):
    with pytest.raises(UserError, match=r"4 videos longer than 1 s; loosen the filters"):
        make_rows(records, max_duration_s=1.0)


def test_videos_without_a_pair_are_left_out_only_where_pairs_are_needed(make_rows, records, record):
    records[0] = record(0, n_irrelevant=0)
    hard = make_rows(records)[1]
    assert hard.left_out == {
        "relevant queries without an irrelevant one": 1,
        "videos without a pair of queries": 1,
    }
    assert make_rows(records, negatives="shuffled")[1].n_videos == 4


def test_an_unknown_level_is_refused(make_rows, records):
    with pytest.raises(UserError, match="got levels=hard, expected some of strong"):
        make_rows(records, levels=["hard"])


def test_a_duration_that_nobody_states_is_read_from_the_file(make_rows, record, videos, make_clip):
    records = [record(0, duration=None), record(1, duration=None)]
    for number, n_frames in ((0, 60), (1, 300)):
        clip = make_clip(f"made{number}.mp4", n_frames=n_frames)
        clip.replace(videos / f"v{number}.mp4")
    assert left_out(make_rows, records, max_duration_s=5.0) == {"videos longer than 5 s": 1}
    (videos / "v0.mp4").write_bytes(b"not a video")
    records.append(record(2))
    made = left_out(make_rows, records, max_duration_s=15.0)
    assert made == {"videos that cannot be read": 1}
