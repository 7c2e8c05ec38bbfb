"""The agreement of two judges as lines for the terminal, and as a page without a script."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rarft.harness.atomic_file import write_atomic
from rarft.harness.report.agreement_plot import bland_altman_plot
from rarft.harness.report.agreement_record import Agreement
from rarft.harness.report.columns import NOT_APPLICABLE
from rarft.harness.report.html_page import page_environment, page_style
from rarft.harness.statistics import Estimate

TITLES: Final = {
    "spearman": "Spearman",
    "weighted_kappa": "kappa, quadratic weights",
    "bias": "bias, A − B",
    "limit_low": "lower limit of agreement",
    "limit_high": "upper limit of agreement",
    "kappa": "kappa",
    "share_equal": "share equal",
    "mean_jaccard": "mean Jaccard",
}


def agreement_rows(agreement: Agreement) -> list[tuple[str, str, str]]:
    """Return name, value and 95% interval of each measure of agreement."""
    return [(TITLES.get(name, name), *_written(one)) for name, one in agreement.estimates.items()]


def agreement_facts(agreement: Agreement) -> list[str]:
    """Return who is compared on what, and what is left out, as lines."""
    resampled = "queries; their videos are not known" if agreement.n_videos is None else "videos"
    size = "" if agreement.n_videos is None else f" about {agreement.n_videos} videos"
    n_other = agreement.n_other_reply
    other = [f"Queries left out since A and B judged different replies: {n_other}."]
    return [
        f"A = {agreement.a}, B = {agreement.b}; {agreement.measure}",
        f"{len(agreement.pairs)} queries compared{size}; unscored by A alone "
        f"{agreement.n_unscored_a}, by B alone {agreement.n_unscored_b}, by both "
        f"{agreement.n_unscored_both}; asked of A alone {agreement.n_only_a}, of B alone "
        f"{agreement.n_only_b}.",
        *(other if n_other else ()),
        f"95% intervals resample {resampled}.",
    ]


def write_agreement_page(agreement: Agreement, path: Path) -> None:
    """Write the page: the numbers, and for scores the Bland–Altman plot.

    Raises:
        UserError: the file cannot be written.
    """
    content = (
        page_environment()
        .get_template("agreement.html.j2")
        .render(
            style=page_style(),
            a=agreement.a,
            b=agreement.b,
            measure=agreement.measure,
            facts=agreement_facts(agreement)[1:],
            rows=agreement_rows(agreement),
            plot=bland_altman_plot(agreement) if agreement.measure == "reasoning" else None,
        )
    )
    write_atomic(path, content.encode("utf-8", errors="replace"))


def _written(one: Estimate) -> tuple[str, str]:
    if one.value is None:
        return NOT_APPLICABLE, ""
    interval = (
        f"{_number(one.interval.low)} to {_number(one.interval.high)}" if one.interval else ""
    )
    return _number(one.value), interval


def _number(value: float) -> str:
    # Adding 0.0 turns a rounded negative zero into zero.
    return f"{round(value, 3) + 0.0:.3f}"
