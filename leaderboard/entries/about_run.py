"""What a run and its model's card say of an entry, for what the submitter left empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.models import Card, card_paths, read_card
from rarft.harness.report.schema import Results
from rarft.leaderboard.types import AboutEntry

_SIZE: Final = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{1,2})?)[ -]?([BM])(?![\w])", re.IGNORECASE)
_HOSTS: Final = ("github.com/", "huggingface.co/")


def filled_about(about: AboutEntry, results: Results) -> AboutEntry:
    """Return what is said of an entry with the empty fields filled in.

    The name is the model's, the size is read from its title or checkpoint, the address is that of
    the card's source, and the hardware is what the engine ran on.
    """
    model = results.model
    card = find_model_card(results)
    known = {
        "name": model.label,
        "title": model.title if model.title and model.title != model.name else "",
        "family": model.family or "",
        "size": size_in(model.title, model.checkpoint, model.name),
        "url": address_of(card),
        "hardware": hardware_of(results.provenance),
    }
    empty = {name: text for name, text in known.items() if text and not getattr(about, name)}
    return replace(about, **empty)


def find_model_card(results: Results) -> Card | None:
    """Return the card that a run's model has on this machine, None without one."""
    folders = [Path(str(folder)) for folder in results.config.get("include_path") or ()]
    try:
        path = card_paths([folder for folder in folders if folder.is_dir()]).get(results.model.name)
        card = read_card(path) if path else None
    # A folder of cards that has changed since the run says nothing of it.
    except UserError:
        return None
    is_same = card is not None and card.family == results.model.family
    return card if is_same else None


def size_in(*texts: str | None) -> str:
    """Return the number of parameters that a name tells, empty where none does.

    Example:
        >>> size_in("Time-R1-7B"), size_in(None, "tiny"), size_in("qwen3 0.6b")
        ('7B', '', '0.6B')
    """
    for text in texts:
        found = _SIZE.search((text or "").replace("_", "-").replace("-", " "))
        if found:
            return f"{found[1]}{found[2].upper()}"
    return ""


def address_of(card: Card | None) -> str:
    """Return where a card's model comes from, empty where the card names no page of the web."""
    source = (card.source if card else "").removeprefix("https://").split()
    if len(source) != 1 or not source[0].startswith(_HOSTS):
        return ""
    return f"https://{source[0]}"


def hardware_of(provenance: Mapping[str, Any]) -> str:
    """Return the device that the engine of a run names, empty where it names none.

    Example:
        >>> hardware_of({"engine": {"device": "cpu"}}), hardware_of({})
        ('cpu', '')
    """
    engine = provenance.get("engine")
    engine = engine if isinstance(engine, Mapping) else {}
    for name in ("device_name", "gpu", "device"):
        if isinstance(engine.get(name), str):
            return str(engine[name])
    return ""
