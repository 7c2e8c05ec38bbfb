"""What the packaged cards must say of the models they stand for."""

import pytest
from transformers import CONFIG_MAPPING

from rarft.harness.models import PROMPTS, card_paths, find_card, prompt_text
from rarft.harness.models.hf_layouts import ARCHITECTURES
from rarft.harness.models.official_prompt import published_as
from rarft.harness.parsing import parse_reply

CARDS = {name: find_card(name)[0] for name in card_paths()}
MODELS = {
    name: card
    for name, card in CARDS.items()
    if card.family != "baseline" and name not in ("tiny", "openai")
}
OF_THE_PAPER = {
    "ratsg": "RaTSG",
    "na_vmr": "NA-VMR",
    "timechat": "TimeChat",
    "timesuite": "TimeSuite",
    "trace": "TRACE",
    "time_r1": "Time-R1",
    "videochat_r1": "VideoChat-R1",
    "videochat_r1_think": "VideoChat-R1-think",
    "qwen2_5_vl_7b": "Qwen2.5-VL-7B",
    "ra_rft_time_r1": "Time-R1 + RA-RFT (ours)",
    "ra_rft_videochat_r1": "VideoChat-R1 + RA-RFT (ours)",
    "ra_rft_videochat_r1_think": "VideoChat-R1-think + RA-RFT (ours)",
    "ra_rft_qwen2_5_vl_7b": "Qwen2.5-VL-7B + RA-RFT (ours)",
}
PUBLISHED = [(name, one) for name, card in MODELS.items() for one in card.official_prompt]
EXAMPLES = {
    "answer_correction": "<think>It walks.</think><answer>3.1 to 8.6</answer>"
    "<correction>NIL</correction>",
    "answer_list": "<answer>[(3.1, 8.6)]</answer>",
    "time_tag": "<think>It walks.</think> <time>[3.1, 8.6]</time>",
    "prose": "The event happens in 3.1 - 8.6 seconds.",
}
REFUSAL = "The video has no matching part: the dog is white, not black."


def test_every_system_of_the_paper_has_a_card_under_its_name_there() -> None:
    assert {name: card.paper.row for name, card in CARDS.items() if card.paper} == OF_THE_PAPER


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_says_where_its_facts_were_read(name: str) -> None:
    card = MODELS[name]
    assert card.title
    assert "licence" in card.sources
    if card.backend == "hf":
        assert "architecture" in card.sources
    if card.checkpoint is None:
        assert "checkpoint" in card.sources or card.backend == "bridge"
        assert "heckpoint" in card.notes
    if card.reads_video:
        assert "frames" in card.sources or "own_frames" in card.sources


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_is_asked_in_words_of_two_modes_from_packaged_files(name: str) -> None:
    card, path = find_card(name)
    for mode in ("refusal", "native"):
        text = prompt_text(card, path, mode=mode)  # type: ignore[arg-type]
        assert text.count("{query}") == 1
        if card.reads_video:
            assert (PROMPTS / card.prompt[mode]).is_file()  # type: ignore[index]


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_no_packaged_prompt_is_a_published_one(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert all(published_as(card, text) is None for card in CARDS.values())


@pytest.mark.parametrize(
    ("name", "one"), PUBLISHED, ids=lambda value: getattr(value, "name", value)
)
def test_a_published_prompt_is_pinned_to_a_commit(name: str, one) -> None:
    assert one.source.startswith("https://github.com/")
    commit = one.source.split("/blob/")[1].split("/")[0]
    assert len(commit) == 40
    assert one.sha256 or one.note


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_form_of_a_card_reads_what_its_prompts_ask_for(name: str) -> None:
    form = MODELS[name].output.form
    if form == "structured":
        assert MODELS[name].backend == "bridge"
        return
    grounded = parse_reply(EXAMPLES[form], form=form)
    assert (grounded.kind, grounded.format_ok) == ("grounded", True)
    assert [(span.start_s, span.end_s) for span in grounded.spans] == [(3.1, 8.6)]
    assert parse_reply(REFUSAL, form=form).kind == "refused"
    if form != "prose":
        assert parse_reply(f"<answer>{REFUSAL}</answer>", form=form).kind == "refused"


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_level_is_claimed_only_where_its_backend_can_give_it(name: str) -> None:
    card = CARDS[name]
    level = card.verified.level
    if level == "protocol":
        assert card.backend == "bridge"
    if level == "architecture":
        assert card.backend in ("hf", "vllm", "openai")
        assert card.architecture in (*ARCHITECTURES, None)
    if card.backend == "hf":
        assert level in ("architecture", "weights")


@pytest.mark.parametrize(
    "name", sorted(name for name, card in CARDS.items() if card.architecture is not None)
)
def test_transformers_knows_the_architecture_by_that_name(name: str) -> None:
    assert CARDS[name].architecture in CONFIG_MAPPING
