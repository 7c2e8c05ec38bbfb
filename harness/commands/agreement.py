"""`rarft-eval agreement`: how far two judges, or a judge and people, agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from rarft.harness.errors import UserError
from rarft.harness.run_config import N_RESAMPLES

if TYPE_CHECKING:
    from rarft.harness.report.agreement_record import Agreement


def agreement_command(
    a: Annotated[Path, typer.Argument(help="A run's output directory, or a CSV.", metavar="A")],
    b: Annotated[
        Path | None, typer.Argument(help="Another; absent for two judges of A.", metavar="[B]")
    ] = None,
    measure: Annotated[
        Literal["reasoning", "categories", "relevance"],
        typer.Option("--measure", help="What was judged."),
    ] = "reasoning",
    judges: Annotated[
        str,
        typer.Option("--judges", help="The judge of A and that of B: llm,combined."),
    ] = "",
    task: Annotated[str | None, typer.Option("--task", help="One task alone.")] = None,
    output_path: Annotated[
        Path, typer.Option("--output_path", help="Where to write every number; a page beside it.")
    ] = Path("agreement.json"),
    n_resamples: Annotated[int, typer.Option("--n_resamples")] = N_RESAMPLES,
    seed: Annotated[int, typer.Option("--seed")] = 0,
) -> None:
    """Compare two judges, or a judge with people's scores from a CSV."""
    from rarft.harness.report.agreement_page import write_agreement_page
    from rarft.harness.report.agreement_record import measure_agreement, write_agreement
    from rarft.harness.report.agreement_votes import read_votes

    if n_resamples < 1 or seed < 0:
        raise UserError(
            f"got --n_resamples {n_resamples} and --seed {seed}, expected at least 1 and 0"
        )
    page = output_path.with_suffix(".html")
    if page == output_path:
        raise UserError(
            f"got --output_path {output_path}, expected a file other than the page that is written "
            "beside it; end it in .json"
        )
    named = _two_judges(judges, b)
    agreement = measure_agreement(
        read_votes(a, measure, judge=named[0]),
        read_votes(b or a, measure, judge=named[1]),
        measure,
        task=task,
        n_resamples=n_resamples,
        seed=seed,
    )
    write_agreement(agreement, output_path)
    write_agreement_page(agreement, page)
    _print(agreement)
    Console(stderr=True).print(
        f"every number is in {output_path}, the plot in {page}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def _print(agreement: Agreement) -> None:
    from rarft.harness.report.agreement_page import agreement_facts, agreement_rows
    from rarft.harness.report.text_table import text_table

    console = Console()
    for fact in agreement_facts(agreement):
        console.print(fact, markup=False, highlight=False)
    console.print(text_table(("measure", "value", "95% interval"), agreement_rows(agreement)))


def _two_judges(judges: str, b: Path | None) -> tuple[str | None, str | None]:
    names = [name.strip() for name in judges.split(",") if name.strip()]
    if b is not None and len(names) < 2:
        return (names[0], names[0]) if names else (None, None)
    if len(names) != 2:
        raise UserError(
            f"got --judges '{judges}', expected two names such as llm,combined"
            + ("" if b else ", or a second run or CSV")
        )
    return names[0], names[1]
