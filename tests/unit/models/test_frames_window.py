import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.models.frames_window import ByteBudget, reserved


async def hold(budget: ByteBudget, n_bytes: int, log: list[str], name: str) -> None:
    async with reserved(budget, n_bytes):
        log.append(name)
        await asyncio.sleep(0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 40), st.integers(0, 9))
def test_no_more_is_held_than_the_limit_unless_one_video_is_larger(
    sizes: list[int], limit: int, seed: int
) -> None:
    rng = random.Random(seed)
    held: list[int] = []
    most: list[tuple[int, int]] = []

    async def one(budget: ByteBudget, n_bytes: int) -> None:
        async with reserved(budget, n_bytes):
            held.append(n_bytes)
            most.append((sum(held), len([size for size in held if size])))
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            held.remove(n_bytes)

    async def run() -> int:
        budget = ByteBudget(limit)
        await asyncio.gather(*(one(budget, size) for size in sizes))
        return budget.held_bytes

    assert asyncio.run(run()) == 0
    assert len(most) == len(sizes)
    assert all(total <= limit or n_videos == 1 for total, n_videos in most)


def test_videos_go_in_the_order_they_were_asked_for_even_where_a_later_one_would_fit() -> None:
    log: list[str] = []

    async def run() -> None:
        budget = ByteBudget(10)
        sizes = {"a": 8, "large": 9, "small": 1}
        await asyncio.gather(*(hold(budget, size, log, name) for name, size in sizes.items()))

    asyncio.run(run())

    assert log == ["a", "large", "small"]


def test_what_a_video_does_not_need_lets_the_next_one_go() -> None:
    async def run() -> tuple[bool, bool]:
        budget = ByteBudget(10)
        async with reserved(budget, 10) as first:
            waiting = asyncio.ensure_future(budget.reserve(6))
            await asyncio.sleep(0)
            before = waiting.done()
            first.shrink(4)
            await asyncio.sleep(0)
            return before, waiting.done()

    assert asyncio.run(run()) == (False, True)


def test_a_failed_video_gives_its_bytes_back() -> None:
    async def run() -> int:
        budget = ByteBudget(10)
        with pytest.raises(OSError, match="broken"):
            async with reserved(budget, 7):
                raise OSError("broken")
        return budget.held_bytes

    assert asyncio.run(run()) == 0


def test_one_that_gives_up_waiting_holds_nothing_and_stops_nobody() -> None:
    async def run() -> int:
        budget = ByteBudget(10)
        await budget.reserve(10)
        gone = asyncio.ensure_future(budget.reserve(5))
        stays = asyncio.ensure_future(budget.reserve(4))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        budget.release(10)
        await stays
        return budget.held_bytes

    assert asyncio.run(run()) == 4
