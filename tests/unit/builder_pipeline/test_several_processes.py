import os
from functools import partial

import pytest

from rarft.dataset_builder.processes import N_A_CHUNK, mapped
from rarft.harness.errors import UserError

N_ITEMS = 3 * N_A_CHUNK + 5


def place_of_work(number: int) -> tuple[int, int]:
    return number**2, os.getpid()


def fail_at(number: int, *, bad: int) -> int:
    if number == bad:
        raise UserError(f"got {number}")
    return number


def die_at(number: int, *, bad: int) -> int:
    if number == bad:
        os._exit(1)
    return number


def test_what_comes_is_in_order_and_the_same_for_any_number_of_processes() -> None:
    alone = list(mapped(place_of_work, range(N_ITEMS), n_processes=1))
    both = list(mapped(place_of_work, iter(range(N_ITEMS)), n_processes=2))
    assert [(item, made[0]) for item, made in alone] == [(item, made[0]) for item, made in both]
    assert [item for item, _ in both] == list(range(N_ITEMS))
    assert {made[1] for _, made in alone} == {os.getpid()}
    assert os.getpid() not in {made[1] for _, made in both}


def test_few_items_start_no_process() -> None:
    found = list(mapped(place_of_work, range(N_A_CHUNK), n_processes=2))
    assert {made[1] for _, made in found} == {os.getpid()}
    assert list(mapped(place_of_work, [], n_processes=2)) == []


def test_items_are_read_as_they_are_needed() -> None:
    read: list[int] = []
    items = (read.append(number) or number for number in range(10**9))  # type: ignore[func-returns-value]
    found = mapped(place_of_work, items, n_processes=2)
    assert next(found)[0] == 0
    found.close()  # type: ignore[attr-defined]
    assert len(read) < 100 * N_A_CHUNK


def test_a_fault_of_the_work_is_that_of_the_whole() -> None:
    found = mapped(partial(fail_at, bad=N_A_CHUNK), range(N_ITEMS), n_processes=2)
    with pytest.raises(UserError, match=f"got {N_A_CHUNK}"):
        list(found)


def test_a_process_that_dies_is_told_in_one_line() -> None:
    found = mapped(partial(die_at, bad=N_A_CHUNK), range(N_ITEMS), n_processes=2)
    with pytest.raises(UserError, match="a smaller --num_proc"):
        list(found)
