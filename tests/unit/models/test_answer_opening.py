"""Where an answer opens, and how likely a time is there; by hand on words and on the tiny model."""

import math

import pytest
import torch
from transformers import AutoTokenizer

from rarft.harness.models.answer_opening import (
    Opening,
    Vocabulary,
    find_opening,
    opening_logits,
    time_probability,
)
from rarft.harness.models.base import Request
from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.types import Query
from rarft.harness.video.frames import load_frames
from rarft.harness.video.policy import FramesPolicy

TAGGED = "answer_correction"


class WordTokenizer:
    """A vocabulary that writes the end of a tag and a capital word as one token, as BPE does."""

    words = ("<answer", ">", ">The", ">\n", "1", "The", " ", "From", "</answer>", ">From", " 2")

    def __len__(self):
        return len(self.words)

    def decode(self, token_ids, *, skip_special_tokens):
        return "".join(self.words[number] for number in token_ids)

    def batch_decode(self, rows, *, skip_special_tokens):
        return [self.decode(row, skip_special_tokens=skip_special_tokens) for row in rows]


@pytest.fixture
def words() -> Vocabulary:
    return Vocabulary(WordTokenizer())


def ids(*tokens: str) -> list[int]:
    return [WordTokenizer.words.index(token) for token in tokens]


def logits_of(*rows: dict[str, float]) -> torch.Tensor:
    """Logits of these probabilities; what is left out is impossible."""
    whole = [[row.get(word, 0.0) for word in WordTokenizer.words] for row in rows]
    return torch.log(torch.tensor(whole))


def test_a_tag_of_its_own_token_opens_after_it(words):
    opening = find_opening(ids("<answer", ">", "1", "</answer>"), words, form=TAGGED)
    assert opening == Opening(n_before=1, inside=">", path=tuple(ids(">")))
    logits = logits_of({">": 0.6, ">The": 0.3, "1": 0.1}, {"1": 0.5, "From": 0.2, "The": 0.3})
    # Of what completes the tag, two thirds write it alone; then 0.7 begin a time.
    assert time_probability(logits, opening, words) == pytest.approx(2 / 3 * 0.7)


def test_a_refusal_that_swallows_the_end_of_the_tag_is_scored_at_the_tag(words):
    opening = find_opening(ids("<answer", ">The", "</answer>"), words, form=TAGGED)
    assert opening == Opening(n_before=1, inside=">", path=tuple(ids(">")))
    logits = logits_of({">": 0.2, ">The": 0.7, ">From": 0.1}, {"1": 1.0})
    assert time_probability(logits, opening, words) == pytest.approx(0.1 + 0.2)


def test_blanks_that_the_reply_writes_are_followed(words):
    opening = find_opening(ids("<answer", ">", " ", "1"), words, form=TAGGED)
    assert opening.path == tuple(ids(">", " "))
    logits = logits_of({">": 1.0}, {" ": 0.5, " 2": 0.1, "The": 0.4}, {"1": 0.9, "The": 0.1})
    assert time_probability(logits, opening, words) == pytest.approx(0.1 + 0.5 * 0.9)


def test_a_blank_that_ends_the_tags_token_is_followed_too(words):
    opening = find_opening(ids("<answer", ">\n", "1"), words, form=TAGGED)
    assert opening == Opening(n_before=1, inside=">", path=tuple(ids(">\n")))
    logits = logits_of({">\n": 0.8, ">The": 0.2}, {"1": 0.9, "The": 0.1})
    assert time_probability(logits, opening, words) == pytest.approx(0.8 * 0.9)


def test_a_token_that_the_tokenizer_does_not_know_is_no_time_and_no_blank(words):
    n_words = len(WordTokenizer.words)
    assert find_opening([n_words], words, form="clock").path == ()
    beyond = torch.log(torch.tensor([[0.0] * 4 + [0.5] + [0.0] * 6 + [0.5]]))
    opening = Opening(n_before=0, inside="", path=())
    assert time_probability(beyond, opening, words) == pytest.approx(0.5)


def test_the_last_answer_counts(words):
    twice = ids("<answer", ">", "1", "</answer>", "<answer", ">", "The")
    assert find_opening(twice, words, form=TAGGED).n_before == 5


@pytest.mark.parametrize("tokens", [("The", "1"), ("</answer>",), ("<answer",), ()])
def test_a_reply_in_tags_without_an_answer_has_no_opening(tokens, words):
    assert find_opening(ids(*tokens), words, form=TAGGED) is None


def test_other_forms_open_with_the_reply(words):
    opening = find_opening(ids("1", "The"), words, form="clock")
    assert opening == Opening(n_before=0, inside="", path=())
    logits = logits_of({"1": 0.25, "The": 0.75})
    assert time_probability(logits, opening, words) == pytest.approx(0.25)


def test_a_tag_that_the_model_cannot_write_has_no_score(words):
    opening = Opening(n_before=1, inside=">", path=tuple(ids(">")))
    assert time_probability(logits_of({"1": 1.0}, {"1": 1.0}), opening, words) is None


def test_times_begin_with_a_digit_or_a_word_before_one():
    tokenizer = AutoTokenizer.from_pretrained(checkpoint_folder("package:tiny"))
    vocabulary = Vocabulary(tokenizer)
    times = vocabulary.starting("", with_time=True)
    found = {vocabulary.texts[number] for number in times.nonzero().flatten().tolist()}
    assert set("0123456789") <= found
    assert not {"The", "the", " ", ".", "<answer>", "-"} & found


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(
        CheckpointChoice(
            name="package:tiny",
            revision=None,
            dtype=torch.float32,
            device=torch.device("cpu"),
            attn_implementation="sdpa",
        )
    )


def test_a_batch_gives_what_forward_passes_by_hand_give(checkpoint, make_clip):
    """Different prompts, replies and videos in one batch, one of them without an answer."""
    network, processor = checkpoint.network, checkpoint.processor
    policy = FramesPolicy(max_frames=8, min_pixels=3136, max_pixels=3136, total_pixels=8 * 3136)
    clips = [make_clip("a.mp4", n_frames=40, fps=20), make_clip("b.mp4", n_frames=90, fps=30)]
    frames = [load_frames(clips[n], policy) for n in (0, 1, 0)]
    texts = ["a star", "two small red circles move left on the sand", "a star"]
    queries = [
        Query(id="1", task="t", video="v", text=text, relevant=True, record="1") for text in texts
    ]
    requests = [Request(key=q.text, query=q, prompt=f"Query: {q.text}") for q in queries]
    written = [
        "<think>it moves</think><answer>12.5 to 14.0</answer>",
        "<answer> The star does not blink.</answer><correction>a star</correction>",
        "no tags here",
    ]
    replies = [processor.tokenizer.encode(text) for text in written]
    vocabulary = Vocabulary(processor.tokenizer)
    openings = [find_opening(reply, vocabulary, form=TAGGED) for reply in replies]
    assert openings[2] is None
    inputs = make_inputs(processor, requests, frames, order="video_text")
    with torch.inference_mode():
        rows = opening_logits(network, inputs, replies, openings)
    tag = processor.tokenizer.convert_tokens_to_ids("<answer>")
    digits = [processor.tokenizer.convert_tokens_to_ids(digit) for digit in "0123456789"]
    times = vocabulary.starting("", with_time=True).nonzero().flatten().tolist()
    assert set(digits) <= set(times)
    for n in (0, 1):
        alone = dict(make_inputs(processor, [requests[n]], [frames[n]], order="video_text"))
        prefix = torch.tensor([replies[n][: replies[n].index(tag) + 1]])
        for name, more in (
            ("input_ids", prefix),
            ("attention_mask", torch.ones_like(prefix)),
            ("mm_token_type_ids", torch.zeros_like(prefix)),
        ):
            alone[name] = torch.cat([alone[name], more.to(alone[name].dtype)], dim=1)
        with torch.inference_mode():
            by_hand = network(**alone).logits[0, -1].softmax(dim=-1)
        score = time_probability(rows[n], openings[n], vocabulary)
        assert score == pytest.approx(float(by_hand[times].sum()), abs=1e-4)
        assert math.isfinite(score)
