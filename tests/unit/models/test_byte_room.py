import asyncio

import pytest

from rarft.harness.models.byte_room import ByteRoom


async def run_all(sizes, *, room, held, most):
    async def work(n_bytes):
        async with room.taken(n_bytes):
            held.append(n_bytes)
            most.append(sum(held))
            await asyncio.sleep(0.001)
            held.remove(n_bytes)

    await asyncio.gather(*(work(size) for size in sizes))


def test_tasks_never_hold_more_than_there_is_and_all_have_their_turn():
    held, most = [], []

    async def main():
        await run_all([3, 4, 5, 2, 6, 1, 5], room=ByteRoom(10), held=held, most=most)

    asyncio.run(main())
    assert len(most) == 7
    assert 5 < max(most) <= 10
    assert held == []


def test_a_task_that_needs_more_than_all_goes_alone():
    held, most = [], []

    async def main():
        await run_all([2, 50, 2], room=ByteRoom(10), held=held, most=most)

    asyncio.run(main())
    assert sorted(most) == [2, 2, 50] or sorted(most) == [2, 4, 50]


def test_what_fails_gives_its_room_back():
    async def main():
        room = ByteRoom(10)
        with pytest.raises(ValueError, match="no"):
            async with room.taken(10):
                raise ValueError("no")
        async with room.taken(10):
            return True

    assert asyncio.run(main())
