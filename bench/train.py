"""How fast the trainer is, beside itself without its decode cache, the official way, and stock TRL.

Run `python bench/train.py` where FFmpeg is installed. The tiny model with drawn weights, groups of
8, two rewards that cost little, one process and one thread for each of:

ours       16 prompts a step, 3 epochs; a video is decoded once in the whole run
uncached   the same, and nothing decoded is kept: each of a group's copies is decoded
official   one prompt a step, its video decoded once for its group and forgotten, each copy of it
           encoded anew and read with a prompt of its own, as in the authors' code, whose trainer
           takes no other batch
stock      TRL's own GRPOTrainer on the batch of `ours`, which decodes each copy; the reader of
           videos in transformers, which needs torchcodec, is replaced by ours

The videos are those of a camera, as far as a reader is concerned: 60 s of 854x480 at 30 fps, two
queries about each. `camera` shows them as the tiny model's card does, in prompts of 60 tokens, with
replies of 160: mostly rollouts. `long` has prompts and replies in the proportion of the paper's
runs, which are of about 3,800 and 200 tokens: 1,100 and 56. `synth` has the videos of HI-Synth, of
56x56 at 8 fps, which take next to nothing to decode, and else is as `camera`.

`n_vision_calls_in_loss` counts how often a video was looked at where the policy learns: 0 is a
trainer that learns blind. Results: bench/results/train.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from video import ffmpeg, status_mb

RESULTS: Final = Path(__file__).parent / "results" / "train.json"
GROUP: Final = 8
N_PROMPTS: Final = 16
# Nothing that the others do in one epoch spares them work in the next.
N_EPOCHS: Final = {"ours": 3, "uncached": 1, "official": 1, "stock": 1}
LIMITS: Final = {"uncached": 1.5, "official": 3.0}
KEPT_BYTES: Final = {"ours": 4 * 1024**3, "uncached": 0, "official": 1}
VARIANTS: Final = ("ours", "uncached", "official", "stock")
# What stock TRL takes is measured where decoding hides nothing of it.
SETS: Final = {
    "camera": ("ours", "official", "uncached"),
    "long": ("ours", "official"),
    "synth": VARIANTS,
}
N_TOKENS: Final = {"camera": 160, "long": 56, "synth": 160}
_LONG: Final = 224 * 224
FRAMES: Final[dict[str, dict[str, int]]] = {
    "camera": {},
    "long": {"min_pixels": _LONG, "max_pixels": _LONG, "total_pixels": 32 * _LONG},
    "synth": {},
}
CLIPS: Final = Path(tempfile.gettempdir()) / "rarft-bench-train-1"
CLIP_S: Final = 60
MADE_S: Final = 6


def training_config(variant: str, videos: str, folder: str) -> Any:
    """Return TRL's configuration of one variant."""
    from trl import GRPOConfig

    n_prompts = 1 if variant == "official" else N_PROMPTS
    return GRPOConfig(
        output_dir=folder,
        report_to=[],
        use_cpu=True,
        bf16=False,
        learning_rate=1e-6,
        beta=0.04,
        loss_type="grpo",
        num_generations=GROUP,
        per_device_train_batch_size=GROUP,
        gradient_accumulation_steps=n_prompts,
        steps_per_generation=n_prompts,
        max_completion_length=N_TOKENS[videos],
        num_train_epochs=N_EPOCHS[variant],
        gradient_checkpointing=False,
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
        seed=0,
    )


def make_clip(number: int) -> Path:
    """Encode a clip with x264's defaults, where it is not there yet."""
    path = CLIPS / f"{number}.mp4"
    if path.is_file():
        return path
    CLIPS.mkdir(exist_ok=True)
    part, draft = path.with_suffix(".part.mp4"), path.with_suffix(".draft.mp4")
    source = f"mandelbrot=size=854x480:rate=30:start_scale={3 - number / 10}"
    ffmpeg("-f", "lavfi", "-i", source, "-t", str(MADE_S), "-pix_fmt", "yuv420p", str(part))
    repeats = CLIP_S // MADE_S - 1
    ffmpeg("-stream_loop", str(repeats), "-i", str(part), "-c", "copy", str(draft))
    part.unlink()
    draft.rename(path)
    return path


def rows_of(videos: str, n_videos: int, card: Any, prompt: str) -> Any:
    """Return two rows about each video, as a dataset."""
    from datasets import Dataset

    from rarft.harness.types import Query, Span
    from rarft.trainer.config import DataArguments
    from rarft.trainer.data.training import training_rows
    from rarft.trainer.prompts import training_row

    if videos == "synth":
        asked = DataArguments(dataset_name="synth_hi", synth_videos=n_videos)
        drawn, _ = training_rows(asked, card=card, prompt=prompt, seed=0)
        return Dataset.from_list([drawn[position] for position in range(len(drawn))])
    about = {"task": "camera", "duration_s": float(CLIP_S)}
    queries = [
        Query(
            id=f"{number}-{int(relevant)}",
            video=f"{number}.mp4",
            record=str(number),
            text="the red circle moves left" if relevant else "the blue square moves right",
            relevant=relevant,
            spans=(Span(1.0, 5.0),) if relevant else (),
            refusal="No blue square is there.",
            relevant_query="the red circle moves left",
            **about,
        )
        for number in range(n_videos)
        for relevant in (True, False)
    ]
    return Dataset.from_list(
        [
            training_row(query, video=CLIPS / query.video, card=card, prompt=prompt)
            for query in queries
        ]
    )


def run_variant(variant: str, videos: str, n_videos: int) -> dict[str, Any]:
    """Train in this process, and return what it took."""
    from rarft.harness.models import find_card, prompt_text
    from rarft.trainer.load_network import find_base, load_network, load_processor
    from rarft.trainer.networks import freeze_vision
    from rarft.trainer.rewards import reward_functions

    card, card_path = find_card("tiny")
    prompt = prompt_text(card, card_path, mode="refusal")
    rows = rows_of(videos, n_videos, card, prompt)
    policy = replace(card.frames, **FRAMES[videos])
    base = find_base(card, name=None, revision=None)
    network = load_network(base, dtype="float32", attn_implementation=None)
    plain = {"get_video_features": network.model.get_video_features, "generate": network.generate}
    freeze_vision(network)
    given = {
        "model": network,
        "reward_funcs": reward_functions(["format", "refuse_iou"], encoder=None),
        "train_dataset": rows,
        "processing_class": load_processor(base),
    }
    with tempfile.TemporaryDirectory() as folder:
        given["args"] = training_config(variant, videos, folder)
        if variant == "stock":
            trainer = stock_trainer(given, policy)
        else:
            trainer = our_trainer(
                given,
                policy,
                max_video_bytes=KEPT_BYTES[variant],
                shares_prompts=variant != "official",
            )
        if variant == "official":
            # What the package spares a network: equal videos, and copies of keys and values.
            network.model.get_video_features = plain["get_video_features"]
            network.generate = plain["generate"]
        return measured(trainer, n_samples=N_EPOCHS[variant] * len(rows) * GROUP)


def our_trainer(given: dict[str, Any], policy: Any, **settings: Any) -> Any:
    """Return the package's trainer."""
    from rarft.trainer.video_grpo import VideoGRPOTrainer

    return VideoGRPOTrainer(**given, policy=policy, **settings)


def stock_trainer(given: dict[str, Any], policy: Any) -> Any:
    """Return TRL's trainer, whose processor reads videos with our reader."""
    import types

    import numpy as np
    import torch
    from trl import GRPOTrainer

    from rarft.harness.models.hf_inputs import video_metadata
    from rarft.harness.video.frames import decode_frames

    def fetch_videos(self: Any, video: Any, sample_indices_fn: Any = None) -> Any:
        if isinstance(video, list):
            return list(zip(*[fetch_videos(self, one) for one in video], strict=True))
        frames = decode_frames(Path(video), policy)
        pixels = torch.from_numpy(np.array(frames.pixels)).permute(0, 3, 1, 2)
        return pixels, video_metadata(frames)

    reader = given["processing_class"].video_processor
    reader.fetch_videos = types.MethodType(fetch_videos, reader)
    reader.do_sample_frames = False
    return GRPOTrainer(**given)


def measured(trainer: Any, *, n_samples: int) -> dict[str, Any]:
    """Train, and return speed, peak memory and how often the policy looked."""
    import torch

    looked = {"in_loss": 0}

    def count(*_: Any) -> None:
        # The reference and the rollouts take no gradients.
        looked["in_loss"] += torch.is_grad_enabled()

    trainer.model.model.visual.register_forward_hook(count)
    Path("/proc/self/clear_refs").write_text("5")
    before_mb = status_mb("VmHWM")
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    trainer.train()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    store = getattr(trainer, "video_store", None)
    return {
        "n_samples": n_samples,
        "n_steps": trainer.state.global_step,
        "s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        "samples_per_s": round(n_samples / wall_s, 2),
        "samples_per_cpu_s": round(n_samples / cpu_s, 2),
        "peak_mb": round(status_mb("VmHWM")),
        "peak_above_loaded_mb": round(status_mb("VmHWM") - before_mb),
        "n_decoded": None if store is None else store.n_decoded,
        "n_vision_calls_in_loss": looked["in_loss"],
    }


def in_process(variant: str, videos: str, n_videos: int) -> dict[str, Any]:
    """Train one variant in a process of its own."""
    command = [sys.executable, __file__, "--variant", variant, "--set", videos]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [*command, "--videos", str(n_videos)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(videos, variant, json.dumps(figures), file=sys.stderr, flush=True)
    return figures


def compared(videos: str, n_videos: int) -> dict[str, Any]:
    """Measure every variant on one set of videos."""
    figures = {variant: in_process(variant, videos, n_videos) for variant in SETS[videos]}

    def ratios(name: str) -> dict[str, float]:
        ours = float(figures["ours"][name])
        return {other: round(ours / float(figures[other][name]), 2) for other in SETS[videos][1:]}

    return {
        "samples_per_s_of_ours_over": ratios("samples_per_s"),
        "samples_per_cpu_s_of_ours_over": ratios("samples_per_cpu_s"),
        "peak_mb_of_ours_over": ratios("peak_mb"),
        "learn_blind": [
            name for name, one in figures.items() if one["n_vision_calls_in_loss"] == 0
        ],
        "variants": figures,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the clips, measure every variant, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--set", choices=tuple(SETS), help="one set only; nothing is written")
    parser.add_argument("--videos", type=int, default=8, help="two queries about each an epoch")
    asked = parser.parse_args(arguments)
    if asked.variant:
        print(json.dumps(run_variant(asked.variant, asked.set or "camera", asked.videos)))
        return
    for number in range(asked.videos):
        make_clip(number)
    if asked.set:
        print(json.dumps(compared(asked.set, asked.videos), indent=2))
        return
    load = os.getloadavg()[0]
    write({videos: compared(videos, asked.videos) for videos in SETS}, asked.videos, load=load)


def write(sets: dict[str, dict[str, Any]], n_videos: int, *, load: float) -> None:
    """Write the results and print them."""
    results = {
        "schema_version": 1,
        "videos": n_videos,
        "epochs": N_EPOCHS,
        "group": GROUP,
        "prompts_per_step": N_PROMPTS,
        "new_tokens": N_TOKENS,
        "limits": LIMITS,
        **sets,
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(load, 1),
            "load_after": round(os.getloadavg()[0], 1),
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
