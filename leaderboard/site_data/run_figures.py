"""What a run is like beside its figures: replies that were not read, tokens, seconds, dollars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rarft.harness.llm.prices import Prices, read_prices
from rarft.harness.report.columns import count_of, unparsed_share
from rarft.harness.report.judges import FIGURES
from rarft.harness.report.schema import Results, Scores
from rarft.leaderboard.site_data.board_rows import BoardRow
from rarft.leaderboard.site_data.shown_figure import ShownFigure
from rarft.leaderboard.types import Sample


def run_figures(row: BoardRow, task: str) -> dict[str, ShownFigure]:
    """Return the figures of RUN_COLUMNS that a row has; counts of 0 but for unparsed are absent."""
    scores = row.results.results[task]
    values: dict[str, float | None] = {
        "unparsed": unparsed_share(scores),
        "missing": count_of(scores, "n_missing") or None,
        "failed": count_of(scores, "n_failed") or None,
        "unscored": _unscored_share(scores),
    }
    cost = run_cost(row.results, row.samples.get(task, ()))
    values |= {key.removeprefix("n_"): value for key, value in cost.items()}
    return {key: ShownFigure(value=value) for key, value in values.items() if value is not None}


def run_cost(
    results: Results, samples: Sequence[Sample], *, prices: Prices | None = None
) -> dict[str, float | None]:
    """Return what a query cost on average, None where the samples or the prices do not say.

    Dollars are those of the shipped prices for the model that the run asked for; the price of its
    judges and discounts for batches are left out.
    """
    prompt = _mean(one.n_prompt_tokens for one in samples)
    new = _mean(one.n_new_tokens for one in samples)
    usd = None
    if prompt is not None and new is not None:
        known = prices or read_prices()
        found = (known.usd_of(name, 1000 * prompt, 1000 * new) for name in _model_names(results))
        usd = next((one for one in found if one is not None), None)
    return {
        "usd_per_1000": usd,
        "n_prompt_tokens": prompt,
        "n_new_tokens": new,
        "seconds": _mean(one.seconds for one in samples),
    }


def _model_names(results: Results) -> list[str]:
    """Return the names that a price may be known under, the one that was asked for first."""
    arguments = results.config.get("model_args")
    asked = arguments.get("model") if isinstance(arguments, dict) else None
    names = (asked, results.model.checkpoint, results.model.name)
    return [name for name in names if isinstance(name, str)]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _unscored_share(scores: Scores) -> float | None:
    """Return the largest share of refusals that the judge of one measure left unscored."""
    judged = {measure: count_of(scores, f"n_judged_{measure}") for measure in FIGURES}
    shares = [
        (count_of(scores, f"n_unscored_{measure}") or 0) / n_judged
        for measure, n_judged in judged.items()
        if n_judged
    ]
    return max(shares) if shares else None
