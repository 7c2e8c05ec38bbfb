"""Positions are checked by hand, and against transformers' own where both mean the same."""

import pytest
import torch
from transformers import AutoConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLForConditionalGeneration

from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.models.rope_time import mend_positions, rope_index

TEXT, IMAGE, VIDEO = 0, 1, 2
SIZES = {"merge_size": 2, "positions_per_second": 2}


@pytest.fixture(scope="module")
def config():
    return AutoConfig.from_pretrained(checkpoint_folder("package:tiny"))


@pytest.fixture(scope="module")
def stock(config):
    with torch.device("meta"):
        return Qwen2_5_VLForConditionalGeneration(config).model.get_rope_index


def batch(*rows, grids=(), seconds=(), image_grids=()):
    """Rows of token kinds, shorter ones padded on the left."""
    n_tokens = max(map(len, rows))
    kinds = torch.tensor([[TEXT] * (n_tokens - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (n_tokens - len(row)) + [1] * len(row) for row in rows])
    return {
        "input_ids": torch.ones_like(kinds),
        "mm_token_type_ids": kinds,
        "attention_mask": mask,
        "video_grid_thw": torch.tensor(grids) if grids else None,
        "image_grid_thw": torch.tensor(image_grids) if image_grids else None,
        "second_per_grid_ts": torch.tensor(seconds) if seconds else None,
    }


def video_row(n_times, *, before=2, after=3, tokens_per_time=1):
    return [TEXT] * before + [VIDEO] * (n_times * tokens_per_time) + [TEXT] * after


def assert_same(stock_result, own_result):
    for theirs, own in zip(stock_result, own_result, strict=True):
        torch.testing.assert_close(theirs, own)


def test_the_documented_example_of_one_frame_a_second():
    row = batch(
        video_row(3, before=0, after=2, tokens_per_time=4), grids=[[3, 4, 4]], seconds=[2.0]
    )
    positions, ahead = rope_index(**row, merge_size=2, positions_per_second=25)
    assert positions[0, 0].tolist() == [0] * 4 + [50] * 4 + [100] * 4 + [101, 102]
    assert positions[1, 0].tolist() == [0, 0, 1, 1] * 3 + [101, 102]
    assert positions[2, 0].tolist() == [0, 1, 0, 1] * 3 + [101, 102]
    assert ahead.tolist() == [[103 - 14]]


def test_a_fractional_interval_is_rounded_only_at_each_frame():
    row = batch(video_row(6, before=1, after=1), grids=[[6, 2, 2]], seconds=[2 / 2.05])
    positions, _ = rope_index(**row, **SIZES)
    # 2 / 2.05 * 2 = 1.951 positions a patch: 0, 1.95, 3.90, 5.85, 7.80, 9.76.
    assert positions[0, 0].tolist() == [0, 1, 2, 4, 6, 8, 10, 11]


def test_at_two_fps_the_frames_are_where_transformers_puts_them(stock):
    row = batch(video_row(40), grids=[[40, 2, 2]], seconds=[1.0])
    theirs, own = stock(**row)[0], rope_index(**row, **SIZES)[0]
    torch.testing.assert_close(theirs[:, 0, :42], own[:, 0, :42])


def test_at_two_fps_a_short_wide_video_is_wholly_as_in_transformers(stock):
    row = batch(video_row(2, tokens_per_time=16), grids=[[2, 8, 8]], seconds=[1.0])
    assert_same(stock(**row), rope_index(**row, **SIZES))


def test_just_above_two_fps_transformers_gives_all_frames_one_time_and_we_do_not(stock):
    row = batch(video_row(10), grids=[[10, 2, 2]], seconds=[2 / 2.05])
    assert len(set(stock(**row)[0][0, 0, 2:12].tolist())) == 1
    assert len(set(rope_index(**row, **SIZES)[0][0, 0, 2:12].tolist())) == 10


def test_text_follows_the_last_frame_and_never_overlaps_the_video(stock):
    row = batch(video_row(40), grids=[[40, 2, 2]], seconds=[1.0])
    positions, ahead = rope_index(**row, **SIZES)
    # The last patch lies at 2 + 39 * 2 = 80; transformers lets the text begin at 3.
    assert positions[:, 0, 42:].tolist() == [[81, 82, 83]] * 3
    assert ahead.item() == 84 - 45
    assert stock(**row)[0][0, 0, 42].item() == 3


def test_text_alone_and_left_padding_are_as_in_transformers(stock):
    rows = batch([TEXT] * 5, [TEXT] * 9, [TEXT])
    assert_same(stock(**rows), rope_index(**rows, **SIZES))


def test_a_padded_batch_of_several_videos_is_as_in_transformers(stock):
    rows = batch(
        video_row(2, before=4, tokens_per_time=16),
        [TEXT] * 3,
        video_row(1, after=9, tokens_per_time=16) + video_row(2, tokens_per_time=4),
        grids=[[2, 8, 8], [1, 8, 8], [2, 4, 4]],
        seconds=[1.0, 1.0, 0.0],
    )
    assert_same(stock(**rows), rope_index(**rows, **SIZES))


def test_an_image_has_no_time(stock):
    row = batch([TEXT] + [IMAGE] * 6 + [TEXT], image_grids=[[1, 4, 6]])
    assert_same(stock(**row), rope_index(**row, **SIZES))


def test_a_model_is_mended_once_and_left_alone_when_it_agrees(config):
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    assert mend_positions(model) == "mended"
    assert mend_positions(model) == "stock"
