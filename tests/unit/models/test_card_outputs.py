"""What each model is documented to write, read with its card's form: sample lines of our own."""

import pytest

from rarft.harness.models import card_paths, find_card
from rarft.harness.parsing import parse_reply

THINKING = "<think>Between <timestep>2.50 to 9.00</timestep> he runs.</think>\n"
ANSWER = "<answer>\n12.50 to 17.80\n</answer>"
REFUSED = "The video does not contain it: the door is blue, not red."
SPAN = [(12.5, 17.8)]
PROSE = "The event happens in 12.5 - 17.8 seconds."
RA_RFT = f"{THINKING}{ANSWER}<correction>NIL</correction><|im_end|>"
CORRECTED = "a man opens a blue door"
RA_RFT_REFUSED = (
    f"{THINKING}<answer>{REFUSED}</answer><correction>{CORRECTED}</correction><|im_end|>"
)
GROUNDED = {
    "timechat": ["The given query happens in 12.5 - 17.8 seconds.", PROSE],
    "timesuite": ["The given query happens in 12.5 - 17.8 seconds.", PROSE],
    "time_r1": [f"{THINKING}{ANSWER}", ANSWER, RA_RFT],
    "time_r1_3b": [f"{THINKING}{ANSWER}", ANSWER, RA_RFT],
    "videochat_r1": [ANSWER, "<answer>12.5 and 17.8</answer>", RA_RFT],
    "videochat_r1_think": [f"{THINKING}{ANSWER}", RA_RFT],
    "videochat_r1_5": [
        "<answer>[(12.5, 17.8)]</answer>",
        "<answer>12.5 to 17.8</answer><glue>[(12.5, 17.8)]</glue>",
    ],
    "ra_rft_qwen2_5_vl_7b": [RA_RFT],
    "ra_rft_time_r1": [RA_RFT],
    "ra_rft_videochat_r1": [RA_RFT],
    "ra_rft_videochat_r1_think": [RA_RFT],
    "tvg_r1": ["<think>He runs at 3 s.</think> <time>[12.5, 17.8]</time><|im_end|>"],
    "timelens_7b": [PROSE],
    "timelens_8b": [PROSE, f"{PROSE}<|im_end|>"],
    "qwen2_5_vl_7b": [PROSE, RA_RFT, "From 12.5s to 17.8s."],
    "qwen2_5_vl_3b": [PROSE, RA_RFT, "From 12.5s to 17.8s."],
    "qwen3_vl_8b": [PROSE, RA_RFT, '```json\n[{"start": "00:12.5", "end": "00:17.8"}]\n```'],
    "internvl3_5_8b": [PROSE, RA_RFT],
    "openai": [PROSE, "It starts at 12.5 s and ends at 17.8 s."],
    "tiny": [RA_RFT],
    "tiny_base": [RA_RFT],
    "tiny_rarft": [RA_RFT],
}
TEXT = sorted(
    name
    for name in card_paths()
    if (card := find_card(name)[0]).family != "baseline" and card.output.form != "structured"
)


def test_every_model_that_writes_text_has_a_sample() -> None:
    assert sorted(GROUNDED) == TEXT


@pytest.mark.parametrize(
    ("name", "reply"), [(name, reply) for name, replies in GROUNDED.items() for reply in replies]
)
def test_a_sample_is_read_as_its_span(name: str, reply: str) -> None:
    prediction = parse_reply(reply, form=find_card(name)[0].output.form)
    assert prediction.kind == "grounded"
    assert [(one.start_s, one.end_s) for one in prediction.spans] == SPAN


@pytest.mark.parametrize("name", TEXT)
def test_a_refusal_in_the_models_form_keeps_its_reason(name: str) -> None:
    form = find_card(name)[0].output.form
    reply = REFUSED if form == "prose" else RA_RFT_REFUSED
    prediction = parse_reply(reply, form=form)
    assert (prediction.kind, prediction.explanation) == ("refused", REFUSED)
    assert prediction.correction == (None if form == "prose" else CORRECTED)
