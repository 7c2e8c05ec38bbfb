"""What a build is made of and by whom, resolved: build.json keeps it, a YAML file gives it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import yaml

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S, LLMSettings
from rarft.harness.taxonomy import HARD_LEVELS

Step = Literal["categorize", "rewrite", "paraphrase"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
PerQuery = Literal["each", "one"]
Choice = Literal["top", "balanced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """Everything that decides which rows a build has.

    Rows come from `rows`, a file that `rarft-data normalise` wrote, or from `source` and `path`.
    `videos` names folders in which each row's video must lie, `descriptions` a file of what the
    videos show. `limit` reads that many rows at most, `shard` is "k/n" from 0/n. `n_queries` asks
    for exactly so many queries with all their irrelevant rows; without it every query is kept, and
    what is missing is listed. `per_query` "one" makes one irrelevant query for each relevant one,
    the levels in turn; `choice` "balanced" takes of the best `n_categories` those used least.
    `max_candidates` is the candidate budget of one planned query. `prompts` holds the texts that
    replace packaged prompts. `checks` are the options of verification. `splits` are shares by name.

    Raises:
        UserError: a value is out of range.

    Example:
        >>> BuildConfig(rows="rows.jsonl", levels=("strong",)).max_candidates
        8
    """

    rows: str | None = None
    source: str | None = None
    path: str | None = None
    source_split: str = "train"
    source_options: Mapping[str, Any] = field(default_factory=dict)
    videos: tuple[str, ...] = ()
    descriptions: str | None = None
    limit: int | None = None
    shard: str | None = None
    n_queries: int | None = None
    seed: int = 0
    levels: tuple[str, ...] = HARD_LEVELS
    per_query: PerQuery = "each"
    choice: Choice = "top"
    n_categories: int = 3
    llm_model: str | None = None
    llm_base_url: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    n_candidates: int = 1
    max_candidates: int = 8
    checks: Mapping[str, Any] = field(default_factory=dict)
    guess_target: float = 0.60
    guess_rounds: int = 3
    paraphrase: bool = True
    splits: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (is_right, expected) in self._rules().items():
            if not is_right:
                value = getattr(self, name)
                # The texts of prompts are long.
                shown = ", ".join(value) if name == "prompts" else repr(value)
                raise UserError(f"got {name}: {shown} in a build's config, expected {expected}")
        if "@" in urlsplit(self.llm_base_url or "").netloc:
            raise UserError(
                "got llm_base_url with a user or a password in it, expected an address alone; "
                "give the key in OPENAI_API_KEY, which is never stored"
            )

    def _rules(self) -> dict[str, tuple[bool, str]]:
        known_levels = set(self.levels) <= set(HARD_LEVELS)
        distinct = len(set(self.levels)) == len(self.levels) > 0
        shares = [*self.splits.values()]
        has_shares = all(_is_number(share) and share > 0 for share in shares)
        return {
            "limit": (self.limit is None or self.limit > 0, "a number above 0"),
            "n_queries": (self.n_queries is None or self.n_queries > 0, "a number above 0"),
            "shard": (self.shard is None or _is_shard(self.shard), "k/n with 0 <= k < n"),
            "levels": (known_levels and distinct, f"some of {', '.join(HARD_LEVELS)}, each once"),
            "per_query": (self.per_query in get_args(PerQuery), "each or one"),
            "choice": (self.choice in get_args(Choice), "top or balanced"),
            "n_categories": (3 <= self.n_categories <= 11, "a number from 3 to 11"),
            "prompts": (set(self.prompts) <= set(STEPS), f"some of {', '.join(STEPS)}"),
            "n_candidates": (self.n_candidates > 0, "a number above 0"),
            "max_candidates": (
                self.max_candidates >= self.n_candidates,
                "at least n_candidates",
            ),
            "paraphrase": (isinstance(self.paraphrase, bool), "true or false"),
            "guess_target": (0.5 < self.guess_target <= 1, "a number above 0.5, up to 1"),
            "guess_rounds": (self.guess_rounds >= 0, "a number from 0"),
            "splits": (
                not shares or (has_shares and abs(sum(shares) - 1) < 1e-6),
                "names with shares above 0 that add up to 1",
            ),
        }

    @property
    def n_shards(self) -> int:
        """Return in how many parts the source is built."""
        return int(self.shard.split("/")[1]) if self.shard else 1

    @property
    def shard_number(self) -> int:
        """Return which part this is, from 0."""
        return int(self.shard.split("/")[0]) if self.shard else 0

    def to_json(self) -> dict[str, Any]:
        """Return the config as a JSON object."""
        lists = {"videos": list(self.videos), "levels": list(self.levels)}
        maps = ("source_options", "prompts", "checks", "splits")
        return asdict(self) | lists | {name: dict(getattr(self, name)) for name in maps}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_shard(text: str) -> bool:
    number, slash, total = text.partition("/")
    return bool(slash) and number.isdecimal() and total.isdecimal() and int(number) < int(total)


def config_from_json(values: Mapping[str, Any], *, where: str = "a build's config") -> BuildConfig:
    """Build the config from its JSON object.

    Raises:
        UserError: there is an unknown key, or a value of the wrong kind.

    Example:
        >>> config_from_json({"rows": "rows.jsonl", "level": ["strong"]})
        Traceback (most recent call last):
        ...
        rarft.harness.errors.UserError: got the key 'level' in a build's config, expected 'levels'
    """
    known = {item.name: item for item in fields(BuildConfig)}
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            expected = f"'{near[0]}'" if near else f"one of {', '.join(known)}"
            raise UserError(f"got the key '{key}' in {where}, expected {expected}")
    given = {key: value for key, value in values.items() if value is not None}
    for key, kind in _KINDS.items():
        value = given.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            shown = "a number" if kind is not str else "a text"
            raise UserError(f"got {key}: {value!r} in {where}, expected {shown}")
    for key in ("videos", "levels"):
        if key in given:
            given[key] = _texts(given[key], key=key, where=where)
    for key in ("source_options", "prompts", "checks", "splits"):
        if not isinstance(given.get(key, {}), Mapping):
            raise UserError(f"got {key}: {given[key]!r} in {where}, expected names and values")
    return BuildConfig(**given)


def _texts(value: object, *, key: str, where: str) -> tuple[str, ...]:
    """Return a list of texts, which may be written as one with commas."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
        raise UserError(f"got {key}: {value!r} in {where}, expected a list of texts")
    return tuple(texts)


_KINDS: Final[dict[str, Any]] = {
    "rows": str,
    "source": str,
    "path": str,
    "source_split": str,
    "descriptions": str,
    "shard": str,
    "llm_model": str,
    "llm_base_url": str,
    "limit": int,
    "n_queries": int,
    "seed": int,
    "n_categories": int,
    "n_candidates": int,
    "max_candidates": int,
    "guess_rounds": int,
    "guess_target": int | float,
}


def read_config_file(path: Path) -> dict[str, Any]:
    """Read the keys of a YAML config; paths in it are relative to its folder.

    Raises:
        NotFoundError: there is no such file.
        UserError: it is no YAML mapping.
    """
    if not path.is_file():
        raise NotFoundError(f"got --config {path}, expected a YAML file; check the path")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: got a file that is no YAML ({reason}); mend it") from None
    if not isinstance(values, dict):
        raise UserError(f"{path}: got {type(values).__name__}, expected keys and values")
    return _beside(values, path.absolute().parent)


def _beside(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Resolve the paths of a config file, and put the texts of its prompts in place."""
    from rarft.harness.judges.prompt import read_prompt_file

    resolved = dict(values)
    for key in ("rows", "path", "descriptions"):
        value = resolved.get(key)
        # A source may be named by its id on the Hub, which is no file here.
        if isinstance(value, str) and (folder / value).exists():
            resolved[key] = str(folder / value)
    videos = resolved.get("videos")
    if isinstance(videos, str):
        videos = [videos]
    if isinstance(videos, list):
        resolved["videos"] = [str(folder / str(one)) for one in videos]
    if isinstance(resolved.get("prompts"), dict):
        resolved["prompts"] = {
            step: read_prompt_file(folder / str(file)) for step, file in resolved["prompts"].items()
        }
    return resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMEffort:
    """How hard the language model may work: what changes no row, only time and money."""

    llm_budget: float | None = None
    llm_concurrency: int = N_CONCURRENT
    llm_timeout_s: float = TIMEOUT_S
    llm_prices: Path | None = None
    retry_failed: bool = False
    batch: bool = False

    def after(self, spent_usd: float) -> LLMEffort:
        """Return what is left once so much is spent: the steps of one command share a budget.

        Example:
            >>> LLMEffort(llm_budget=2.0).after(0.5).llm_budget
            1.5
        """
        if self.llm_budget is None:
            return self
        return replace(self, llm_budget=max(0.0, self.llm_budget - spent_usd))


def llm_settings(config: BuildConfig, effort: LLMEffort) -> LLMSettings:
    """Return how the build's language model is reached.

    Raises:
        UserError: no model is named, or a value is out of range.
    """
    if not config.llm_model:
        raise UserError(
            "got no llm_model, expected the model that writes; for example --llm_model gpt-5-mini"
        )
    return LLMSettings(
        model=config.llm_model,
        base_url=config.llm_base_url,
        n_concurrent=effort.llm_concurrency,
        timeout_s=effort.llm_timeout_s,
        budget_usd=effort.llm_budget,
        prices=effort.llm_prices,
    )
