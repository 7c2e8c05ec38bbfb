"""The checks of a build, as its config names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig, LLMEffort, llm_settings
from rarft.harness.errors import UserError
from rarft.harness.llm import LLMSettings

if TYPE_CHECKING:
    from rarft.dataset_builder.verify import Checks, Rules
    from rarft.dataset_builder.verify.limits import OnAsked

_OURS: Final = frozenset({"by_batch", "directory", "on_asked", "n_processes"})
"""Fields of Checks that follow from the build, not from its config."""


def checks_of(building: Building, on_asked: OnAsked | None = None) -> Checks:
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
    known = {item.name for item in fields(Checks)} - _OURS
    _check_names(given, known, "checks")
    for name in ("encoder", "nli"):
        if not isinstance(given.get(name, ""), str):
            raise UserError(f"got checks.{name}: {given[name]!r}, expected the name of a model")
    _check_numbers({"nli_threshold": given.get("nli_threshold", 0.5)}, "checks")
    return Checks(
        **given,
        rules=rules_of(building.config),
        llm=_verifier(named_llm, building.config, building.effort),
        by_batch=building.effort.batch,
        directory=building.directory,
        on_asked=on_asked,
        n_processes=building.n_processes,
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
    _check_numbers(given, "checks.rules")
    return Rules(**given)


def _verifier(named: Any, config: BuildConfig, effort: LLMEffort) -> LLMSettings | None:
    if named in (None, False):
        return None
    if named is True:
        return llm_settings(config, effort)
    if not isinstance(named, Mapping):
        raise UserError(f"got checks.llm: {named!r}, expected true, or a model and a base_url")
    _check_names(named, {"model", "base_url"}, "checks.llm")
    if not all(isinstance(value, str | None) for value in named.values()):
        raise UserError(f"got checks.llm: {dict(named)!r}, expected texts")
    own = replace(
        config,
        llm_model=named.get("model", config.llm_model),
        llm_base_url=named.get("base_url", config.llm_base_url),
    )
    return llm_settings(own, effort)


def _check_names(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"got '{name}' in {where}, expected some of {', '.join(sorted(known))}")


def _check_numbers(given: Mapping[str, Any], where: str) -> None:
    for name, value in given.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise UserError(f"got {where}.{name}: {value!r}, expected a number")
