"""`--model_args backend=...`: which backends a card has, and what is refused."""

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import card_paths, find_card
from rarft.harness.models.backend_choice import backends_of, with_backend
from rarft.harness.models.revision import resolve_revision
from rarft.harness.prepared_run import auto_batch_size, running_backend
from rarft.harness.run_config import RunConfig

CARDS = {name: find_card(name)[0] for name in card_paths()}


def refusal(name: str, **model_args: object) -> str:
    with pytest.raises(UserError) as raised:
        with_backend(CARDS[name], model_args)
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_cards_own_backend_comes_first_and_is_what_runs_unasked(name: str) -> None:
    card = CARDS[name]
    assert backends_of(card)[0] == card.backend
    assert with_backend(card, {"dtype": "float32"}) == (card, {"dtype": "float32"})
    assert with_backend(card, {"backend": card.backend}) == (card, {})


def test_models_of_the_qwen2_5_vl_family_run_in_three_backends() -> None:
    of_family = {
        name
        for name, card in CARDS.items()
        if card.architecture == "qwen2_5_vl" and card.backend == "hf"
    }
    assert {"tiny", "time_r1", "ra_rft_time_r1", "qwen2_5_vl_7b"} <= of_family
    for name in of_family:
        assert backends_of(CARDS[name]) == ("hf", "vllm", "openai")


def test_all_but_the_backend_stays_the_cards() -> None:
    card, arguments = with_backend(CARDS["time_r1"], {"backend": "vllm", "window": 8})
    assert card == CARDS["time_r1"].model_copy(update={"backend": "vllm"})
    assert arguments == {"window": 8}


def test_a_servers_weights_have_the_revision_that_the_user_names_not_the_cards() -> None:
    assert CARDS["time_r1"].revision == "main"
    served, arguments = with_backend(CARDS["time_r1"], {"backend": "openai"})
    assert served == CARDS["time_r1"].model_copy(update={"backend": "openai", "revision": None})
    assert resolve_revision(served, model_args=arguments) is None
    assert resolve_revision(served, model_args={"revision": "v2"}) == "v2"
    in_vllm, _ = with_backend(CARDS["time_r1"], {"backend": "vllm"})
    assert in_vllm.revision == "main"


def test_a_card_that_states_no_architecture_is_left_to_its_checkpoint() -> None:
    card = CARDS["tiny"].model_copy(update={"architecture": None})
    assert backends_of(card) == ("hf", "vllm", "openai")


def test_a_card_of_vllm_runs_in_transformers_too() -> None:
    card = CARDS["tiny"].model_copy(update={"backend": "vllm"})
    assert backends_of(card) == ("vllm", "hf", "openai")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("timechat", "bridge"),
        ("timelens_7b", "bridge"),
        ("replay", "replay"),
        ("oracle", "floors"),
        ("blind", "blind"),
        ("openai", "openai"),
    ],
)
def test_a_model_of_one_backend_takes_no_other(name: str, own: str) -> None:
    assert refusal(name, backend="vllm") == (
        f"got backend=vllm for model '{name}', expected {own} alone, which its card names; "
        "leave it out"
    )


@pytest.mark.parametrize("asked", ["vlm", "VLLM", "bridge", None, 3, ["vllm"]])
def test_a_backend_that_is_none_of_the_cards_is_refused_by_name(asked: object) -> None:
    assert refusal("time_r1", backend=asked) == (
        f"got backend={asked} for model 'time_r1' of type qwen2_5_vl, expected one of hf, vllm, "
        "openai; mend --model_args"
    )


def test_a_type_that_vllm_cannot_show_a_video_is_refused_before_any_download() -> None:
    assert refusal("internvl3_5_8b", backend="vllm") == (
        "got backend=vllm for model 'internvl3_5_8b' of type internvl, expected one of hf, openai; "
        "mend --model_args"
    )


def test_a_type_that_vllm_shows_differently_needs_the_users_word() -> None:
    assert "of type qwen3_vl, for whose videos vLLM writes two tokens" in refusal(
        "qwen3_vl_8b", backend="vllm"
    )
    told = {"backend": "vllm", "allow_time_mismatch": True}
    card, arguments = with_backend(CARDS["qwen3_vl_8b"], told)
    assert card.backend == "vllm"
    assert arguments == {"allow_time_mismatch": True}


def test_workers_and_batches_are_those_of_the_backend_that_runs() -> None:
    sizes = {"hf": 4, "vllm": 256, "openai": 32}
    for backend, size in sizes.items():
        config = RunConfig(model="time_r1", tasks=("t",), model_args={"backend": backend})
        assert running_backend(config) == backend
        card, _ = with_backend(CARDS["time_r1"], config.model_args)
        assert auto_batch_size(card) == size
