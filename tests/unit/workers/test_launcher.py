"""What torchrun and accelerate say of a process."""

import os

import pytest

from rarft.harness.workers.launcher import launched, leave_launcher

RANKED = {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}


def test_ranks_of_one_command_share_a_token_and_other_processes_have_their_own() -> None:
    first, second = launched(RANKED), launched({**RANKED, "RANK": "2", "LOCAL_RANK": "0"})
    assert first.token == second.token
    assert first.is_ranked
    assert launched({}).token != launched({}).token


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"},
        {"WORLD_SIZE": "4", "RANK": "1"},
        {"WORLD_SIZE": "four", "RANK": "1", "LOCAL_RANK": "1"},
    ],
)
def test_a_process_that_is_alone_is_rank_0(environ: dict[str, str]) -> None:
    launch = launched(environ)
    assert (launch.rank, launch.n_ranks, launch.is_ranked) == (0, 1, False)


def test_no_library_sees_the_launcher_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in RANKED.items():
        monkeypatch.setenv(name, value)
    leave_launcher(launched(os.environ))
    assert not set(RANKED) & set(os.environ)
