"""How a language model is reached, how hard, and for how much."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from rarft.harness.errors import UserError

N_CONCURRENT: Final = 64
TIMEOUT_S: Final = 120.0

ResponseFormat = Literal["auto", "json_schema", "json_object", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMSettings:
    """An OpenAI-compatible endpoint and the limits of its use.

    `base_url` None leaves it to OPENAI_BASE_URL. The key is read from OPENAI_API_KEY when the
    client is made and is never part of these settings. `temperature` None leaves it to the model,
    which some require. `budget_usd` None is no limit. `response_format` auto asks for a JSON schema
    and falls back where the server knows none.

    Raises:
        UserError: a value is out of range.
    """

    model: str
    base_url: str | None = None
    n_concurrent: int = N_CONCURRENT
    timeout_s: float = TIMEOUT_S
    n_attempts: int = 6
    temperature: float | None = None
    max_new_tokens: int | None = None
    response_format: ResponseFormat = "auto"
    budget_usd: float | None = None
    prices: Path | None = None

    def __post_init__(self) -> None:
        checks = {
            "model": (self.model, bool(self.model.strip()), "the name of a model"),
            "concurrency": (self.n_concurrent, self.n_concurrent > 0, "a number above 0"),
            "timeout": (self.timeout_s, self.timeout_s > 0, "seconds above 0"),
            "attempts": (self.n_attempts, self.n_attempts > 0, "a number above 0"),
            "budget": (
                self.budget_usd,
                self.budget_usd is None or self.budget_usd >= 0,
                "USD from 0",
            ),
            "response format": (
                self.response_format,
                self.response_format in get_args(ResponseFormat),
                "one of " + ", ".join(get_args(ResponseFormat)),
            ),
        }
        for name, (got, is_right, expected) in checks.items():
            if not is_right:
                raise UserError(f"got the {name} {got!r} for a language model, expected {expected}")

    @property
    def answer_settings(self) -> str:
        """Return what of these settings can change an answer, beside the model."""
        return json.dumps([self.temperature, self.max_new_tokens])
