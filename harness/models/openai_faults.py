"""What a server says where it cannot take any request of a run, and what to do about it."""

from __future__ import annotations

from typing import Final

from rarft.harness.models.openai_settings import ServerSettings

VIDEO_SETTINGS: Final = ("media_io_kwargs", "mm_processor_kwargs")
FILES_FLAG: Final = "--allowed-local-media-path"
_NOT_TAKEN: Final = (
    "unsupported",
    "not support",
    "only supported",
    "unknown",
    "unrecognized",
    "unexpected",
    "invalid value",
    "invalid content type",
    "does not match",
    "at most 0",
)
_IMAGES: Final = ("image_url", "image input", "image(s)")
_VIDEOS: Final = ("video_url", "video input", "video(s)")
_TOO_MANY: Final = ("too large", "cannot be greater")


def remedy(reason: str, settings: ServerSettings) -> str:
    """Return what is expected instead and what to do, or nothing where others may be answered.

    Meant for a server that has answered no request yet: what it refuses at first in these words, it
    refuses always.

    Example:
        >>> settings = ServerSettings(model="m", video="url")
        >>> remedy("HTTP 400: Invalid value: 'video_url'.", settings)
        'expected a server and a model that take video parts; use video=frames'
        >>> remedy("HTTP 400: Could not open video stream", settings)
        ''
    """
    lowered = reason.lower()
    if any(name in reason for name in VIDEO_SETTINGS):
        return (
            "expected a vLLM started with --trust-request-mm-kwargs; else use video=frames, or "
            "with video=url sampling=server"
        )
    if FILES_FLAG in reason:
        return (
            f"expected a vLLM started with {FILES_FLAG} and the folder of the videos; else use "
            "transport=base64 or transport=http"
        )
    if "not a multimodal model" in lowered:
        return "expected a model that sees images or videos; serve another one"
    is_refused = any(words in lowered for words in _NOT_TAKEN)
    if is_refused and settings.video != "frames" and any(words in lowered for words in _VIDEOS):
        return "expected a server and a model that take video parts; use video=frames"
    if is_refused and settings.video == "frames" and any(words in lowered for words in _IMAGES):
        return "expected a server and a model that take images; serve another one"
    names_limit = "max_tokens" in lowered or "max_completion_tokens" in lowered
    counts_prompt = "input tokens" in lowered or "prompt" in lowered
    if names_limit and not counts_prompt and any(words in lowered for words in _TOO_MANY):
        return "expected fewer new tokens; give --gen_kwargs max_new_tokens=NUMBER"
    return ""
