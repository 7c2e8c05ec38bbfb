"""Other colours: hues go, shapes stay."""

import random

import numpy as np

from rarft.trainer.tiny.recolour import recolour

PALETTE = np.array([[200, 30, 30], [30, 160, 60], [0, 0, 0], [255, 255, 255], [130, 130, 130]])


def drawn(n: int) -> list[np.ndarray]:
    pixels = np.broadcast_to(PALETTE.astype(np.uint8), (2, 1, 5, 3))
    return [recolour(pixels, random.Random(seed)) for seed in range(n)]


def test_black_white_and_grey_stay_without_a_hue():
    for pixels in drawn(40):
        spread = np.ptp(pixels[..., 2:, :].astype(int), axis=-1)
        assert spread.max() <= 1


def test_black_stays_darker_than_grey_and_grey_than_white():
    for pixels in drawn(40):
        black, white, grey = pixels[0, 0, 2:, 0].astype(int)
        assert black < grey < white


def test_half_of_the_draws_take_all_colour_away_and_the_others_turn_it():
    spreads = [np.ptp(pixels[0, 0, 0].astype(int)) for pixels in drawn(200)]
    assert 70 <= sum(spread <= 1 for spread in spreads) <= 130
    reddest = [int(pixels[0, 0, 0].argmax()) for pixels in drawn(200)]
    assert {0, 1, 2} == set(reddest)


def test_frames_of_one_video_are_recoloured_alike():
    for pixels in drawn(10):
        assert np.array_equal(pixels[0], pixels[1])
