import json
from pathlib import Path
from typing import Any

import pytest

from rarft.harness.cli import main
from rarft.harness.models.official_prompt import prompt_sha256

PUBLISHED = "Tell me when {query} is seen."


@pytest.fixture
def citing(outside: Path) -> Path:
    """The outside folder, whose card cites a published prompt."""
    card = outside / "outside_model.yaml"
    cited = {"name": "eval", "source": "https://a/b", "sha256": prompt_sha256(PUBLISHED)}
    card.write_text(f"{card.read_text()}official_prompt: [{json.dumps(cited)}]\n")
    return outside


def asked(folder: Path, out: Path, *flags: str, model: str = "outside_model") -> dict[str, Any]:
    run = ["--model", model, "--tasks", "outside", "--limit", "1", "--n_resamples", "10"]
    assert main([*run, "--include_path", str(folder), "--output_path", str(out), *flags]) == 0
    prompts: dict[str, Any] = json.loads((out / "results.json").read_text())["provenance"][
        "prompts"
    ]
    return prompts["refusal"]


def test_results_say_whose_words_a_model_was_asked_in(citing: Path, tmp_path: Path) -> None:
    assert asked(citing, tmp_path / "card")["origin"] == "reworded"
    (tmp_path / "own.txt").write_text("Where is {query}?")
    own = asked(citing, tmp_path / "own", "--prompt_file", str(tmp_path / "own.txt"))
    assert own["origin"] == "reworded"
    (tmp_path / "official.txt").write_text(PUBLISHED + "\n")
    given = asked(citing, tmp_path / "official", "--prompt_file", str(tmp_path / "official.txt"))
    assert {given[key] for key in ("origin", "name", "source")} == {
        "official",
        "eval",
        "https://a/b",
    }


@pytest.mark.parametrize(("text", "mark"), [(PUBLISHED, "official"), ("When {query}?", "reworded")])
def test_every_table_marks_the_prompt(
    citing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, mark: str
) -> None:
    prompt, out = tmp_path / "prompt.txt", tmp_path / "run"
    prompt.write_text(text)
    asked(citing, out, "--prompt_file", str(prompt))
    assert f"{mark} prompt" in " ".join(capsys.readouterr().out.split())
    page = tmp_path / "page.html"
    assert main(["report", str(out), "--output_path", str(page), "--markdown"]) == 0
    named = f"outside_model (untrained), {mark} prompt"
    assert f"**{named}**" in capsys.readouterr().out
    assert f"{named}</th>" in page.read_text()


def test_a_model_that_is_asked_in_no_words_has_no_origin(citing: Path, tmp_path: Path) -> None:
    assert "origin" not in asked(citing, tmp_path / "floor", model="always_refuse")
