"""Money: what a round cost, what is under way, and whether one more call fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rarft.harness.llm.prices import Prices
from rarft.harness.llm.settings import LLMSettings

N_NEW_TOKENS_UNKNOWN = 512
LETTERS_A_TOKEN = 3.0
N_CALLS_TO_LEARN = 5

Stopped = Literal["", "budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The cost of one round of requests, failed attempts included.

    `n_requests` is how many were handed on, `n_cached` how many of these came from the cache,
    `n_failed` how many are without an answer, and `n_calls` what was sent. `usd` is None where the
    model has no known price. `stopped` says why other requests were not handed on.
    """

    n_requests: int = 0
    n_calls: int = 0
    n_cached: int = 0
    n_failed: int = 0
    n_prompt_tokens: int = 0
    n_new_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    stopped: Stopped = ""


class Ledger:
    """Counts calls, tokens and money, and reserves the estimated cost of calls under way.

    A call is estimated by the letters of its messages: at first with 3 letters to a prompt token
    and the longest reply allowed (else 512 tokens), later with the mean that the server counted and
    the longest reply so far, so that the estimate stays above the cost of nearly every call. A call
    that may have been charged for, and of which no token count came, costs its estimate.

    Raises:
        UserError: there is a budget and the model has no known price.
    """

    def __init__(self, settings: LLMSettings, prices: Prices) -> None:
        self._model = settings.model
        self._budget_usd = settings.budget_usd
        self._prices = prices
        if settings.budget_usd is not None:
            prices.require(settings.model)
        self._first_new_tokens = settings.max_new_tokens or N_NEW_TOKENS_UNKNOWN
        self._reserved_usd = 0.0
        self._n_reserved = 0
        self._n_counted = 0
        self._n_counted_letters = 0
        self._most_new_tokens = 0
        self.n_calls = 0
        self.n_prompt_tokens = 0
        self.n_new_tokens = 0
        self.spent_usd = 0.0

    @property
    def usd(self) -> float | None:
        """Return what was spent, or None where that is not known."""
        is_known = self.n_calls == 0 or self._prices.price_of(self._model) is not None
        return self.spent_usd if is_known else None

    @property
    def is_idle(self) -> bool:
        """Say whether nothing is reserved."""
        return self._n_reserved == 0

    def reserve(self, n_letters: int) -> float | None:
        """Set aside the estimated cost of a call in USD, or return None where it does not fit."""
        estimate = self._estimate_usd(n_letters)
        if self._budget_usd is not None:
            if self._budget_usd == 0:
                return None
            if self.spent_usd + self._reserved_usd + estimate > self._budget_usd:
                return None
        self._reserved_usd += estimate
        self._n_reserved += 1
        return estimate

    def release(self, reserved_usd: float) -> None:
        """Give back what was set aside for a call that is over."""
        self._n_reserved -= 1
        self._reserved_usd = self._reserved_usd - reserved_usd if self._n_reserved else 0.0

    def record(
        self, n_letters: int, n_prompt_tokens: int, n_new_tokens: int, *, charged_usd: float = 0.0
    ) -> float | None:
        """Count one call that was sent; return its cost where the price is known.

        Args:
            n_letters: The letters of its messages.
            n_prompt_tokens: As the server counted them; 0 where it told none.
            n_new_tokens: As the server counted them.
            charged_usd: What the call is taken to have cost where the server told no tokens.
        """
        self.n_calls += 1
        self.n_prompt_tokens += n_prompt_tokens
        self.n_new_tokens += n_new_tokens
        if n_prompt_tokens:
            self._n_counted += 1
            self._n_counted_letters += n_letters
            self._most_new_tokens = max(self._most_new_tokens, n_new_tokens)
        usd = self._prices.usd_of(self._model, n_prompt_tokens, n_new_tokens)
        if usd is not None and not n_prompt_tokens:
            usd = max(usd, charged_usd)
        self.spent_usd += usd or 0.0
        return usd

    def _estimate_usd(self, n_letters: int) -> float:
        n_prompt_tokens: float = n_letters / LETTERS_A_TOKEN
        n_new_tokens = self._first_new_tokens
        if self._n_counted >= N_CALLS_TO_LEARN and self._n_counted_letters:
            n_prompt_tokens = n_letters * self.n_prompt_tokens / self._n_counted_letters
            n_new_tokens = self._most_new_tokens
        return self._prices.usd_of(self._model, n_prompt_tokens, n_new_tokens) or 0.0
