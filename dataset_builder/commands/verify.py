"""`rarft-data verify`: judge candidates, or measure the checks where the faults are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rarft.dataset_builder.building import Building
from rarft.dataset_builder.commands.build_options import (
    Batch,
    ConfigFile,
    LLMBudget,
    LLMConcurrency,
    LLMPrices,
    LLMTimeout,
    NumProc,
    building_of,
    end,
)
from rarft.dataset_builder.config import BuildConfig, LLMEffort
from rarft.dataset_builder.types import Verdict
from rarft.harness.errors import UserError
from rarft.harness.llm.settings import N_CONCURRENT, TIMEOUT_S

if TYPE_CHECKING:
    from rarft.dataset_builder.verify import Checks


def verify_command(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[BUILD]", help="A build's folder.")
    ] = None,
    labelled: Annotated[
        Path | None, typer.Option("--labelled", help="Measure on a file of labelled candidates.")
    ] = None,
    config: ConfigFile = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="Compares unknown words, such as all-MiniLM-L6-v2 [none]."),
    ] = None,
    nli_model: Annotated[
        str | None, typer.Option("--nli_model", help="A Hub id or folder of an NLI model [none].")
    ] = None,
    nli_threshold: Annotated[
        float | None,
        typer.Option("--nli_threshold", help="Entailment from which one is rejected [0.5]."),
    ] = None,
    verifier_model: Annotated[
        str | None, typer.Option("--verifier_model", help="An LLM that reads the rest [none].")
    ] = None,
    verifier_base_url: Annotated[
        str | None,
        typer.Option("--verifier_base_url", help="An OpenAI-compatible endpoint."),
    ] = None,
    llm_budget: LLMBudget = None,
    llm_concurrency: LLMConcurrency = N_CONCURRENT,
    llm_timeout_s: LLMTimeout = TIMEOUT_S,
    llm_prices: LLMPrices = None,
    batch: Batch = False,
    num_proc: NumProc = 1,
) -> None:
    """Judge every candidate of a build without a verdict, by rules and by the models named."""
    if (directory is None) == (labelled is None):
        raise UserError("got no BUILD or both it and --labelled, expected one of them")
    if verifier_base_url is not None and verifier_model is None:
        raise UserError(
            "got --verifier_base_url alone, expected the model that answers there; add "
            "--verifier_model"
        )
    verifier = _given(model=verifier_model, base_url=verifier_base_url)
    checks = _given(
        encoder=encoder, nli=nli_model, nli_threshold=nli_threshold, llm=verifier or None
    )
    if directory is not None:
        _verify_build(directory, config, context.params, checks)
    elif labelled is not None:
        _measure(labelled, _checks_of(checks, context.params))


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _verify_build(
    directory: Path, config: Path | None, params: Mapping[str, Any], checks: Mapping[str, Any]
) -> None:
    from rarft.dataset_builder.build_steps import verify_step
    from rarft.dataset_builder.store import read_verdicts

    building = building_of(directory, params, config=config)
    if checks:
        named = {**building.config.checks, **checks}
        building = building_of(directory, {**params, "checks": named}, config=config)
    n_before = len(read_verdicts(directory))
    asked = verify_step(building)
    verdicts = read_verdicts(directory)
    _show(verdicts.values(), n_new=len(verdicts) - n_before)
    end(asked)


def _checks_of(checks: Mapping[str, Any], params: Mapping[str, Any]) -> Checks:
    """Return the checks that flags name, where there is no build."""
    from rarft.dataset_builder.build_checks import checks_of

    if params["batch"]:
        raise UserError("got --batch with --labelled, expected a BUILD, which keeps the batches")
    effort = LLMEffort(**{name: params[name] for name in params if name.startswith("llm_")})
    building = Building(
        directory=Path(),
        config=BuildConfig(checks=checks),
        effort=effort,
        n_processes=params["num_proc"],
    )
    return replace(checks_of(building), directory=None)


def _show(verdicts: Collection[Verdict], *, n_new: int) -> None:
    reasons = Counter(
        (finding.reason, finding.check)
        for verdict in verdicts
        for finding in dict.fromkeys(verdict.findings)
    )
    n_accepted = sum(verdict.accepted for verdict in verdicts)
    print(f"{len(verdicts)} candidates, {n_accepted} accepted, {n_new} judged now")
    table = Table()
    for column in ("reason", "check", "findings"):
        table.add_column(column, justify="right" if column == "findings" else "left")
    for (reason, check), count in reasons.most_common():
        table.add_row(reason, check, str(count))
    Console().print(table)


def _measure(path: Path, checks: Checks) -> None:
    from rarft.dataset_builder.verify.labelled import figures, read_labelled, verdicts_on

    items = list(read_labelled(path))
    verdicts = verdicts_on(items, checks)
    print(f"{path.name}: {len(items)} candidates")
    table = Table()
    for column in ("half", "fault", "items", "rejected", "for this reason", "rate"):
        table.add_column(column, justify="left" if column in ("half", "fault") else "right")
    for half in sorted({item.half for item in items}):
        places = [at for at, item in enumerate(items) if item.half == half]
        chosen = [items[at] for at in places], [verdicts[at] for at in places]
        for one in figures(*chosen):
            named = str(one.n_named) if one.fault else ""
            table.add_row(
                half,
                one.fault or "sound",
                str(one.n_items),
                str(one.n_rejected),
                named,
                f"{one.rejected:.1%}",
            )
    Console().print(table)
