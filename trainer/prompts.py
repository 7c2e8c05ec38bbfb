"""How a record becomes the messages of a training prompt, and back.

A row's prompt holds strings only, since it goes through Arrow, logs and other processes: the video
is named by its path. Arrow gives every part of a message the keys of all parts, so None means that
a key is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.models.messages import chat_messages, plain_prompt
from rarft.harness.types import Query, Span

Message = Mapping[str, Any]

COLUMNS = (
    "prompt",
    "relevant",
    "spans",
    "duration_s",
    "refusal",
    "relevant_query",
    "categories",
    "level",
    "query",
    "query_id",
    "video",
)
"""What every training row holds; reward functions get all but the prompt by name."""


@dataclass(frozen=True, slots=True, order=True)
class VideoSource:
    """A video file, and the part of it that is shown."""

    path: Path
    clip: Span | None = None


def training_row(query: Query, *, video: Path, card: Card, prompt: str) -> dict[str, Any]:
    """Return the row of one query, whose prompt is the one that `rarft-eval` would ask.

    Args:
        query: The query with its reference.
        video: The file of its video.
        card: The model's card: system message, and whether video or text comes first.
        prompt: The text with `{query}` in it.
    """
    doc = query.to_doc()
    messages = chat_messages(
        prompt.replace("{query}", query.text), system=card.system, order=card.order, has_video=True
    )
    part = video_part(VideoSource(video, query.clip))
    for message in messages:
        message["content"] = [part if one["type"] == "video" else one for one in message["content"]]
    kept = {name: doc[name] for name in COLUMNS if name in doc and name != "video"}
    return {
        "prompt": messages,
        **kept,
        "query": query.text,
        "query_id": query.id,
        "video": str(video),
    }


def video_part(source: VideoSource) -> dict[str, str]:
    """Return the part of a message that stands for a video.

    Example:
        >>> video_part(VideoSource(Path("a.mp4"), Span(2.0, 5.5)))
        {'type': 'video', 'video': 'a.mp4', 'clip': '2.0 5.5'}
    """
    part = {"type": "video", "video": str(source.path)}
    if source.clip is not None:
        part["clip"] = f"{source.clip.start_s!r} {source.clip.end_s!r}"
    return part


def video_source(messages: Sequence[Message]) -> VideoSource | None:
    """Return the video that a prompt shows, or None for a prompt of text alone.

    Raises:
        UserError: there are two videos or more, or a part names no file.

    Example:
        >>> part = {"type": "video", "video": "a.mp4", "clip": None}
        >>> video_source([{"role": "user", "content": [part]}])
        VideoSource(path=PosixPath('a.mp4'), clip=None)
    """
    parts = [part for message in messages for part in _parts(message) if part["type"] == "video"]
    if not parts:
        return None
    if len(parts) > 1:
        raise UserError(f"got a prompt with {len(parts)} videos, expected one; split the row")
    path, clip = parts[0].get("video"), parts[0].get("clip")
    if not isinstance(path, str):
        raise UserError(f"got a video part with video={path!r}, expected a path; mend the row")
    return VideoSource(Path(path), Span(*map(float, clip.split())) if clip else None)


def template_messages(
    messages: Sequence[Message], special_tokens: Sequence[str]
) -> list[dict[str, Any]]:
    """Return messages as a chat template takes them; no query can turn into markup.

    Args:
        messages: Those of a row.
        special_tokens: What is broken up in the user's text.
    """
    return [
        {
            "role": message["role"],
            "content": [_template_part(part, message, special_tokens) for part in _parts(message)],
        }
        for message in messages
    ]


def _parts(message: Message) -> list[Mapping[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _template_part(
    part: Mapping[str, Any], message: Message, special_tokens: Sequence[str]
) -> dict[str, str]:
    if part["type"] == "video":
        return {"type": "video"}
    if part["type"] != "text":
        raise UserError(f"got a prompt with a part of type {part['type']}, expected text and video")
    is_user = message["role"] == "user"
    return {"type": "text", "text": plain_prompt(part["text"], special_tokens if is_user else ())}
