"""The checks of a build, as its config names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, LLMEffort, llm_settings
from rarft.harness.errors import UserError
from rarft.harness.llm import LLMSettings, Spending

if TYPE_CHECKING:
    from rarft.dataset_builder.verify import Checks, Rules


def checks_of(building: Building, on_spending: Callable[[Spending], None] | None = None) -> Checks:
    """Return what candidates are checked by.

    `checks` of the config has the fields of `Checks`, `rules` those of `Rules`; `llm` is true for
    the model that writes, or {model: ..., base_url: ...}.

    Raises:
        UserError: a name is unknown, or a value is out of range.
    """
    from rarft.dataset_builder.verify import Checks

    given = dict(building.config.checks)
    named_llm = given.pop("llm", None)
    given.pop("rules", None)
    known = {item.name for item in fields(Checks)} - {"on_spending"}
    _check_names(given, known, "checks")
    return Checks(
        **given,
        rules=rules_of(building.config),
        llm=_verifier(named_llm, building.config, building.effort),
        on_spending=on_spending,
    )


def rules_of(config: BuildConfig) -> Rules:
    """Return the limits of the rules.

    Raises:
        UserError: a name is unknown, or a limit is out of range.
    """
    from rarft.dataset_builder.verify import Rules

    given = config.checks.get("rules") or {}
    if not isinstance(given, Mapping):
        raise UserError(f"got checks.rules: {given!r}, expected names and limits")
    _check_names(given, {item.name for item in fields(Rules)}, "checks.rules")
    return Rules(**given)


def _verifier(named: Any, config: BuildConfig, effort: LLMEffort) -> LLMSettings | None:
    if named in (None, False):
        return None
    own = llm_settings(config, effort)
    if named is True:
        return own
    if not isinstance(named, Mapping):
        raise UserError(f"got checks.llm: {named!r}, expected true, or a model and a base_url")
    _check_names(named, {"model", "base_url"}, "checks.llm")
    return LLMSettings(
        model=str(named.get("model", own.model)),
        base_url=named.get("base_url", own.base_url),
        n_concurrent=own.n_concurrent,
        timeout_s=own.timeout_s,
        budget_usd=own.budget_usd,
        prices=own.prices,
    )


def _check_names(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"got '{name}' in {where}, expected some of {', '.join(sorted(known))}")
