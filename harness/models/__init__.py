"""Models: one card each, and one file per backend.

A model is found by its card's file name; BACKENDS is a literal table. Nothing is registered by
being imported.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.base import Model, Request, VideoFile
from rarft.harness.models.card import Card, PromptMode, read_card

BACKENDS: Final[dict[str, str]] = {
    "blind": "rarft.harness.models.blind",
    "bridge": "rarft.harness.models.bridge",
    "floors": "rarft.harness.models.floors",
    "hf": "rarft.harness.models.hf",
    "openai": "rarft.harness.models.openai",
    "replay": "rarft.harness.models.replay",
    "vllm": "rarft.harness.models.vllm_engine",
}

UNNAMED_ARGS: Final[dict[str, tuple[str, ...]]] = {
    "bridge": (
        "cwd", "hello_timeout_s", "max_deaths", "project", "python", "runners", "timeout_s",
    ),
    "hf": ("decode_workers",),
    "openai": (
        "base_url", "n_attempts", "n_concurrent", "server", "timeout_s", "transport", "url_prefix",
    ),
    "vllm": (
        "cpu_offload_gb", "data_parallel_backend", "data_parallel_size", "decode_workers",
        "distributed_executor_backend", "frames_memory_gb", "gpu_memory_utilization",
        "kv_cache_memory_bytes", "max_num_batched_tokens", "max_num_seqs", "mm_processor_cache_gb",
        "pipeline_parallel_size", "tensor_parallel_size", "window",
    ),
}  # fmt: skip
"""The arguments of each backend that say how a model is reached, not what it is asked: stored
replies hold whatever their values."""

PACKAGED_CARDS: Final = Path(__file__).parent / "cards"
PROMPTS: Final = Path(__file__).parent / "prompts"

__all__ = [
    "BACKENDS",
    "PACKAGED_CARDS",
    "PROMPTS",
    "UNNAMED_ARGS",
    "Card",
    "Model",
    "PromptMode",
    "Request",
    "VideoFile",
    "card_paths",
    "checked_prompt",
    "find_card",
    "load_model",
    "named_args",
    "prompt_text",
    "read_card",
    "read_prompt",
]


def card_paths(include_path: Sequence[Path] = ()) -> dict[str, Path]:
    """Return the cards by name; a user's card replaces a packaged one of the same name."""
    found = [*sorted(PACKAGED_CARDS.glob("*.yaml"))]
    for folder in include_path:
        found += sorted(folder.rglob("*.yaml"))
    named = ((_card_name(path), path) for path in found)
    return {name: path for name, path in named if name is not None}


def _card_name(path: Path) -> str | None:
    """Return the name in a card, or None for a task: a card names its backend.

    The lines are read as they are, since a task's YAML may hold `!function` tags.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    values = dict(line.split(":", 1) for line in lines if line.startswith(("name:", "backend:")))
    if "backend" not in values:
        return None
    return values.get("name", path.stem).split("#")[0].strip().strip("'\"")


def find_card(name: str, include_path: Sequence[Path] = ()) -> tuple[Card, Path]:
    """Return a model's card and its file.

    Raises:
        NotFoundError: no card has that name; the nearest name is suggested.
        UserError: the card is invalid, or names a backend that does not exist.
    """
    paths = card_paths(include_path)
    if name not in paths:
        near = difflib.get_close_matches(name, paths, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else "see `rarft-eval models`"
        raise NotFoundError(
            f"got an unknown model '{name}', expected one of {', '.join(sorted(paths))}; {hint}"
        )
    card = read_card(paths[name])
    if card.backend not in BACKENDS:
        raise UserError(
            f"{paths[name]}: got backend '{card.backend}', expected one of "
            f"{', '.join(BACKENDS)}; mend the card"
        )
    return card, paths[name]


def prompt_text(card: Card, path: Path, *, mode: PromptMode) -> str:
    """Return a card's prompt for a mode: a file beside the card, a packaged file, or the text.

    Raises:
        UserError: the card has no prompt for the mode, or the text has no `{query}`.
    """
    if not card.reads_video:
        return "{query}"
    if mode not in card.prompt:
        raise UserError(f"{path}: got no prompt for mode '{mode}', expected prompt.{mode}; add it")
    named = card.prompt[mode]
    for folder in (path.parent, PROMPTS):
        if named.endswith(".txt") and (folder / named).is_file():
            return read_prompt(folder / named)
    return checked_prompt(named, path)


def read_prompt(path: Path) -> str:
    """Return the prompt in a text file.

    Raises:
        UserError: the file is not UTF-8, or has no `{query}` in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: got a prompt that is not UTF-8; save it as UTF-8") from error
    return checked_prompt(text, path)


def checked_prompt(text: str, path: Path) -> str:
    """Return a prompt without its trailing newline.

    Raises:
        UserError: the text has no `{query}` in it.
    """
    if "{query}" not in text:
        raise UserError(f"{path}: got a prompt without '{{query}}', expected it once; add it")
    return text.rstrip("\n")


def named_args(card: Card, model_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are part of every request's name.

    Example:
        >>> card, _ = find_card("openai")
        >>> named_args(card, {"model": "m", "base_url": "http://a/v1"})
        {'model': 'm'}
    """
    unnamed = UNNAMED_ARGS.get(card.backend, ())
    return {name: value for name, value in model_args.items() if name not in unnamed}


def load_model(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> Model:
    """Load a card's model with its backend, imported only now."""
    backend = importlib.import_module(BACKENDS[card.backend])
    model: Model = backend.load(
        card,
        model_args=model_args,
        generation=generation,
        batch_size=batch_size,
        seed=seed,
        cache=cache,
    )
    return model
