"""A group's prompt is read once, and its completions are what they are when each reads it."""

import pytest
import torch
from transformers import AutoModelForImageTextToText

from rarft.harness.models.rope_time import mend_positions
from rarft.trainer.networks import mend_network
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import video_source
from rarft.trainer.sighted_model import token_types, video_tensors
from rarft.trainer.video_rows import VideoStore

SETTINGS = {"max_new_tokens": 70, "min_new_tokens": 70, "do_sample": False}


@pytest.fixture
def inputs(processor, policy, rows):
    """Five prompts of three lengths, two of them twice; two queries share a video."""
    sources = [rows[number] for number in (1, 0, 1, 2, 0)]
    sources.append({**rows[3], "prompt": sources[0]["prompt"]})
    videos = [VideoStore(processor, policy).load(video_source(row["prompt"])) for row in sources]
    ids = PromptEncoder(processor).all_ids([row["prompt"] for row in sources], videos)
    width = max(map(len, ids))
    padded = torch.tensor(
        [[processor.tokenizer.pad_token_id] * (width - len(one)) + one for one in ids]
    )
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in ids])
    types = token_types(padded, video_token_id=processor.video_token_id, n_prompt=width)
    tensors = {**video_tensors(videos), "mm_token_type_ids": types}
    return {"input_ids": padded, "attention_mask": mask, **tensors}


def test_distinct_prompts_are_read_once_and_completions_stay_the_same(checkpoint, inputs):
    stock = AutoModelForImageTextToText.from_pretrained(checkpoint)
    mend_positions(stock)
    expected = stock.generate(**inputs, **SETTINGS)
    network = AutoModelForImageTextToText.from_pretrained(checkpoint)
    mend_network(network)
    read = []
    network.model.language_model.layers[0].register_forward_pre_hook(
        lambda module, given: read.append(tuple(given[0].shape[:2]))
    )
    found = network.generate(**inputs, **SETTINGS)
    assert torch.equal(found, expected)
    width = inputs["input_ids"].shape[1]
    assert read == [(3, width - 1)] + [(6, 1)] * 70


def test_prompts_without_video_are_read_as_they_are(checkpoint, inputs):
    network = AutoModelForImageTextToText.from_pretrained(checkpoint)
    text = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    text["input_ids"] = text["input_ids"].clamp(max=900)
    expected = network.generate(**text, **SETTINGS)
    mend_network(network)
    assert torch.equal(network.generate(**text, **SETTINGS), expected)
