"""Waits: what servers ask for, and chance where they ask for nothing."""

import random
from email.utils import formatdate

import pytest

from rarft.harness.llm.waits import (
    backoff_s,
    pause_of_headers,
    read_reset_s,
    read_retry_after_s,
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "20", "retry-after-ms": "500"}, 0.5),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after_s(headers) == seconds


def test_a_date_is_a_wait_from_now() -> None:
    date = formatdate(1_000_030, usegmt=True)
    assert read_retry_after_s({"retry-after": date}, now_s=1_000_000) == 30.0
    assert read_retry_after_s({"retry-after": date}, now_s=2_000_000) == 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360.0),
        ("1h2m3.5s", 3723.5),
        ("120ms", 0.12),
        ("1s", 1.0),
        ("8", 8.0),
        ("-1", None),
        ("", None),
        ("later", None),
        ("1s and more", None),
    ],
)
def test_a_reset_is_read(text: str, seconds: float | None) -> None:
    assert read_reset_s(text) == seconds


def test_the_longer_of_two_used_up_limits_counts() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "3s",
    }
    assert pause_of_headers(headers) == 3.0
    assert pause_of_headers(headers | {"x-ratelimit-remaining-tokens": "5"}) == 2.0


def test_a_backoff_doubles_its_ceiling_and_is_drawn_from_0() -> None:
    rng = random.Random(0)
    draws = [[backoff_s(n_failed, rng=rng) for _ in range(400)] for n_failed in (1, 2, 3, 40)]
    for drawn, ceiling_s in zip(draws, (0.5, 1.0, 2.0, 60.0), strict=True):
        assert min(drawn) < 0.05 * ceiling_s
        assert 0.9 * ceiling_s < max(drawn) <= ceiling_s
