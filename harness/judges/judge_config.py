"""Which judge gives which measure, resolved: the flags of a run that begin with `--judge`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from rarft.harness.errors import UserError
from rarft.harness.judges.case import JudgeText
from rarft.harness.judges.encoder import DEFAULT_ENCODER
from rarft.harness.judges.prompt import PLACEHOLDERS, PromptKind
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S
from rarft.harness.types import Measure

NONE: Final = "none"
LLM_JUDGES: Final = ("llm", "combined")
ASKED: Final[tuple[Literal["relevance", "categories", "reasoning"], ...]] = (
    "relevance",
    "categories",
    "reasoning",
)
"""The measures that an LLM can judge."""
CHOICES: Final[dict[Measure, tuple[str, ...]]] = {
    "relevance": ("rule", *LLM_JUDGES),
    "categories": ("local", *LLM_JUDGES, NONE),
    "similarity": ("sbert", NONE),
    "reasoning": (NONE, *LLM_JUDGES),
    "correction": ("sbert", NONE),
}
"""The judges of each measure, the default first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfig:
    """The judges of a run. `judges` names those that are not the default.

    `judge_prompt` holds the text of a prompt that replaces a packaged one, by what it asks: the
    run's record is complete without the user's file. `category_weights` is an absolute path.

    Raises:
        UserError: a measure or a judge does not exist, or an LLM is asked for and not named.

    Example:
        >>> JudgeConfig(judges={"similarity": "none"}).judge_of("categories")
        'local'
    """

    judges: Mapping[str, str] = field(default_factory=dict)
    judge_model: str | None = None
    judge_base_url: str | None = None
    judge_text: JudgeText = "answer"
    judge_prompt: Mapping[str, str] = field(default_factory=dict)
    sbert_model: str = DEFAULT_ENCODER
    category_weights: str | None = None

    def __post_init__(self) -> None:
        for measure, judge in self.judges.items():
            allowed = CHOICES.get(measure)  # type: ignore[call-overload]
            if allowed is None:
                raise UserError(
                    f"got --judges {measure}={judge}, expected one of the measures "
                    f"{', '.join(CHOICES)}"
                )
            if judge not in allowed:
                raise UserError(
                    f"got --judges {measure}={judge}, expected one of {', '.join(allowed)}"
                )
        if self.judge_text not in get_args(JudgeText):
            raise UserError(f"got --judge_text {self.judge_text}, expected answer or official")
        unknown = [kind for kind in self.judge_prompt if kind not in PLACEHOLDERS]
        if unknown:
            raise UserError(
                f"got --judge_prompt {unknown[0]}=…, expected one of {', '.join(PLACEHOLDERS)}"
            )
        if "@" in urlsplit(self.judge_base_url or "").netloc:
            raise UserError(
                "got --judge_base_url with a user or a password in it, expected an address alone; "
                "give the key in OPENAI_API_KEY, which is never stored"
            )
        if self.llm_kinds and not self.judge_model:
            raise UserError(
                f"got the LLM judge {', '.join(self.llm_kinds)} and no --judge_model, expected its "
                "name; for example --judge_model gpt-5-mini"
            )

    def judge_of(self, measure: Measure) -> str:
        """Return the name of the judge of a measure, "none" where nobody judges it."""
        return self.judges.get(measure, CHOICES[measure][0])

    @property
    def judged(self) -> frozenset[Measure]:
        """Return the measures that somebody judges."""
        return frozenset(measure for measure in CHOICES if self.judge_of(measure) != NONE)

    @property
    def llm_kinds(self) -> dict[PromptKind, tuple[Measure, ...]]:
        """Return each kind of question asked of the LLM with the measures its answer gives."""
        kinds: dict[PromptKind, tuple[Measure, ...]] = {}
        for measure in ASKED:
            judge = self.judge_of(measure)
            if judge in LLM_JUDGES:
                kind: PromptKind = "combined" if judge == "combined" else measure
                kinds[kind] = (*kinds.get(kind, ()), measure)
        return kinds

    def to_json(self) -> dict[str, Any]:
        """Return the flags as a JSON object."""
        return asdict(self) | {
            "judges": dict(self.judges),
            "judge_prompt": dict(self.judge_prompt),
        }


def judge_config_from_json(config: Mapping[str, Any]) -> JudgeConfig:
    """Build the flags from their JSON object; keys of other versions are left out."""
    known = {item.name for item in fields(JudgeConfig)}
    return JudgeConfig(**{key: value for key, value in config.items() if key in known})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeEffort:
    """How hard the judges may work: what changes no digit, only time and money.

    `offline` asks no LLM at all: what is not stored stays unscored.
    """

    judge_budget: float | None = None
    judge_concurrency: int = N_CONCURRENT
    judge_timeout_s: float = TIMEOUT_S
    judge_prices: Path | None = None
    retry_unscored: bool = False
    batch: bool = False
    offline: bool = False

    def after(self, spent_usd: float) -> JudgeEffort:
        """Return what is left once so much is spent: the steps of one judging share a budget.

        Example:
            >>> JudgeEffort(judge_budget=2.0).after(0.5).judge_budget
            1.5
        """
        if self.judge_budget is None:
            return self
        return replace(self, judge_budget=max(0.0, self.judge_budget - spent_usd))


OFFLINE: Final = JudgeEffort(offline=True)
