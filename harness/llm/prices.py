"""What tokens cost, from the shipped prices.yaml with the user's file on top."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rarft.harness.errors import UserError

SHIPPED = Path(__file__).with_name("prices.yaml")
PRICES_VARIABLE = "RARFT_PRICES"

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")


class Price(BaseModel):
    """USD per million tokens of one model, and where and when that was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_usd: float = Field(ge=0, allow_inf_nan=False)
    new_usd: float = Field(ge=0, allow_inf_nan=False)
    batch_discount: float = Field(default=0.0, ge=0, le=1)
    as_of: date | None = None
    source: str = ""


class _PriceFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    models: dict[str, Price]


@dataclass(frozen=True, slots=True)
class Prices:
    """The known prices by model name.

    `files` are what they were read from, the last one first to win.
    """

    of_model: Mapping[str, Price]
    files: tuple[Path, ...] = (SHIPPED,)

    def price_of(self, model: str) -> Price | None:
        """Return the price of a model: by its name, else by the name without a date.

        Example:
            >>> prices = Prices({"gpt-5-mini": Price(prompt_usd=0.25, new_usd=2)})
            >>> prices.price_of("gpt-5-mini-2025-08-07").new_usd
            2.0
            >>> prices.price_of("gpt-5-mini-pro") is None
            True
        """
        if model in self.of_model:
            return self.of_model[model]
        undated = [
            name
            for name in self.of_model
            if model.startswith(name) and _DATED.fullmatch(model.removeprefix(name))
        ]
        return self.of_model[max(undated, key=len)] if undated else None

    def usd_of(
        self, model: str, n_prompt_tokens: float, n_new_tokens: float, *, batch: bool = False
    ) -> float | None:
        """Return what tokens cost, or None where the model has no known price.

        Example:
            >>> prices = Prices({"m": Price(prompt_usd=2, new_usd=8, batch_discount=0.5)})
            >>> prices.usd_of("m", 1_000_000, 500_000)
            6.0
            >>> prices.usd_of("m", 1_000_000, 500_000, batch=True)
            3.0
        """
        price = self.price_of(model)
        if price is None:
            return None
        usd = (n_prompt_tokens * price.prompt_usd + n_new_tokens * price.new_usd) / 1e6
        return usd * (1 - price.batch_discount) if batch else usd

    def require(self, model: str) -> Price:
        """Return the price of a model that has a budget.

        Raises:
            UserError: there is none; the message names the files.
        """
        price = self.price_of(model)
        if price is None:
            files = ", ".join(map(str, self.files))
            raise UserError(
                f"got a budget for the model {model!r}, which has no price in {files}; write its "
                f"price in a file of that form and name it by --judge_prices, --llm_prices or "
                f"{PRICES_VARIABLE}"
            )
        return price


def read_prices(path: Path | None = None) -> Prices:
    """Read the shipped prices, with those of `path`, else of RARFT_PRICES, on top.

    Raises:
        UserError: a file cannot be read or has another form.
    """
    named = path or (Path(os.environ[PRICES_VARIABLE]) if os.environ.get(PRICES_VARIABLE) else None)
    shipped = _read_file(SHIPPED)
    if named is None:
        return Prices(shipped)
    return Prices({**shipped, **_read_file(named)}, files=(named, SHIPPED))


def _read_file(path: Path) -> dict[str, Price]:
    expected = "expected models: {NAME: {prompt_usd: USD, new_usd: USD}} per million tokens"
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _PriceFile.model_validate(content).models
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}), {expected}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        reason = "nothing of that form" if where == "the file" else first["msg"].lower()
        raise UserError(f"{path}: got {where}: {reason}, {expected}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: is not YAML ({reason}), {expected}") from error
