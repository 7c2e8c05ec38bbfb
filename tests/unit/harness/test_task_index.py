from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.task_index import resolve_tasks, task_manager

HI = ["hi_activitynet", "hi_charades", "hi_tvgbench"]


def test_a_pattern_matches_tasks_only() -> None:
    assert resolve_tasks("hi_*", task_manager()) == HI


def test_patterns_and_names_join_in_order_without_repeats() -> None:
    chosen = resolve_tasks("human_annotated,hi_*,hi_charades", task_manager())
    assert chosen == ["human_annotated", *HI]


def test_a_group_is_chosen_by_its_exact_name() -> None:
    assert sorted(resolve_tasks("rarft_hi", task_manager())) == HI
    with pytest.raises(NotFoundError):
        resolve_tasks("rarft_h*", task_manager())


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'human_annotated'"):
        resolve_tasks("human_anotated", task_manager())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="include_path"):
        task_manager([tmp_path / "none"])


def test_a_yaml_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- just\n- a list\n")
    with pytest.raises(UserError, match=r"a\.yaml"):
        task_manager([tmp_path])
