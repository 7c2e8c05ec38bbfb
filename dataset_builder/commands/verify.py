"""`rarft-data verify`: judge candidates, or measure the checks where the faults are known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rarft.dataset_builder.types import Verdict
from rarft.harness.errors import UserError
from rarft.harness.llm.settings import N_CONCURRENT


def verify_command(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[BUILD]", help="A build's folder.")
    ] = None,
    labelled: Annotated[
        Path | None, typer.Option("--labelled", help="Measure on a file of labelled candidates.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="Compares unknown words, such as all-MiniLM-L6-v2 [none]."),
    ] = None,
    nli_model: Annotated[
        str | None, typer.Option("--nli_model", help="A Hub id or folder of an NLI model [none].")
    ] = None,
    nli_threshold: Annotated[
        float, typer.Option("--nli_threshold", help="Entailment from which a rewrite is rejected.")
    ] = 0.5,
    verifier_model: Annotated[
        str | None, typer.Option("--verifier_model", help="An LLM that reads the rest [none].")
    ] = None,
    verifier_base_url: Annotated[
        str | None,
        typer.Option("--verifier_base_url", help="An OpenAI-compatible endpoint."),
    ] = None,
    verifier_budget: Annotated[
        float | None, typer.Option("--verifier_budget", help="USD at most.")
    ] = None,
    verifier_concurrency: Annotated[
        int, typer.Option("--verifier_concurrency", help="Calls in flight at once.")
    ] = N_CONCURRENT,
) -> None:
    """Judge every candidate of a build without a verdict, by rules and by the models named."""
    from rarft.dataset_builder.verify import Checks
    from rarft.harness.llm import LLMSettings

    if (directory is None) == (labelled is None):
        raise UserError("got no BUILD or both it and --labelled, expected one of them")
    llm = verifier_model and LLMSettings(
        model=verifier_model,
        base_url=verifier_base_url,
        budget_usd=verifier_budget,
        n_concurrent=verifier_concurrency,
    )
    checks = Checks(encoder=encoder, nli=nli_model, nli_threshold=nli_threshold, llm=llm or None)
    if labelled is not None:
        _measure(labelled, checks)
    elif directory is not None:
        _verify_build(directory, checks)


def _verify_build(directory: Path, checks: object) -> None:
    from rarft.dataset_builder.row_files import read_rows
    from rarft.dataset_builder.store import ROWS, VERDICTS, read_candidates, read_verdicts, row_of
    from rarft.dataset_builder.verify import Checks, VideoQueries, verify
    from rarft.harness.stages.append_log import AppendLog

    assert isinstance(checks, Checks)
    known = read_verdicts(directory)
    left = (one for one in read_candidates(directory) if one.id not in known)
    rows = VideoQueries(read_rows(directory / ROWS))
    new: list[Verdict] = []
    with AppendLog(directory / VERDICTS) as log:
        group: list[Verdict] = []
        for verdict in verify(left, rows=rows, checks=checks):
            group.append(verdict)
            if len(group) == 256:
                log.append([row_of(one) for one in group])
                new, group = new + group, []
        log.append([row_of(one) for one in group])
    _show([*known.values(), *new, *group], n_new=len(new) + len(group))


def _show(verdicts: list[Verdict], *, n_new: int) -> None:
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


def _measure(path: Path, checks: object) -> None:
    from rarft.dataset_builder.verify import Checks
    from rarft.dataset_builder.verify.labelled import figures, read_labelled, verdicts_on

    assert isinstance(checks, Checks)
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
