from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.build_checks import checks_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, LLMEffort
from rarft.harness.errors import UserError


def building(checks: dict[str, Any]) -> Building:
    config = BuildConfig(rows="r", llm_model="writer", llm_base_url="http://a/v1", checks=checks)
    return Building(directory=Path(), config=config, effort=LLMEffort(llm_budget=2.0))


def test_rules_alone_are_the_default() -> None:
    checks = checks_of(building({}))
    assert (checks.encoder, checks.nli, checks.llm) == (None, None, None)


def test_the_writer_or_another_model_verifies_within_the_budget() -> None:
    same = checks_of(building({"llm": True})).llm
    other = checks_of(building({"llm": {"model": "reader"}, "rules": {"span_slack_s": 3}})).llm
    assert same is not None
    assert other is not None
    assert (same.model, same.base_url, same.budget_usd) == ("writer", "http://a/v1", 2.0)
    assert (other.model, other.base_url) == ("reader", "http://a/v1")


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ({"nil": "x"}, "got 'nil' in checks"),
        ({"rules": {"words": 3}}, r"got 'words' in checks\.rules"),
        ({"rules": [3]}, "names and limits"),
        ({"llm": "reader"}, "a model and a base_url"),
        ({"llm": {"key": "x"}}, r"got 'key' in checks\.llm"),
        ({"nli_threshold": 3}, "a probability"),
    ],
)
def test_unknown_checks_are_told_in_one_line(checks: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        checks_of(building(checks))
    assert "\n" not in str(caught.value)
