from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rarft.dataset_builder.split import split_of, split_rows
from rarft.dataset_builder.types import Row

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_no_video_is_in_two_splits(make_rows: Callable[..., list[Row]]) -> None:
    rows = list(split_rows(make_rows(), {"a": 0.5, "b": 0.5}, seed=0))
    by_video = {(row.query.video, row.origin.split) for row in rows}
    assert len(by_video) == 3


def test_without_shares_rows_keep_the_split_of_their_source(
    make_rows: Callable[..., list[Row]],
) -> None:
    rows = make_rows()
    assert list(split_rows(rows, {}, seed=0)) == rows


def test_shares_hold_over_many_videos() -> None:
    counts = Counter(split_of(f"v{k}", SHARES, seed=1) for k in range(20_000))
    assert abs(counts["train"] / 20_000 - 0.8) < 0.02
    assert abs(counts["test"] / 20_000 - 0.1) < 0.02


@given(st.text(), st.integers())
def test_every_text_names_a_video_that_has_a_split(video: str, seed: int) -> None:
    assert split_of(video, SHARES, seed=seed) in SHARES
