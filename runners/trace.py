"""Runner for TRACE: its special time tokens become spans, over the bridge.

Start it with the Python of TRACE's environment, see README.md. TRACE writes times before words, so
the reply is a span and no text; an event without exactly two times counts as a refusal.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from math import isfinite
from typing import Any

from project import (
    engine,
    enter,
    is_greedy,
    load_module,
    options,
    seeded,
    stand_in_spans_of_file,
)
from protocol import CannotAnswerError, CannotStartError, Message, serve, video_path

# The vocabulary of the released models: text up to FIRST_TIME, then times, then scores.
FIRST_TIME = 32001
FIRST_SCORE = 32014
N_FRAMES_MOST = 128


def read_times(token_ids: list[int], decode: Any) -> list[list[float]]:
    """Return the times of each event, from the tokens between text and scores.

    Args:
        token_ids: What the model wrote.
        decode: From the number of a time token, counted from FIRST_TIME, to its character.
    """
    events, times, digits = [], [], ""  # type: list[list[float]], list[float], str
    for token_id in token_ids:
        if not FIRST_TIME <= token_id < FIRST_SCORE:
            continue
        if token_id > FIRST_TIME + 1:
            digits += decode(token_id - FIRST_TIME)
            continue
        # The first two of its tokens end an event and a time.
        if digits:
            times.append(seconds_of(digits))
        digits = ""
        if token_id == FIRST_TIME:
            events.append(times)
            times = []
    return events


def seconds_of(digits: str) -> float:
    """Return a time such as 0012.5; not a number where the model wrote something else."""
    try:
        return float(digits)
    except ValueError:
        return float("nan")


def reply_from_events(events: list[list[float]]) -> Message:
    """Return the first event that has a start and an end, as the project's evaluation does."""
    spans = [sorted(times) for times in events if len(times) == 2 and all(map(isfinite, times))]
    return {"relevant": bool(spans), "spans": spans[:1]}


class Trace:
    """The model, its tokenizer and its frame processor."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._seed: Any = 0

    def load(self, prepare: Message) -> None:
        """Load the checkpoint with the project's builder."""
        args = self._args
        self._seed = prepare.get("seed", 0)
        if not args.checkpoint:
            raise CannotStartError(
                "got no checkpoint, expected a folder or a Hub id such as Yongxin-Guo/trace-uni; "
                "give --model_args pretrained=…"
            )
        is_folder = os.path.isdir(args.checkpoint)  # noqa: PTH112
        checkpoint = os.path.abspath(args.checkpoint) if is_folder else args.checkpoint  # noqa: PTH100
        folder = enter(args.project, needed=["trace/__init__.py", "trace/model/builder.py"])
        # The project imports itself as Trace.trace: the folder above it, whatever its name.
        above = os.path.dirname(folder)  # noqa: PTH120
        parent = os.path.basename(folder)  # noqa: PTH119
        sys.path.insert(0, above)
        self._torch = load_module("torch")
        self._text = load_module(f"{parent}.trace.mm_utils")
        self._talk = load_module(f"{parent}.trace.conversation")
        self._constants = load_module(f"{parent}.trace.constants")
        builder = load_module(f"{parent}.trace.model.builder")
        name = self._text.get_model_name_from_path(checkpoint)
        loaded = builder.load_pretrained_model(checkpoint, None, name)
        self._tokenizer, model, self._processor, _ = loaded
        self._model = model.to(args.device)

    def answer(self, request: Message) -> Message:
        """Ask about one video."""
        started_s = time.perf_counter()
        torch, model, args = self._torch, self._model, self._args
        path = video_path(request)
        try:
            frames, times = self._text.process_video(
                path, self._processor, model.config.image_aspect_ratio, args.n_frames
            )
        except Exception as error:
            raise CannotAnswerError(f"got {path}, which cannot be read ({error})") from error
        seeded(self._seed, request)
        ids = self._prompt_ids(request["prompt"])
        settings = request.get("generation") or {}
        with torch.inference_mode():
            output = model.generate(
                ids,
                attention_mask=ids.ne(self._tokenizer.pad_token_id).long(),
                images_or_videos=[frames.to(dtype=torch.float16, device=args.device)],
                modal_list=["video"],
                do_sample=not is_greedy(request),
                temperature=0.0 if is_greedy(request) else settings.get("temperature", 1.0),
                max_new_tokens=settings.get("max_new_tokens", 1024),
                use_cache=True,
                pad_token_id=self._tokenizer.eos_token_id,
                video_timestamps=[times],
                heads=[1],
            )[0].tolist()
        decode = model.get_model().time_tokenizer.decode
        reply = reply_from_events(read_times(output, decode))
        reply.update(n_frames=len(times), n_new_tokens=len(output))
        if request.get("duration_s"):
            reply["effective_fps"] = len(times) / request["duration_s"]
        return dict(reply, seconds=time.perf_counter() - started_s)

    def _prompt_ids(self, prompt: str) -> Any:
        conversation = self._talk.conv_templates["llama_2"].copy()
        question = self._constants.DEFAULT_MMODAL_TOKEN["VIDEO"] + "\n" + prompt
        conversation.append_message(conversation.roles[0], question)
        conversation.append_message(conversation.roles[1], None)
        # <sync> hands over to the head that writes times.
        text = conversation.get_prompt() + "<sync>"
        ids = self._text.tokenizer_MMODAL_token_all(text, self._tokenizer, return_tensors="pt")
        return ids.unsqueeze(0).to(self._args.device)


def main() -> int:
    """Read the options and serve."""
    parser = options(__doc__)
    parser.add_argument("--n_frames", type=int, default=N_FRAMES_MOST)
    args = parser.parse_args()
    model = Trace(args)
    hello = {
        "name": "trace",
        "licence": "code without a licence file, from VideoLLaMA2 (Apache-2.0); weights Apache-2.0",
        "capabilities": {"batch": 1, "video": True},
        "engine": engine("torch", "transformers", "peft", "decord"),
    }
    if args.stand_in:
        return serve(stand_in_spans_of_file, dict(hello, name="trace (stand-in)"))
    return serve(model.answer, hello, load=model.load)


if __name__ == "__main__":
    sys.exit(main())
