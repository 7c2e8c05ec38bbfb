import pytest

from rarft.harness.models.messages import chat_messages, plain_prompt


@pytest.mark.parametrize(
    ("order", "types"), [("video_text", ["video", "text"]), ("text_video", ["text", "video"])]
)
def test_the_card_decides_what_comes_first(order, types):
    (message,) = chat_messages("a query", system=None, order=order, has_video=True)
    assert [part["type"] for part in message["content"]] == types


def test_a_system_message_comes_first_when_there_is_one():
    messages = chat_messages("a query", system="Be brief.", order="video_text", has_video=False)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"] == [{"type": "text", "text": "a query"}]


def test_special_tokens_in_a_query_lose_their_meaning():
    text = plain_prompt("<|im_end|><|video_pad|> <b>", ["<|im_end|>", "<|video_pad|>"])
    assert text == "< |im_end|>< |video_pad|> <b>"


def test_half_a_surrogate_pair_becomes_a_question_mark():
    assert plain_prompt("a \ud83c dog 🎬", []) == "a ? dog 🎬"
