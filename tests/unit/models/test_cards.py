from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import BACKENDS, card_paths, find_card, prompt_text

MINIMAL = """
name: mine
family: rft
backend: hf
checkpoint: me/mine
prompt: {refusal: 'Find "{query}".'}
frames: {fps: 2}
licence: MIT
source: me
"""


@pytest.mark.parametrize("name", sorted(card_paths()))
def test_every_packaged_card_is_complete(name: str) -> None:
    card, path = find_card(name)
    assert card.name == name
    assert card.backend in BACKENDS
    for mode in ("refusal", "native") if card.reads_video else ():
        assert "{query}" in prompt_text(card, path, mode=mode)  # type: ignore[arg-type]


def test_an_untrained_model_says_so() -> None:
    assert find_card("tiny")[0].status == "untrained"


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'time_r1'"):
        find_card("timer1")


def test_a_card_outside_the_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINIMAL)
    card, path = find_card("mine", [tmp_path])
    assert prompt_text(card, path, mode="refusal") == 'Find "{query}".'


def test_a_card_goes_by_the_name_in_it_whatever_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "anything.yaml").write_text(MINIMAL.replace("name: mine", 'name: "other"  # mine'))
    assert find_card("other", [tmp_path])[0].name == "other"
    with pytest.raises(NotFoundError, match="unknown model 'anything'"):
        find_card("anything", [tmp_path])


def test_a_prompt_file_beside_the_card_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINIMAL.replace("'Find \"{query}\".'", "mine.txt"))
    (tmp_path / "mine.txt").write_text("Where is {query}?\n")
    card, path = find_card("mine", [tmp_path])
    assert prompt_text(card, path, mode="refusal") == "Where is {query}?"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("licence: MIT", ""), "licence"),
        (("family: rft", "family: llm"), "family"),
        (("fps: 2", "fpss: 2"), "fpss"),
        (("backend: hf", "backend: nothing"), "backend"),
        (("source: me", "source: me\nnew_field: 1"), "new_field"),
        (("source: me", "source: me\nverified: {level: tested}"), "verified.level"),
        (("source: me", "source: me\nverified: {level: weights}"), "needs the date and a note"),
        (("source: me", "source: me\nsources: {colour: here}"), "no field of a card"),
        (("source: me", "source: me\nofficial_prompt: [{name: a, source: b}]"), "says why"),
        (
            ("source: me", "source: me\nofficial_prompt: [{name: a, source: b, sha256: abc}]"),
            "official_prompt.0.sha256",
        ),
    ],
)
def test_a_wrong_field_is_named_in_one_line(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    (tmp_path / "mine.yaml").write_text(MINIMAL.replace(*change))
    with pytest.raises(UserError, match=named) as caught:
        find_card("mine", [tmp_path])
    assert "\n" not in str(caught.value)


def test_a_prompt_without_a_query_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINIMAL.replace("{query}", "query"))
    card, path = find_card("mine", [tmp_path])
    with pytest.raises(UserError, match="got a prompt without"):
        prompt_text(card, path, mode="refusal")


def test_a_mode_without_a_prompt_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINIMAL)
    card, path = find_card("mine", [tmp_path])
    with pytest.raises(UserError, match="'native'"):
        prompt_text(card, path, mode="native")
