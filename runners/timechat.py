"""Runner for TimeChat: its own Chat, frames and conversation, asked over the bridge.

Start it with the Python of TimeChat's environment, see README.md. Greedy decoding is nucleus
sampling from the likeliest token alone, since the project's Chat always samples.
"""

from __future__ import annotations

import argparse
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
from protocol import Message, serve, video_path

GREEDY_TOP_P = 1e-6
REGISTERED = ("datasets.builders", "models", "processors", "runners", "tasks")


class TimeChat:
    """The model and its conversation."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._seed: Any = 0

    def load(self, prepare: Message) -> None:
        """Build the model as the project's demo does."""
        args = self._args
        self._seed = prepare.get("seed", 0)
        checkpoint = checkpoint_path(args.checkpoint, expected="the file timechat_7b.pth")
        folder = enter(args.project, needed=["timechat", "evaluate.py", args.cfg_path])
        self._system = written_text(f"{folder}/evaluate.py", "system")
        config_class = load_module("timechat.common.config").Config
        registry = load_module("timechat.common.registry").registry
        for name in REGISTERED:
            load_module(f"timechat.{name}")
        self._conversation = load_module("timechat.conversation.conversation_video")
        named = argparse.Namespace(cfg_path=args.cfg_path, options=[])
        config = config_class(named)
        config.model_cfg.ckpt = checkpoint
        config.model_cfg.device_8bit = int(args.device.partition(":")[2] or 0)
        model_class = registry.get_model_class(config.model_cfg.arch)
        model = model_class.from_config(config.model_cfg).to(args.device).eval()
        frames = config.datasets_cfg.webvid.vis_processor.train
        processor = registry.get_processor_class(frames.name).from_config(frames)
        self._chat = self._conversation.Chat(model, processor, device=args.device)

    def answer(self, request: Message) -> Message:
        """Ask about one video."""
        started_s = time.perf_counter()
        settings = request.get("generation") or {}
        path = video_path(request)
        seeded(self._seed, request)
        conversation = self._conversation.conv_llava_llama_2.copy()
        conversation.system = request.get("system") or self._system
        videos: list[Any] = []
        self._chat.upload_video_without_audio(
            path, conversation, videos, n_frms=self._args.n_frames
        )
        self._chat.ask(request["prompt"], conversation)
        text = self._chat.answer(
            conversation,
            videos,
            num_beams=1,
            temperature=1.0 if is_greedy(request) else settings.get("temperature", 1.0),
            top_p=GREEDY_TOP_P if is_greedy(request) else settings.get("top_p", 0.8),
            max_new_tokens=settings.get("max_new_tokens", 512),
            max_length=self._args.max_length,
        )[0]
        reply = {"text": text, "n_frames": self._args.n_frames}
        if request.get("duration_s"):
            reply["effective_fps"] = self._args.n_frames / request["duration_s"]
        reply["seconds"] = time.perf_counter() - started_s
        return reply


def main() -> int:
    """Read the options and serve."""
    parser = options(__doc__)
    parser.add_argument("--cfg_path", default="eval_configs/timechat.yaml")
    parser.add_argument("--n_frames", type=int, default=96)
    parser.add_argument("--max_length", type=int, default=3000)
    args = parser.parse_args()
    model = TimeChat(args)
    hello = {
        "name": "timechat",
        "licence": "code BSD-3-Clause; weights under the LLaMA 2 licence, non-commercial",
        "capabilities": {"batch": 1, "video": True},
        "engine": engine("torch", "transformers", "peft", "decord"),
    }
    if args.stand_in:
        return serve(stand_in_text, dict(hello, name="timechat (stand-in)"))
    return serve(model.answer, hello, load=model.load)


if __name__ == "__main__":
    sys.exit(main())
