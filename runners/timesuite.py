"""Runner for TimeSuite (VideoChat-T): its own network and frame transforms, over the bridge.

Start it with the Python of TimeSuite's environment, see README.md. Decoding is greedy, as in the
project's evaluation, unless a request asks for sampling.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from project import (
    checkpoint_path,
    engine,
    enter,
    is_greedy,
    load_module,
    options,
    seeded,
    stand_in_text,
    written_text,
)
from protocol import CannotAnswerError, Message, serve, video_path

MODEL_CLASS = "VideoChat2_it4_mistral_LinearProAda"
ADAPTED = ("q", "k", "v", "o", "gate", "up", "down")
# The statistics of CLIP's training images.
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]


def frame_numbers(n_total: int, n_frames: int) -> list[int]:
    """Return the frames in the middle of equal parts, as the project's evaluation takes them."""
    part = (n_total - 1) / n_frames
    return [int(part / 2) + round(part * index) for index in range(n_frames)]


class TimeSuite:
    """The network, its tokenizer and its transforms."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._seed: Any = 0

    def load(self, prepare: Message) -> None:
        """Build the network, adapt it, and fill in the weights."""
        args = self._args
        self._seed = prepare.get("seed", 0)
        weights = checkpoint_path(args.checkpoint, expected="the file timesuite.pth")
        beside = os.path.dirname(weights)  # noqa: PTH120
        config_path = args.config or os.path.join(beside, "config.json")  # noqa: PTH118
        checkpoint_path(config_path, expected="config.json beside the weights, or --config")
        config_path = os.path.abspath(config_path)  # noqa: PTH100
        folder = enter(args.project, needed=["models", "utils", "dataset", "eval/eval_infer.py"])
        self._system = written_text(f"{folder}/eval/eval_infer.py", "system")
        self._torch = torch = load_module("torch")
        peft = load_module("peft")
        config = load_module("utils.config").Config.from_file(config_path)
        config.model.use_lora = False
        network = getattr(load_module("models"), args.model_class)(config=config.model)
        adapter = peft.LoraConfig(
            task_type=peft.TaskType.CAUSAL_LM,
            inference_mode=False,
            r=16,
            lora_alpha=32,
            lora_dropout=0.0,
            target_modules=[f"{name}_proj" for name in ADAPTED] + ["lm_head"],
        )
        network.mistral_model = peft.get_peft_model(network.mistral_model, adapter)
        state = torch.load(weights, map_location="cpu")
        network.load_state_dict(state.get("model", state), strict=False)
        self._network = network.to(args.device).eval()
        self._size = config.model.vision_encoder.img_size
        self._transform = self._make_transform()

    def answer(self, request: Message) -> Message:
        """Ask about one video."""
        started_s = time.perf_counter()
        settings = request.get("generation") or {}
        torch, network = self._torch, self._network
        frames, times = self._frames(video_path(request))
        seeded(self._seed, request)
        told = ", ".join(str(round(time_s, 1)) for time_s in times)
        told = f"The video contains {len(times)} frames sampled at {told} seconds. "
        system = request.get("system") or self._system
        before = system + "[INST] <Video>"
        after = "</Video> [/INST] [INST] " + told + request["prompt"] + " [/INST]"
        with torch.no_grad():
            seen = network.encode_long_video(frames, [told], "")
            words = [self._embedded(before, is_first=True), seen, self._embedded(after)]
            tokens = network.mistral_model.generate(
                inputs_embeds=torch.cat(words, dim=1),
                max_new_tokens=settings.get("max_new_tokens", 512),
                min_length=1,
                num_beams=1,
                do_sample=not is_greedy(request),
                temperature=settings.get("temperature", 1.0),
                top_p=settings.get("top_p", 0.9),
            )[0]
        text = network.mistral_tokenizer.decode(tokens, skip_special_tokens=True)
        reply = {"text": text.strip(), "n_frames": len(times), "n_new_tokens": len(tokens)}
        if request.get("duration_s"):
            reply["effective_fps"] = len(times) / request["duration_s"]
        reply["seconds"] = time.perf_counter() - started_s
        return reply

    def _embedded(self, text: str, *, is_first: bool = False) -> Any:
        network = self._network
        ids = network.mistral_tokenizer(
            text, return_tensors="pt", add_special_tokens=is_first
        ).input_ids.to(self._args.device)
        return network.mistral_model.base_model.model.model.embed_tokens(ids)

    def _frames(self, path: str) -> tuple[Any, list[float]]:
        """Return frames and times. Shape: (1, frames, 3, height, width)."""
        decord, image = load_module("decord"), load_module("PIL.Image")
        # The project's own modules have decord return tensors.
        decord.bridge.set_bridge("native")
        try:
            video = decord.VideoReader(path, num_threads=1)
        except Exception as error:
            raise CannotAnswerError(f"got {path}, which decord cannot read ({error})") from error
        numbers = frame_numbers(len(video), self._network.total_frames)
        pixels = self._transform([image.fromarray(video[n].asnumpy()) for n in numbers])
        _, height, width = pixels.shape
        frames = pixels.reshape(1, len(numbers), 3, height, width).to(self._args.device)
        rate = float(video.get_avg_fps())
        return frames, [number / rate for number in numbers]

    def _make_transform(self) -> Any:
        parts = load_module("dataset.video_transforms")
        torchvision = load_module("torchvision.transforms")
        bicubic = torchvision.InterpolationMode.BICUBIC
        return torchvision.Compose(
            [
                parts.GroupScale(int(self._size), interpolation=bicubic),
                parts.GroupCenterCrop(self._size),
                parts.Stack(),
                parts.ToTorchFormatTensor(),
                parts.GroupNormalize(MEAN, DEVIATION),
            ]
        )


def main() -> int:
    """Read the options and serve."""
    parser = options(__doc__)
    parser.add_argument("--config", help="the network's config.json; beside the weights if not set")
    parser.add_argument("--model_class", default=MODEL_CLASS)
    args = parser.parse_args()
    model = TimeSuite(args)
    hello = {
        "name": "timesuite",
        "licence": "code MIT; the licence of the weights is not stated",
        "capabilities": {"batch": 1, "video": True},
        "engine": engine("torch", "transformers", "peft", "decord", "flash-attn"),
    }
    if args.stand_in:
        return serve(stand_in_text, dict(hello, name="timesuite (stand-in)"))
    return serve(model.answer, hello, load=model.load)


if __name__ == "__main__":
    sys.exit(main())
