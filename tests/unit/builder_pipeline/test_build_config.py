from pathlib import Path

import pytest

from rarft.dataset_builder.build_record import merged_config, read_record, write_record
from rarft.dataset_builder.config import BuildConfig, LLMEffort, config_from_json, read_config_file
from rarft.harness.errors import NotFoundError, UserError


def test_a_config_survives_its_json() -> None:
    config = BuildConfig(
        rows="r.jsonl", levels=("strong", "weak"), videos=("a",), splits={"train": 1.0}
    )
    assert config_from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("shard", "2/2", "k/n"),
        ("levels", ["easy"], "strong"),
        ("levels", ["weak", "weak"], "each once"),
        ("max_candidates", 0, "n_candidates"),
        ("splits", {"train": 0.5, "test": 0.4}, "add up to 1"),
        ("guess_target", 0.3, "0.5"),
        ("prompts", {"judge": "x"}, "categorize"),
        ("n_categories", 2, "3 to 11"),
        ("limit", "many", "a number"),
        ("limit", True, "a number"),
        ("checks", "strict", "names and values"),
        ("llm_base_url", "http://user:secret@host/v1", "address alone"),
    ],
)
def test_a_value_out_of_range_is_told_in_one_line(key: str, value: object, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        config_from_json({key: value})
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_paths_of_a_config_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").touch()
    (tmp_path / "mine.txt").write_text("[SYSTEM]\nA\n[USER]\n{input}\n")
    text = "rows: rows.jsonl\nvideos: clips\nprompts: {rewrite: mine.txt}\n"
    (tmp_path / "build.yaml").write_text(text)
    values = read_config_file(tmp_path / "build.yaml")
    assert values["rows"] == str(tmp_path / "rows.jsonl")
    assert values["videos"] == [str(tmp_path / "clips")]
    assert values["prompts"]["rewrite"].startswith("[SYSTEM]")


def test_a_config_that_is_no_mapping_or_absent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "broken.yaml").write_text("a: [\n")
    with pytest.raises(UserError, match="got list"):
        read_config_file(tmp_path / "list.yaml")
    with pytest.raises(UserError, match="no YAML"):
        read_config_file(tmp_path / "broken.yaml")
    with pytest.raises(NotFoundError, match="check the path"):
        read_config_file(tmp_path / "absent.yaml")


def test_a_key_that_decided_stored_rows_stays_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path, BuildConfig(rows="r.jsonl", llm_model="a", seed=3))
    assert merged_config(tmp_path, {"llm_model": "b"}).llm_model == "b"
    (tmp_path / "categories.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match=r"llm_model: 'b'.*categories\.jsonl was made with 'a'"):
        merged_config(tmp_path, {"llm_model": "b"})
    (tmp_path / "plan.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match="seed"):
        merged_config(tmp_path, {"seed": 4})


def test_a_build_in_progress_may_be_asked_for_more(tmp_path: Path) -> None:
    write_record(tmp_path, BuildConfig(rows="r.jsonl", seed=3))
    for name in ("rows", "categories", "plan", "candidates", "verdicts"):
        (tmp_path / f"{name}.jsonl").write_text("{}\n")
    config = merged_config(tmp_path, {"max_candidates": 20, "llm_base_url": "http://other/v1"})
    assert (config.max_candidates, config.seed, config.rows) == (20, 3, "r.jsonl")


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        read_record(tmp_path)


def test_steps_share_one_budget() -> None:
    effort = LLMEffort(llm_budget=1.0).after(0.75)
    assert effort.llm_budget == 0.25
    assert effort.after(3.0).llm_budget == 0.0
    assert LLMEffort().after(3.0).llm_budget is None
