"""A very small Qwen2.5-VL with random weights, and rows about real clips."""

import json
import shutil
import warnings
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

from rarft.harness.models import find_card, prompt_text
from rarft.harness.models.revision import checkpoint_folder
from rarft.harness.models.tiny_weights import draw_weights
from rarft.harness.types import Query, Span
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.prompts import training_row

with warnings.catch_warnings():
    # It imports vllm where that is installed, and vllm what torch is about to drop.
    warnings.simplefilter("ignore")
    import trl.trainer.grpo_trainer  # noqa: F401

POLICY = FramesPolicy(
    fps=2, min_frames=4, max_frames=8, total_pixels=8 * 3136, min_pixels=3136, max_pixels=3136
)
TEXT = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
}
VISION = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_heads": 2,
    "out_hidden_size": 64,
    "fullatt_block_indexes": [0, 1],
}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A saved checkpoint of two layers, 64 numbers wide."""
    folder = tmp_path_factory.mktemp("checkpoint")
    source = Path(checkpoint_folder("package:tiny"))
    for path in source.glob("*.json"):
        shutil.copyfile(path, folder / path.name)
    shutil.copyfile(source / "chat_template.jinja", folder / "chat_template.jinja")
    config = json.loads((source / "config.json").read_text())
    config["text_config"] |= TEXT
    config["vision_config"] |= VISION
    (folder / "config.json").write_text(json.dumps(config))
    with torch.random.fork_rng(devices=[]):
        network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder))
    draw_weights(network)
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def processor(checkpoint):
    return AutoProcessor.from_pretrained(checkpoint)


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> list[Path]:
    """Clips of several lengths and of noise, each its own."""
    folder = tmp_path_factory.mktemp("clips")
    return [noise_clip(folder / f"{n}.mp4", seed=n, n_frames=20 + 5 * n) for n in range(6)]


def noise_clip(path: Path, *, seed: int, n_frames: int, fps: int = 10) -> Path:
    drawn = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 56, 56, "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        for number in range(n_frames):
            coarse = drawn.integers(0, 256, (7, 7, 3), dtype=np.uint8)
            pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def rows(clips) -> list[dict]:
    """One row for each clip, the queries of several lengths."""
    card, path = find_card("tiny")
    prompt = prompt_text(card, path, mode="refusal")
    return [
        training_row(
            Query(
                id=f"q{number}",
                task="t",
                video=clip.name,
                text="the red circle moves left" + " and then stops" * (number % 3),
                relevant=number % 2 == 0,
                record=f"r{number}",
                spans=(Span(1.0, 2.0),) if number % 2 == 0 else (),
                duration_s=3.0,
                refusal="There is no red circle.",
                relevant_query="the blue square stays",
            ),
            video=clip,
            card=card,
            prompt=prompt,
        )
        for number, clip in enumerate(clips)
    ]


@pytest.fixture(scope="session")
def policy() -> FramesPolicy:
    return POLICY


def reward_digits(completion_ids, **_):
    """Rewards that differ within a group, so that advantages are not zero."""
    return [sum(ids) % 97 / 97 for ids in completion_ids]


@pytest.fixture(scope="session")
def build_trainer(checkpoint, processor, rows, policy):
    """A function that builds a trainer of any class on the small network."""
    from trl import GRPOConfig

    from rarft.trainer.video_grpo import VideoGRPOTrainer

    def build(
        kind=VideoGRPOTrainer,
        *,
        folder,
        rewards=(reward_digits,),
        train_rows=None,
        options=None,
        **settings,
    ):
        args = GRPOConfig(
            **{
                "output_dir": str(folder),
                "report_to": [],
                "use_cpu": True,
                "bf16": False,
                "learning_rate": 1e-2,
                "per_device_train_batch_size": 2,
                "gradient_accumulation_steps": 2,
                "steps_per_generation": 4,
                "num_generations": 2,
                "max_completion_length": 6,
                "logging_steps": 1,
                "save_strategy": "no",
                "max_steps": 1,
                "lr_scheduler_type": "constant",
                "seed": 3,
                "disable_tqdm": True,
                **settings,
            }
        )
        return kind(
            AutoModelForImageTextToText.from_pretrained(checkpoint),
            list(rewards),
            args,
            rows if train_rows is None else train_rows,
            processing_class=processor,
            policy=policy,
            **(options or {}),
        )

    return build


@pytest.fixture
def make_trainer(build_trainer, tmp_path):
    """The same, with outputs in a folder of the test."""

    def make(*kind, name="run", **settings):
        return build_trainer(*kind, folder=tmp_path / name, **settings)

    return make
