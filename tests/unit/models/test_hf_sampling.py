"""Each request samples from a generator of its own; black frames and scores, on the tiny model."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from rarft.harness.errors import UserError
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.card import Card, Output
from rarft.harness.models.hf import load
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.row_sampling import RowSampler, greedy
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy

CARD = Card(
    name="tiny",
    family="base",
    backend="hf",
    checkpoint="package:tiny",
    frames=FramesPolicy(
        min_frames=4, max_frames=8, min_pixels=3136, max_pixels=3136, total_pixels=8 * 3136
    ),
    generation={"max_new_tokens": 8, "do_sample": False},
    output=Output(form="clock"),
    licence="Apache-2.0",
    source="this package",
)
SAMPLING = {"max_new_tokens": 8, "do_sample": True, "temperature": 1.0}
CPU = torch.device("cpu")


@pytest.fixture
def open_model(tmp_path: Path):
    models = []

    def open_one(card=CARD, *, seed=0, **model_args):
        model = load(
            card,
            model_args=model_args,
            generation=card.generation,
            batch_size=4,
            seed=seed,
            cache=tmp_path / "cache",
        )
        models.append(model)
        return model

    yield open_one
    for model in models:
        model.close()


@pytest.fixture
def ask(make_clip):
    path = make_clip("a.mp4", n_frames=50, fps=24)
    video = VideoFile(path=path, sha256=content_hash(path))

    def one(text="a star", *, repeat=0, video_input="shown", **generation) -> Request:
        return Request(
            key=f"{text} {repeat} {video_input}",
            query=Query(id="1", task="t", video="a", text=text, relevant=True, record="1"),
            prompt=f"Query: {text}",
            video=video,
            generation={**CARD.generation, **generation},
            video_input=video_input,
            repeat=repeat,
        )

    return one


def texts_of(replies):
    return [reply.text for reply in replies]


def test_a_sampled_reply_does_not_depend_on_its_batch(open_model, ask):
    asked = [ask(text, repeat=n, **SAMPLING) for text in ("a star", "two red") for n in (0, 1)]
    model = open_model()
    together = texts_of(model.generate(asked))
    assert len(set(together)) == 4
    assert texts_of(model.generate(asked[::-1]))[::-1] == together
    assert [texts_of(model.generate([one]))[0] for one in asked] == together
    assert texts_of(open_model(seed=1).generate(asked)) != together


def test_sampled_requests_are_named_by_how_they_are_drawn_and_greedy_ones_are_not(open_model):
    sampled = CARD.model_copy(update={"generation": SAMPLING})
    assert "sampling" in open_model(sampled).engine
    assert "sampling" not in open_model().engine


def test_tokens_are_drawn_in_proportion_after_temperature_top_k_and_top_p():
    scores = torch.log(torch.tensor([[0.4, 0.3, 0.2, 0.1]]))
    ids = torch.zeros(1, 1, dtype=torch.long)

    def shares(n=2000, **settings):
        sampler = RowSampler(GenerationConfig(**settings), ["seed"], device=CPU)
        drawn = Counter(int(sampler(ids, scores).argmax()) for _ in range(n))
        return [drawn[token] / n for token in range(4)]

    assert shares() == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.04)
    squares = [0.16 / 0.3, 0.09 / 0.3, 0.04 / 0.3, 0.01 / 0.3]
    assert shares(temperature=0.5) == pytest.approx(squares, abs=0.04)
    assert shares(top_k=2) == pytest.approx([4 / 7, 3 / 7, 0, 0], abs=0.04)
    assert shares(top_p=0.65) == pytest.approx([4 / 7, 3 / 7, 0, 0], abs=0.04)


def test_a_rows_draws_follow_its_own_seed_alone():
    scores, ids = torch.zeros(2, 50), torch.zeros(2, 1, dtype=torch.long)
    sampler = RowSampler(GenerationConfig(), ["a", "b"], device=CPU)
    alone = RowSampler(GenerationConfig(), ["b"], device=CPU)
    drawn = [sampler(ids, scores).argmax(dim=1).tolist() for _ in range(20)]
    assert [row[1] for row in drawn] == [
        int(alone(ids[:1], scores[:1]).argmax()) for _ in range(20)
    ]
    assert [row[0] for row in drawn] != [row[1] for row in drawn]


def test_the_sampler_leaves_transformers_nothing_to_draw():
    settings = GenerationConfig(do_sample=True, temperature=0.5, top_k=3, max_new_tokens=9)
    left = greedy(settings)
    assert (left.do_sample, left.temperature, left.top_k) == (False, None, None)
    assert (left.max_new_tokens, settings.do_sample) == (9, True)


def test_beams_still_sample_by_the_seed(open_model, ask):
    asked = [ask(num_beams=2, **SAMPLING)]
    assert texts_of(open_model().generate(asked)) == texts_of(open_model().generate(asked))


def test_black_frames_reach_the_network(open_model, ask):
    model = open_model()
    network, processor = model.checkpoint.network, model.checkpoint.processor
    seen = []
    network.register_forward_pre_hook(
        lambda _, __, given: seen.append(given.get("pixel_values_videos")), with_kwargs=True
    )
    shown, black = ask(), ask(video_input="black")
    replies = model.generate([shown]) + model.generate([black])
    pixels = [one for one in seen if one is not None]
    (frames,) = model._frames_loader.load([shown])
    zeros = replace(frames, pixels=0 * frames.pixels)
    expected = make_inputs(processor, [shown], [zeros], order="video_text")["pixel_values_videos"]
    assert torch.equal(pixels[1], expected)
    assert pixels[0].shape == pixels[1].shape
    assert not torch.equal(pixels[0], pixels[1])
    assert replies[0].n_frames == replies[1].n_frames
    assert replies[0].effective_fps == replies[1].effective_fps
    assert replies[0].text != replies[1].text


def test_a_score_is_the_probability_of_a_time_at_the_first_token(open_model, ask):
    """A card whose form has no tags; a forward pass by hand gives the same."""
    model = open_model(score="logits")
    asked = [ask("a star"), ask("two small red circles move left")]
    replies = model.generate(asked)
    assert texts_of(replies) == texts_of(open_model().generate(asked))
    processor = model.checkpoint.processor
    vocabulary = processor.tokenizer.get_vocab()
    # A token of a time here: a digit, after a blank or a bracket or not, or one of two words.
    times = [
        number
        for number in vocabulary.values()
        if processor.tokenizer.decode([number]).strip().strip("[(\"'")[:1].isdigit()
        or processor.tokenizer.decode([number]).strip().lower() in ("from", "between")
    ]
    for one, reply in zip(asked, replies, strict=True):
        frames = model._frames_loader.load([one])
        inputs = make_inputs(processor, [one], frames, order="video_text")
        with torch.inference_mode():
            logits = model.checkpoint.network(**inputs).logits[0, -1]
        expected = float(logits.softmax(dim=-1)[times].sum())
        assert reply.relevance_score == pytest.approx(expected, abs=1e-4)
        assert 0 < reply.relevance_score < 1


def test_a_reply_in_tags_without_an_answer_has_no_score(open_model, ask):
    tagged = CARD.model_copy(update={"output": Output(form="answer_correction")})
    (reply,) = open_model(tagged, score="logits").generate([ask()])
    assert "<answer>" not in reply.text
    assert reply.relevance_score is None


def test_scores_are_off_by_default_and_named_where_they_are_on(open_model, ask):
    assert open_model().generate([ask()])[0].relevance_score is None
    assert "answer_opening" not in open_model().engine
    assert "answer_opening" in open_model(score="logits").engine
    with pytest.raises(UserError, match="got score=best, expected score=none or score=logits"):
        open_model(score="best")
