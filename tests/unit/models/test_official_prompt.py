import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.models import find_card, read_prompt
from rarft.harness.models.card import Card
from rarft.harness.models.official_prompt import prompt_origin, prompt_sha256, published_as

TEXT = 'Say when "{query}" happens.\n\nIn seconds.'
CARD = Card.model_validate(
    {
        "name": "m",
        "family": "rft",
        "backend": "hf",
        "frames": {},
        "licence": "MIT",
        "source": "me",
        "official_prompt": [
            {"name": "long", "source": "a page", "sha256": prompt_sha256(TEXT)},
            {"name": "lost", "source": "another page", "note": "the page is gone"},
        ],
    }
)


def test_the_digest_is_that_of_the_utf8_bytes() -> None:
    assert prompt_sha256("Où? {query}") == hashlib.sha256("Où? {query}".encode()).hexdigest()


@pytest.mark.parametrize("same", [f"{TEXT}\n", f"\n {TEXT} \r\n", TEXT.replace("\n", "\r\n")])
def test_line_ends_and_blanks_around_a_text_do_not_count(same: str) -> None:
    assert prompt_sha256(same) == prompt_sha256(TEXT)


@pytest.mark.parametrize(
    "other", [TEXT.lower(), TEXT.replace("\n\n", "\n"), TEXT.replace(" when", "  when"), f"{TEXT}."]
)
def test_everything_inside_a_text_counts(other: str) -> None:
    assert prompt_sha256(other) != prompt_sha256(TEXT)


@given(st.text())
def test_any_text_has_a_digest_that_survives_the_cut(text: str) -> None:
    assert prompt_sha256(text) == prompt_sha256(f" {text}\r\n")


def test_a_published_text_is_official_and_any_other_reworded() -> None:
    assert prompt_origin(CARD, TEXT) == "official"
    assert prompt_origin(CARD, "When is {query}?") == "reworded"
    published = published_as(CARD, TEXT)
    assert published is not None
    assert published.name == "long"


def test_without_a_published_prompt_no_text_is_official() -> None:
    card = CARD.model_copy(update={"official_prompt": ()})
    assert prompt_origin(card, TEXT) == "reworded"


def test_a_published_text_pasted_into_a_file_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "prompt.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode() + b"\r\n")
    assert prompt_origin(CARD, read_prompt(path)) == "official"


def test_models_that_share_a_published_prompt_share_its_digest() -> None:
    digests = {
        name: {one.sha256 for one in find_card(name)[0].official_prompt}
        for name in ("time_r1", "videochat_r1", "timechat", "timesuite")
    }
    assert digests["time_r1"] & digests["videochat_r1"]
    assert digests["timesuite"] < digests["timechat"]
