"""What a runner and the harness say to each other, one JSON object a line; docs/bridge.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rarft.harness.models.base import Request
from rarft.harness.types import Reply, spans_from_pairs

PROTOCOL: Final = 1

Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Message(BaseModel):
    """Types are checked as JSON has them; fields of a later protocol are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Capabilities(_Message):
    """What a runner can do.

    `batch` is how many requests it takes at once. `video` is false where it reads features and no
    file, `clip` true where it samples a part of a file by itself, `black` true where it can show
    black frames, `prepare` true where it loads its weights when told to.
    """

    batch: Annotated[int, Field(ge=1)] = 1
    video: bool = True
    clip: bool = False
    black: bool = False
    prepare: bool = False


class Hello(_Message):
    """A runner's first message: who it is, and the versions that its replies depend on."""

    type: Literal["hello"]
    protocol: int
    name: Annotated[str, Field(min_length=1)]
    licence: str
    capabilities: Capabilities = Capabilities()
    engine: Annotated[dict[str, str], Field(min_length=1)]


class Ready(_Message):
    """The answer to `prepare`: the weights are loaded."""

    type: Literal["ready"]


class Answer(_Message):
    """One reply: a text, or a relevance with spans."""

    type: Literal["reply"]
    id: str
    text: str | None = None
    relevant: bool | None = None
    spans: list[tuple[Seconds, Seconds]] = Field(default_factory=list)
    relevance_score: Seconds | None = None
    n_prompt_tokens: Count | None = None
    n_new_tokens: Count | None = None
    n_frames: Count | None = None
    effective_fps: Amount | None = None
    seconds: Amount | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and self.relevant is None:
            raise ValueError("it has neither text nor relevant")
        return self

    def to_reply(self) -> Reply:
        """Return the answer as every backend gives it; the bounds of a span are put in order."""
        fields = {name: getattr(self, name) for name in _SAME_FIELDS}
        return Reply(spans=spans_from_pairs(sorted(pair) for pair in self.spans), **fields)


_SAME_FIELDS: Final = (
    *("text", "relevant", "relevance_score", "n_prompt_tokens", "n_new_tokens"),
    *("n_frames", "effective_fps", "seconds"),
)


class Failure(_Message):
    """A request that cannot be answered; without an id the runner cannot go on at all."""

    type: Literal["error"]
    id: str | None = None
    reason: str

    @property
    def line(self) -> str:
        """Return the reason as one line of bounded length."""
        return " ".join(self.reason.split())[:500]


KINDS: Final[dict[str, type[_Message]]] = {
    "hello": Hello,
    "ready": Ready,
    "reply": Answer,
    "error": Failure,
}


class WrongMessageError(Exception):
    """A line that is a message of ours by its type, but not by its fields."""

    def __init__(self, reason: str, request_id: str | None) -> None:
        super().__init__(reason)
        self.request_id = request_id


def read_message(line: bytes) -> _Message | None:
    """Read one line of a runner's output; None where it is not a message.

    Raises:
        WrongMessageError: it has the type of a message, and fields that are missing or wrong.

    Example:
        >>> read_message(b'{"type": "error", "id": "3", "reason": "no video"}').reason
        'no video'
        >>> read_message(b"Loading checkpoint shards: 100%") is None
        True
    """
    content = _content(line)
    kind = content.get("type") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return None
    try:
        return KINDS[kind].model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or kind
        request_id = content.get("id")
        raise WrongMessageError(
            f"{field}: {first['msg']}", request_id if isinstance(request_id, str) else None
        ) from error


def _content(line: bytes) -> Any:
    """Return what a line holds, None where it is no JSON; bytes that are no UTF-8 are replaced.

    So a message in another encoding is known as one, and refused by name when it is validated.
    """
    try:
        return json.loads(line.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None


def encode_message(message: Mapping[str, Any]) -> bytes:
    r"""Return a message as one line of ASCII, which any locale reads alike.

    Example:
        >>> encode_message({"type": "bye", "why": "café"})
        b'{"type": "bye", "why": "caf\\u00e9"}\n'
    """
    return json.dumps(message).encode("ascii") + b"\n"


def request_message(
    request: Request, request_id: str, *, n_more: int, capabilities: Capabilities
) -> dict[str, Any]:
    """Return the message that asks one request.

    Args:
        request: The request.
        request_id: What its answer will be known by; never used twice in one process.
        n_more: How many requests of the same batch follow.
        capabilities: What the runner can do.
    """
    query, clip = request.query, request.clip
    video = request.video if capabilities.video else None
    return {
        "type": "request",
        "id": request_id,
        "n_more": n_more,
        "key": request.key,
        "video": str(video.path) if video else None,
        "video_name": query.video,
        "video_sha256": video.sha256 if video else None,
        "video_input": request.video_input,
        "clip": [clip.start_s, clip.end_s] if clip else None,
        "duration_s": query.duration_s,
        "query": query.text,
        "prompt": request.prompt,
        "system": request.system,
        "generation": dict(request.generation),
    }
