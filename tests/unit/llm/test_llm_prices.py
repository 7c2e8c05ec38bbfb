"""Prices come from the shipped file, with the user's on top."""

from pathlib import Path

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm.prices import SHIPPED, read_prices


@pytest.fixture(autouse=True)
def without_a_file_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RARFT_PRICES", raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_price_has_a_date_and_a_source() -> None:
    prices = read_prices()
    assert "gpt-4o-mini" in prices.of_model
    for price in prices.of_model.values():
        assert price.as_of is not None
        assert price.source.startswith("https://")
        assert 0 < price.prompt_usd < price.new_usd


def test_tokens_cost_what_the_table_says() -> None:
    # 10,000 prompt tokens at 0.15 and 1,000 new ones at 0.60 USD a million.
    assert read_prices().usd_of("gpt-4o-mini", 10_000, 1_000) == pytest.approx(0.0021)
    assert read_prices().usd_of("gpt-4o-mini", 10_000, 1_000, batch=True) == pytest.approx(0.00105)


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-4o-mini-20240718", "gpt-4o-mini"),
    ],
)
def test_a_dated_name_has_the_price_of_the_longest_name_it_begins_with(
    model: str, same_as: str
) -> None:
    prices = read_prices()
    assert prices.price_of(model) == prices.of_model[same_as]


@pytest.mark.parametrize("model", ["gpt-5-pro", "gpt-5-mini-high", "gpt-4", "gpt-5-mini-2025"[:-2]])
def test_another_model_of_the_family_has_no_price(model: str) -> None:
    assert read_prices().usd_of(model, 1, 1) is None


def test_the_users_file_adds_and_replaces(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "models:\n  own: {prompt_usd: 1, new_usd: 2}\n  gpt-4o: {prompt_usd: 0, new_usd: 0}\n",
    )
    prices = read_prices(path)
    assert prices.usd_of("own", 1_000_000, 1_000_000) == 3
    assert prices.usd_of("gpt-4o", 1_000_000, 0) == 0
    assert prices.usd_of("gpt-4o-mini", 1_000_000, 0) == 0.15
    assert prices.files == (path, SHIPPED)


def test_the_variable_names_the_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "models: {own: {prompt_usd: 1, new_usd: 2}}")
    monkeypatch.setenv("RARFT_PRICES", str(path))
    assert read_prices().usd_of("own", 1_000_000, 0) == 1


@pytest.mark.parametrize(
    "text",
    [
        "models: {own: {prompt_usd: -1, new_usd: 2}}",
        "models: {own: {prompt_usd: .nan, new_usd: 2}}",
        "models: {own: {prompt: 1, new_usd: 2}}",
        "- own",
        "",
        "models: [",
        "models: {own: 3}",
    ],
)
def test_a_malformed_file_is_one_line_that_says_the_form(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=r"expected models: \{NAME: \{prompt_usd") as caught:
        read_prices(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_prices(tmp_path / "none.yaml")
