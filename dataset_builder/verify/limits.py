"""What verification asks for: the limits of the rules and the models behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rarft.dataset_builder.build_calls import Asked
from rarft.harness.errors import UserError
from rarft.harness.llm.settings import LLMSettings

OnAsked = Callable[[Asked, Mapping[str, Mapping[str, Any]]], None]
"""Takes what a group of questions has cost as a whole, and the usage of each by candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of the rules; a query or refusal outside of them is rejected.

    A refusal that has `min_leaked_words` of the original in a row gives it away whatever it means.
    `span_slack_s` is how far a span may reach past the end of its video: durations are rounded.

    Raises:
        UserError: a limit is out of range.
    """

    min_query_words: int = 2
    max_query_words: int = 60
    max_growth: float = 2.5
    min_refusal_words: int = 5
    max_refusal_words: int = 200
    min_leaked_words: int = 10
    span_slack_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.min_query_words <= self.max_query_words:
            raise UserError(
                f"got queries of {self.min_query_words} to {self.max_query_words} words, expected "
                "a range from 1"
            )
        if not 0 < self.min_refusal_words <= self.max_refusal_words:
            raise UserError(
                f"got refusals of {self.min_refusal_words} to {self.max_refusal_words} words, "
                "expected a range from 1"
            )
        if self.max_growth < 1 or self.span_slack_s < 0 or self.min_leaked_words < 1:
            raise UserError(
                f"got max_growth {self.max_growth}, span_slack_s {self.span_slack_s} and "
                f"min_leaked_words {self.min_leaked_words}, expected at least 1, 0 and 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What candidates are checked by: rules always, and the models that are named.

    Args:
        rules: Limits of the rules.
        encoder: A sentence encoder that compares words that no word list has; a name of
            `rarft.harness.judges.encoder.ENCODERS`, a Hub id or a folder.
        nli: A sequence classifier with the labels entailment and contradiction; a Hub id or folder.
        nli_threshold: The probability of entailment from which a rewrite counts as still true.
        llm: A language model that reads what the rules let through; its budget is that of all
            candidates.
        by_batch: Whether the language model is asked by the Batch API; its answers come later.
        directory: The build folder, which keeps batches.
        on_asked: Told what the language model has cost, after every group.
        n_processes: How many processes judge by the rules.
    """

    rules: Rules = field(default_factory=Rules)
    encoder: str | None = None
    nli: str | None = None
    nli_threshold: float = 0.5
    llm: LLMSettings | None = None
    by_batch: bool = False
    directory: Path | None = None
    on_asked: OnAsked | None = None
    n_processes: int = 1

    def __post_init__(self) -> None:
        if self.by_batch and self.directory is None:
            raise UserError("got a batch without a build, expected a build's folder to keep it in")
        if not 0 < self.nli_threshold < 1:
            raise UserError(
                f"got nli_threshold {self.nli_threshold}, expected a probability between 0 and 1"
            )
