"""Runner for this package's own hf backend, in an interpreter of its own.

It answers what the backend answers in the harness's process: same frames, batches and seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from protocol import CannotStartError, Message, serve

MODEL_ARGS = ("dtype", "device", "attn_implementation", "score")


class Hf:
    """One card's model, loaded with the harness's seed."""

    def __init__(self, args: argparse.Namespace) -> None:
        from rarft.harness.models import find_card

        self._args = args
        self._card, _ = find_card(args.card, [Path(folder) for folder in args.include_path])
        if self._card.backend != "hf":
            raise CannotStartError(
                f"got the card {args.card} of backend {self._card.backend}, expected one of hf"
            )
        self._model = self._make(seed=0, generation=self._card.generation)

    def hello(self) -> Message:
        """Say what the backend itself would put into every request's name."""
        from rarft.harness.models.row_sampling import SAMPLING_VERSION

        return {
            "name": f"hf {self._card.name}",
            "licence": self._card.licence,
            "capabilities": {
                "batch": self._args.batch_size,
                "video": True,
                "clip": True,
                "black": True,
            },
            "engine": {**self._model.engine, "sampling": SAMPLING_VERSION},
        }

    def load(self, prepare: Message) -> None:
        """Load the weights."""
        self._model = self._make(
            seed=prepare.get("seed", 0),
            generation=prepare.get("generation", self._card.generation),
        )
        self._model.prepare([])

    def answer_batch(self, requests: list[Message]) -> list[Message]:
        """Answer one batch, in order."""
        from rarft.harness.reply_rows import row_from_reply

        replies = self._model.generate([_request(message) for message in requests])
        rows = [row_from_reply(reply) for reply in replies]
        return [
            {"reason": row["failure"]} if row.pop("status") == "failed" else row for row in rows
        ]

    def _make(self, *, seed: int, generation: dict[str, Any]) -> Any:
        from rarft.harness.cache_directory import cache_directory
        from rarft.harness.models import load_model

        args = vars(self._args)
        named = {name: args[name] for name in MODEL_ARGS if args[name] is not None}
        if args["checkpoint"] is not None:
            named["pretrained"] = args["checkpoint"]
        if args["revision"] is not None:
            named["revision"] = args["revision"]
        return load_model(
            self._card,
            model_args=named,
            generation=generation,
            batch_size=self._args.batch_size,
            seed=seed,
            cache=cache_directory(),
        )


def _request(message: Message) -> Any:
    """Return the harness's request behind a message."""
    from rarft.harness.models.base import Request, VideoFile
    from rarft.harness.types import Query, Span

    clip = Span(*message["clip"]) if message.get("clip") else None
    query = Query(
        id=message["id"],
        task="bridge",
        video=message["video_name"],
        text=message["query"],
        relevant=False,
        record=message["id"],
        clip=clip,
        duration_s=message.get("duration_s"),
    )
    video = None
    if message.get("video"):
        video = VideoFile(path=Path(message["video"]), sha256=message["video_sha256"])
    return Request(
        key=message["key"],
        query=query,
        prompt=message["prompt"],
        system=message.get("system"),
        video=video,
        generation=message.get("generation") or {},
        video_input=message.get("video_input", "shown"),
    )


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--card", default="tiny", help="a card of backend hf")
    parser.add_argument("--include_path", action="append", default=[], help="a folder of cards")
    parser.add_argument("--checkpoint", help="other weights than the card's")
    parser.add_argument("--revision", help="their revision")
    parser.add_argument("--batch_size", type=int, default=4, help="how many requests at once")
    for name in MODEL_ARGS:
        parser.add_argument(f"--{name}", help="as for backend hf")
    args = parser.parse_args()
    holder: list[Hf] = []

    def hello() -> Message:
        holder.append(Hf(args))
        return holder[0].hello()

    return serve(
        None,
        hello,
        load=lambda prepare: holder[0].load(prepare),
        answer_batch=lambda requests: holder[0].answer_batch(requests),
    )


if __name__ == "__main__":
    sys.exit(main())
