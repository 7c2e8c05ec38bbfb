"""What lm-eval reads from one row of a grounding task: prompt text, reference and video name.

The prompt template is the model card's, so `doc_to_text` is the bare query.
"""

from collections.abc import Mapping
from typing import Any


def doc_to_text(doc: Mapping[str, Any]) -> str:
    """Return the query text.

    Example:
        >>> doc_to_text({"text": "a man cooks"})
        'a man cooks'
    """
    text: str = doc["text"]
    return text


def doc_to_target(doc: Mapping[str, Any]) -> str:
    """Return the reference: "start to end" in seconds, or the refusal, which may be empty.

    Example:
        >>> doc_to_target({"relevant": True, "spans": [[9.3, 14.4]]})
        '9.3 to 14.4'
        >>> doc_to_target({"relevant": False, "refusal": "Nobody cooks."})
        'Nobody cooks.'
    """
    if not doc["relevant"]:
        return str(doc.get("refusal") or "")
    spans = doc.get("spans") or ()
    return f"{spans[0][0]} to {spans[0][1]}" if spans else ""


def doc_to_image(doc: Mapping[str, Any]) -> list[str]:
    """Return the base name of the video; lm-eval calls every visual an image.

    Example:
        >>> doc_to_image({"video": "3MSZA.mp4"})
        ['3MSZA.mp4']
    """
    return [doc["video"]]
