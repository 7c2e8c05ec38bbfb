"""How long prompts are: the tokens of each video, from its header and the policy, and of the text.

Nothing is decoded. A video whose header cannot be read counts as the largest that the policy shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from rarft.harness.stages.decoded_size import VideoSize, read_header, shown_pixels
from rarft.harness.types import Span
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.dry_run.network_shape import NetworkShape
from rarft.trainer.prompts import video_source
from rarft.trainer.redraw import Rows

MAX_ROWS: Final = 1_000
"""Rows that are looked at, spread evenly over an epoch."""
_COLOURS: Final = 3
_CHARACTERS_PER_TOKEN: Final = 4
_TEMPLATE_TOKENS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of prompts and completions; `n_unread` of `n_looked_at` videos were taken as largest.

    `longest_prompt` is that of one row, video included.
    """

    n_looked_at: int
    n_unread: int
    median_video: float
    longest_video: int
    median_text: float
    longest_prompt: int
    longest_completion: int


def count_tokens(
    rows: Rows,
    shape: NetworkShape,
    policy: FramesPolicy,
    *,
    n_new_tokens: int,
    text_tokens: Callable[[str], int] | None = None,
) -> Tokens:
    """Count the tokens of an epoch's prompts.

    Args:
        rows: The rows of an epoch.
        shape: How many patches make a token.
        policy: Which frames are shown.
        n_new_tokens: The longest completion.
        text_tokens: How long a text is; a token for four characters where it is not known.
    """
    count_text = text_tokens or (lambda text: len(text) // _CHARACTERS_PER_TOKEN)
    step = max(len(rows) // MAX_ROWS, 1)
    positions = range(0, len(rows), step)
    sizes: dict[Path, VideoSize] = {}
    videos, texts, unread = [], [], set()
    for position in positions:
        messages = rows[position]["prompt"]
        source = video_source(messages)
        n_video = 0
        if source is not None:
            if source.path not in sizes:
                sizes[source.path] = read_header(source.path)
            size = sizes[source.path]
            if not size.is_known:
                unread.add(source.path)
            n_video = video_tokens(size, shape, policy, clip=source.clip)
        videos.append(n_video)
        texts.append(count_text(_text(messages)) + _TEMPLATE_TOKENS)
    return Tokens(
        n_looked_at=len(sizes),
        n_unread=len(unread),
        median_video=median(videos),
        longest_video=max(videos),
        median_text=median(texts),
        longest_prompt=max(map(sum, zip(videos, texts, strict=True))),
        longest_completion=n_new_tokens,
    )


def video_tokens(
    size: VideoSize, shape: NetworkShape, policy: FramesPolicy, *, clip: Span | None = None
) -> int:
    """Return how many tokens of a prompt stand for a video.

    Frames go in pairs and pixels in squares: of a Qwen2.5-VL, 2·28·28 shown pixels are one token.
    """
    pixels = shown_pixels(size, policy, clip=clip) if size.is_known else most_pixels(policy)
    return round(pixels * _COLOURS / (shape.patch_values * shape.patches_per_token))


def most_pixels(policy: FramesPolicy) -> float:
    """Return frames times height times width of the largest video that a policy shows.

    A long video keeps 1.05 times the fewest pixels of a frame, however many frames it has.

    Example:
        >>> most_pixels(FramesPolicy())
        10115328.0
        >>> most_pixels(FramesPolicy(max_frames=32))
        5619712.0
    """
    budget = policy.frame_factor * policy.total_pixels
    legible = policy.max_frames * int(1.05 * policy.min_pixels)
    return float(max(min(budget, policy.max_frames * policy.max_pixels), legible))


def _text(messages: Sequence[Mapping[str, Any]]) -> str:
    texts = []
    for message in messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if part["type"] == "text"]
    return "\n".join(texts)
