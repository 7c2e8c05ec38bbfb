from pathlib import Path

import pytest

from rarft.harness.models import card_paths, find_card
from rarft.harness.models.cards_table import BEGIN, END, models_table, with_models

DOCS = Path(__file__).parents[3] / "docs" / "models.md"


def test_the_page_of_models_is_up_to_date() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert with_models(page) == page, (
        "run: python -m rarft.harness.models.cards_table docs/models.md"
    )


def test_each_table_has_a_row_for_every_model_and_none_for_a_baseline() -> None:
    expected = sorted(name for name in card_paths() if find_card(name)[0].family != "baseline")
    for table in models_table().split("\n\n"):
        rows = table.splitlines()[2:]
        assert sorted(row.split("`")[1] for row in rows) == expected


def test_a_row_says_licence_and_level() -> None:
    [row] = [row for row in models_table().splitlines() if row.startswith("| `qwen2_5_vl_3b`")][:1]
    assert "Qwen-Research" in row
    assert row.endswith("| architecture |")


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="expected both"):
        with_models("# Models")
    assert with_models(f"a\n{BEGIN}\nold\n{END}\nb").startswith(f"a\n{BEGIN}\n| Model |")
