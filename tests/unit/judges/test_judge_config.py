import pytest

from rarft.harness.commands.judge_options import judging_over, parse_judges
from rarft.harness.errors import UserError
from rarft.harness.judges.judge_config import CHOICES, JudgeConfig, judge_config_from_json


def test_the_default_judges_ask_no_llm() -> None:
    config = JudgeConfig()
    assert config.llm_kinds == {}
    assert config.judged == {"relevance", "categories", "similarity", "correction"}


def test_one_question_of_the_combined_judge_gives_all_measures_it_is_chosen_for() -> None:
    config = JudgeConfig(judges=parse_judges("combined"), judge_model="m")
    assert config.llm_kinds == {"combined": ("relevance", "categories", "reasoning")}
    mixed = JudgeConfig(judges={"categories": "llm", "reasoning": "combined"}, judge_model="m")
    assert mixed.llm_kinds == {"categories": ("categories",), "combined": ("reasoning",)}


@pytest.mark.parametrize(
    ("judges", "message"),
    [
        ({"beauty": "llm"}, "expected one of the measures relevance"),
        ({"similarity": "llm"}, "expected one of sbert, none"),
        ({"relevance": "none"}, "expected one of rule, llm, combined"),
        ({"reasoning": "llm"}, "no --judge_model"),
    ],
)
def test_what_no_judge_can_do_is_one_line(judges: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        JudgeConfig(judges=judges)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(UserError, match="OPENAI_API_KEY") as caught:
        JudgeConfig(judge_base_url="https://me:hidden@example.org/v1")
    assert "hidden" not in str(caught.value)


def test_flags_that_are_given_go_over_a_runs_own() -> None:
    base = JudgeConfig(judges={"reasoning": "llm"}, judge_model="one", judge_text="official")
    over = judging_over(base, {"judges": "similarity=none", "judge_model": "two", "limit": 3})
    assert over.judges == {"reasoning": "llm", "similarity": "none"}
    assert (over.judge_model, over.judge_text) == ("two", "official")
    assert judging_over(base, {"judges": None, "judge_model": None}) == base


def test_a_config_is_read_back_and_unknown_keys_are_left_out() -> None:
    config = JudgeConfig(
        judges={"reasoning": "llm"}, judge_model="m", judge_prompt={"reasoning": "f"}
    )
    assert judge_config_from_json(config.to_json() | {"later": 1}) == config


def test_every_measure_has_a_default_judge() -> None:
    assert [choices[0] for choices in CHOICES.values()] == [
        "rule",
        "local",
        "sbert",
        "none",
        "sbert",
    ]
