"""`--model_args backend=...`: a card's model in another engine than the card names.

Prompts, message order, frames, decoding and output form stay the card's. The backend that runs
is part of every request's name, as if the card named it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.models.vllm_types import KNOWN_DIFFERENT, TRAINED_TIME, known_difference

ARGUMENT: Final = "backend"
_OF_CHECKPOINTS: Final = ("hf", "vllm")
"""The backends that load a checkpoint by its name, and therefore one another's."""


def backends_of(card: Card) -> tuple[str, ...]:
    """Return the backends that can run a card, its own first.

    A card that states no `architecture` may be of any; its checkpoint is looked at when it is
    loaded. One of a server names the model as that server knows it, which says nothing of weights.

    Example:
        >>> fields = dict(name="m", family="base", licence="", source="")
        >>> backends_of(Card(backend="hf", architecture="qwen2_5_vl", **fields))
        ('hf', 'vllm', 'openai')
        >>> backends_of(Card(backend="hf", architecture="internvl", **fields))
        ('hf', 'openai')
        >>> backends_of(Card(backend="bridge", **fields))
        ('bridge',)
    """
    if card.backend not in _OF_CHECKPOINTS:
        return (card.backend,)
    others = ["hf", "vllm", "openai"]
    if card.backend == "hf" and card.architecture not in (None, *TRAINED_TIME):
        others.remove("vllm")
    others.remove(card.backend)
    return (card.backend, *others)


def with_backend(card: Card, model_args: Mapping[str, Any]) -> tuple[Card, dict[str, Any]]:
    """Return a card with the backend that is asked for, and the arguments without that one.

    Raises:
        UserError: the backend does not exist, or cannot run the card's model.

    Example:
        >>> card = Card(name="m", family="base", backend="hf", licence="", source="")
        >>> chosen, left = with_backend(card, {"backend": "vllm", "dtype": "float16"})
        >>> chosen.backend, left
        ('vllm', {'dtype': 'float16'})
    """
    arguments = dict(model_args)
    if ARGUMENT not in arguments:
        return card, arguments
    asked = arguments.pop(ARGUMENT)
    _check(card, asked, allows_mismatch=arguments.get("allow_time_mismatch") is True)
    changes: dict[str, Any] = {"backend": asked}
    if asked != card.backend and asked not in _OF_CHECKPOINTS:
        # A revision on the Hub says nothing of what a server has loaded.
        changes["revision"] = None
    return card.model_copy(update=changes), arguments


def _check(card: Card, asked: object, *, allows_mismatch: bool) -> None:
    possible = backends_of(card)
    if asked in possible:
        return
    got = f"backend={asked} for model '{card.name}'"
    if card.backend in _OF_CHECKPOINTS and asked == "vllm" and card.architecture in KNOWN_DIFFERENT:
        if not allows_mismatch:
            raise UserError(known_difference(got, card.architecture))
        return
    if len(possible) == 1:
        raise UserError(
            f"got {got}, expected {card.backend} alone, which its card names; leave it out"
        )
    of_type = f" of type {card.architecture}" if card.architecture else ""
    raise UserError(f"got {got}{of_type}, expected one of {', '.join(possible)}; mend --model_args")
