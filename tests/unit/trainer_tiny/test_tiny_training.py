"""A network of the tiny shape on a few real videos."""

import json
import random
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from rarft.harness.metrics.overlap import tiou
from rarft.harness.models.base import Request
from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Query
from rarft.harness.video.frames import decode_frames
from rarft.tasks.synth_hi import holds, make_dataset
from rarft.trainer.tiny.batches import IGNORED, Batcher, Sample
from rarft.trainer.tiny.exam import answer, figures, questions
from rarft.trainer.tiny.frames_pool import POLICY, open_pool, read_scenes
from rarft.trainer.tiny.lessons import Classroom, chat_prompt
from rarft.trainer.tiny.network import draw_network, export_network, load_processor, write_processor
from rarft.trainer.tiny.training import Plan, Stage, read_log, train

MAX_BYTES = 6_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write_processor(folder / "processor")
    make_dataset(folder / "set", n_queries=8, seed=5, split="train", workers=1)
    return folder


@pytest.fixture(scope="module")
def classroom(folder):
    scenes = read_scenes(folder / "set")
    pool = open_pool(folder / "set", scenes)
    return Classroom(scenes=scenes, pool=pool, seed=0, split="train")


@pytest.fixture(scope="module")
def processor(folder):
    processor = load_processor(folder / "processor")
    processor.tokenizer.padding_side = "left"
    return processor


def test_a_batch_is_what_the_harness_gives_the_model(folder, classroom, processor):
    names = [f"synth-train-5-00000{index}.mp4" for index in (0, 1)]
    frames = [decode_frames(folder / "set" / "videos" / name, POLICY) for name in names]
    query = Query(id="1", task="t", video="v", text="A red star.", relevant=True, record="1")
    request = Request(key="1", query=query, prompt="Query: A red star.")
    theirs = make_inputs(processor, [request] * 2, frames, order="video_text")
    samples = [
        Sample(
            pixels=classroom.pool[scene.index, : len(scene.frame_indices)],
            seconds_per_pair=scene.seconds_per_pair,
            prompt=chat_prompt("Query: A red star."),
        )
        for scene in classroom.scenes[:2]
    ]
    own = Batcher(processor).batch(samples, for_generation=True)
    assert set(own) == set(theirs)
    for name, tensor in own.items():
        torch.testing.assert_close(tensor.double(), theirs[name].double())


def test_only_the_reply_is_learned(classroom, processor):
    batch = Batcher(processor).batch(classroom.samples("queries", step=0, places=range(4)))
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        text = processor.tokenizer.decode(labels[labels != IGNORED])
        assert text.startswith("<think>")
        assert text.endswith("</correction><|im_end|>")
        assert torch.equal(ids[labels != IGNORED], labels[labels != IGNORED])


def test_of_a_video_that_is_not_shown_only_what_follows_from_its_captions_is_learned(
    classroom, processor
):
    (sample,) = classroom.samples("words", step=0, places=[0])
    batch = Batcher(processor).batch([sample])
    assert "pixel_values_videos" not in batch
    labels = batch["labels"][0]
    text = processor.tokenizer.decode(labels[labels != IGNORED])
    assert text == "".join(sample.reply[::2]) + "<|im_end|>"
    caption = sample.reply[1]
    assert caption.startswith("\n0")
    assert caption not in text
    assert caption in processor.tokenizer.decode(batch["input_ids"][0])


def test_a_comparison_teaches_a_thought_and_no_answer(classroom, processor):
    samples = classroom.samples("comparisons", step=0, places=range(8))
    batch = Batcher(processor).batch(samples)
    for sample, labels in zip(samples, batch["labels"], strict=True):
        text = processor.tokenizer.decode(labels[labels != IGNORED])
        assert text == "".join(sample.reply[::2])
        assert text.startswith("<think>")
        assert text.endswith("</think>")
    assert any(": yes" in "".join(sample.reply) for sample in samples)
    assert any(": yes" not in "".join(sample.reply) for sample in samples)


def test_every_reply_has_the_form_of_the_paper_and_is_right(classroom):
    rng = random.Random(0)
    kinds = set()
    for lesson in ["queries", "words"] * 5:
        for sample in classroom.samples(lesson, step=len(kinds), places=range(4)):
            read = parse_reply("".join(sample.reply), form="answer_correction", duration_s=14.0)
            assert read.format_ok
            kinds.add(read.kind)
    assert kinds == {"grounded", "refused"}
    scene = rng.choice(classroom.scenes)
    (span,) = holds(scene.world, scene.relevant)
    assert tiou(span, span) == 1.0


def test_a_batch_depends_on_seed_and_step_alone(classroom):
    first = classroom.samples("queries", step=7, places=range(4))
    again = [classroom.samples("queries", step=7, places=[place])[0] for place in range(4)]
    assert [sample.reply for sample in first] == [sample.reply for sample in again]
    other = classroom.samples("queries", step=8, places=range(4))
    assert [sample.reply for sample in first] != [sample.reply for sample in other]


def test_a_mirror_shows_only_what_has_other_colours(classroom):
    mirroring = replace(classroom, mirror_chance=1.0)
    plain, shown = (
        one.samples("captions", step=0, places=range(12)) for one in (classroom, mirroring)
    )
    swapped = {"left": "right", "right": "left"}
    kinds = set()
    for sample, other in zip(plain, shown, strict=True):
        in_colour = "without colours" not in sample.prompt
        kinds.add(in_colour)
        if in_colour:
            assert np.array_equal(sample.pixels, other.pixels)
            assert sample.reply == other.reply
        else:
            assert np.array_equal(sample.pixels[:, :, ::-1], other.pixels)
            words = re.split("( )", sample.reply[0])
            assert "".join(swapped.get(word, word) for word in words) == other.reply[0]
    assert kinds == {True, False}


def test_attending_to_all_frames_at_once_changes_nothing(folder, classroom, processor):
    samples = classroom.samples("captions", step=0, places=range(2))
    batch = Batcher(processor).batch(samples)
    fast = draw_network(folder / "processor", seed=0).eval()
    slow = draw_network(folder / "processor", seed=0).eval()
    for block in slow.model.visual.blocks:
        del block.attn.forward
    with torch.inference_mode():
        torch.testing.assert_close(fast(**batch).logits, slow(**batch).logits, atol=1e-4, rtol=1e-4)


class KilledError(Exception):
    """Ends a run right after a checkpoint."""


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(folder, classroom, processor):
    stages = (
        Stage("first", 2, {"clips": 4, "looks": 2}),
        Stage("second", 2, {"queries": 2, "words": 2}),
    )
    plan = Plan(stages=stages, n_warmup=2, n_decay=2, checkpoint_every=2)
    batcher = Batcher(processor)

    def kill(step):
        raise KilledError

    for name in ("whole", "parts"):
        (folder / name).mkdir()
    whole = draw_network(folder / "processor", seed=1)
    train(whole, batcher, classroom, plan, folder=folder / "whole")
    killed = draw_network(folder / "processor", seed=1)
    with pytest.raises(KilledError):
        train(killed, batcher, classroom, plan, folder=folder / "parts", on_checkpoint=kill)
    fresh = draw_network(folder / "processor", seed=2)
    train(fresh, batcher, classroom, plan, folder=folder / "parts")
    whole_rows, parts_rows = (read_log(folder / name) for name in ("whole", "parts"))
    assert [set(row["loss"]) for row in whole_rows] == [
        *[{"clips", "looks"}] * 2,
        *[{"queries", "words"}] * 2,
    ]
    for row, other in zip(whole_rows, parts_rows, strict=True):
        assert other["loss"] == pytest.approx(row["loss"], abs=1e-4)


def test_an_exported_network_is_small_and_answers_like_the_trained_one(
    folder, classroom, processor
):
    network = draw_network(folder / "processor", seed=0).eval()
    export_network(network, folder / "processor", folder / "checkpoint")
    weights = folder / "checkpoint" / "model.safetensors"
    assert weights.stat().st_size < MAX_BYTES
    loaded = load_checkpoint(
        CheckpointChoice(
            name=str(folder / "checkpoint"),
            revision=None,
            dtype=torch.float32,
            device=torch.device("cpu"),
            attn_implementation="sdpa",
        )
    )
    batch = Batcher(processor).batch(classroom.samples("queries", step=0, places=range(2)))
    with torch.inference_mode():
        own, theirs = network(**batch).logits, loaded.network(**batch).logits
    assert (own - theirs).abs().max() < 0.05
    config = json.loads((folder / "checkpoint" / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "qwen2_5_vl"


def test_an_exam_counts_what_is_refused(folder, classroom, processor):
    asked = questions(classroom, n_videos=2)
    assert [one.kind for one in asked] == ["relevant", "hard", "shuffled"] * 2
    refusal = "<answer>The video does not contain a matching segment.</answer>"
    spans = [one.span for one in asked]
    perfect = [f"<answer>{s.start_s} to {s.end_s}</answer>" if s else refusal for s in spans]
    found = figures(asked, perfect)
    assert found["miou"] == found["f1_irrelevant_hard"] == found["f1_relevant_shuffled"] == 1.0
    assert figures(asked, [refusal] * 6)["reward_hard"] == 0.5


def test_an_untrained_network_writes_something(folder, classroom, processor):
    network = draw_network(folder / "processor", seed=0).eval()
    samples = [one.sample for one in questions(classroom, n_videos=1)]
    texts = answer(network, Batcher(processor), samples, n_new_tokens=3)
    assert len(texts) == 3


def test_the_learning_rate_rises_stays_and_falls():
    plan = Plan(stages=(Stage("queries", 100, 1),), learning_rate=1.0, n_warmup=10, n_decay=20)
    rates = np.array([plan.learning_rate_at(step) for step in range(100)])
    assert rates[0] == pytest.approx(0.1)
    assert (rates[9:80] == 1.0).all()
    assert (np.diff(rates[80:]) < 0).all()
    assert rates[99] == pytest.approx(0.05, abs=0.02)
