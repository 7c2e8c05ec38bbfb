"""What `--model_args` may say of an OpenAI-compatible server, checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from rarft.harness.errors import UserError
from rarft.harness.llm.endpoint import KEY_VARIABLE, URL_VARIABLE
from rarft.harness.models.card import Card
from rarft.harness.models.revision import named_checkpoint

Video = Literal["frames", "joined", "url"]
Transport = Literal["file", "base64", "http"]
ImageFormat = Literal["jpeg", "png"]
Sampling = Literal["card", "server"]
ServerKind = Literal["auto", "vllm", "sglang", "other"]

OWN_BODY: Final = ("model", "messages", "n", "stream", "max_tokens", "max_completion_tokens")
_NUMBERS: Final[dict[str, tuple[type, float]]] = {
    "n_concurrent": (int, 1),
    "timeout_s": (float, 0.001),
    "n_attempts": (int, 1),
    "quality": (int, 1),
}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "video": get_args(Video),
    "transport": get_args(Transport),
    "sampling": get_args(Sampling),
    "image_format": get_args(ImageFormat),
    "server": get_args(ServerKind),
}
_TEXTS: Final = ("model", "base_url", "url_prefix", "served_model", "revision")
MODEL_ARGS: Final = (*_TEXTS, *_CHOICES, *_NUMBERS, "extra_body")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a model behind a server is reached, and in which form it gets a video.

    `video` frames are image parts with their times, joined is one video part made of the same
    frames (vLLM), url is one video part that names the file. `transport` says how a file is named:
    a file:// address, its content in base64, or `url_prefix` and its path under the video root.
    With url a vLLM is asked for the card's rate, or with `sampling` server for nothing, so that it
    samples as it does by itself. `served_model` is the name that every answer must bear.
    `extra_body` is sent with every request.
    """

    model: str
    base_url: str | None = None
    video: Video = "frames"
    transport: Transport = "file"
    sampling: Sampling = "card"
    url_prefix: str = ""
    image_format: ImageFormat = "jpeg"
    quality: int = 95
    server: ServerKind = "auto"
    served_model: str = ""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    n_concurrent: int = 16
    timeout_s: float = 600.0
    n_attempts: int = 6

    @property
    def input_form(self) -> dict[str, str]:
        """Return the form in which a model gets a video, with the defaults filled in."""
        if self.video == "url":
            return {"video": "url", "sampling": self.sampling}
        is_jpeg = self.image_format == "jpeg"
        images = f"jpeg {self.quality}" if is_jpeg else "png"
        return {"video": self.video, "images": images}


def read_settings(card: Card, model_args: Mapping[str, Any]) -> ServerSettings:
    """Check the arguments of a run.

    Raises:
        UserError: an argument is unknown, has a value it cannot have or goes with no other, there
            is no model, or neither an address nor a key.
    """
    if model_args.get("score", "none") not in ("none", None):
        raise UserError(
            f"got score={model_args['score']} for model '{card.name}' behind a server, expected no "
            "score: a server does not show the logits it needs; leave it out or use backend hf"
        )
    given = {name: value for name, value in model_args.items() if name != "score"}
    unknown = sorted(set(given) - set(MODEL_ARGS))
    if unknown:
        raise UserError(
            f"got the model argument {unknown[0]}, expected one of {', '.join(MODEL_ARGS)}"
        )
    model, _ = named_checkpoint(card, given)
    if not model:
        raise UserError(
            f"got no model for '{card.name}', expected --model_args model=NAME, the name by which "
            "the server knows it"
        )
    values: dict[str, Any] = {name: str(given[name]) for name in _TEXTS if name in given}
    values |= {name: _choice(name, given[name]) for name in _CHOICES if name in given}
    values |= {name: _number(name, given[name]) for name in _NUMBERS if name in given}
    values.pop("revision", None)
    settings = ServerSettings(**{**values, "model": model, "extra_body": _extra_body(given)})
    _check_together(settings)
    return settings


def _choice(name: str, value: Any) -> str:
    if value not in _CHOICES[name]:
        raise UserError(f"got {name}={value}, expected one of {', '.join(_CHOICES[name])}")
    return str(value)


def _number(name: str, value: Any) -> float:
    kind, lowest = _NUMBERS[name]
    is_number = isinstance(value, (int, kind)) and not isinstance(value, bool)
    most = 100 if name == "quality" else float("inf")
    if not (is_number and lowest <= value <= most and value != float("inf")):
        expected = {"timeout_s": "seconds above 0", "quality": "a whole number from 1 to 100"}
        raise UserError(
            f"got {name}={value}, expected {expected.get(name, 'a whole number above 0')}"
        )
    return int(value) if kind is int else float(value)


def _extra_body(given: Mapping[str, Any]) -> dict[str, Any]:
    extra = given.get("extra_body", {})
    if not isinstance(extra, Mapping):
        raise UserError(
            f"got extra_body={extra}, expected a JSON object; write --model_args as JSON: "
            '\'{"extra_body": {"reasoning_effort": "low"}}\''
        )
    own = sorted(set(extra) & set(OWN_BODY))
    if own:
        raise UserError(
            f"got {own[0]} in extra_body, which the request itself holds, expected another name; "
            "use --gen_kwargs or the other model arguments for it"
        )
    return dict(extra)


def _check_together(settings: ServerSettings) -> None:
    if (settings.transport == "http") != bool(settings.url_prefix):
        raise UserError(
            f"got transport={settings.transport} and url_prefix={settings.url_prefix or '(none)'}, "
            "expected both transport=http and an address at which the videos lie, or neither"
        )
    if settings.url_prefix and not settings.url_prefix.startswith(("http://", "https://")):
        raise UserError(
            f"got url_prefix={settings.url_prefix}, expected an address with http:// or https://"
        )
    if settings.base_url and any(sign in settings.base_url for sign in "@?#"):
        raise UserError(
            "got a base_url with a user, a password or a query in it, expected an address alone, "
            f"as it is stored with the run; give the key in {KEY_VARIABLE}"
        )
    has_address = settings.base_url or os.environ.get(URL_VARIABLE, "").strip()
    if not has_address and not os.environ.get(KEY_VARIABLE, "").strip():
        raise UserError(
            f"got neither an address nor a key for the model '{settings.model}', expected "
            f"--model_args base_url=http://HOST:PORT/v1 or {URL_VARIABLE} for a server of your "
            f"own, or {KEY_VARIABLE} for a hosted one"
        )
