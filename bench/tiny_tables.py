"""The tables of docs/tiny_proof.md, written from the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tiny_figures import CHAIN, ArmFigures, Compared, Criterion, Figure, figure_of
from tiny_runs import BASE
from tiny_thoughts import Thoughts

from rarft.harness.report.columns import percent
from rarft.harness.report.marked_page import with_part
from rarft.harness.taxonomy import HARD_LEVELS

START: Final = "<!-- results: begin (made by python bench/tiny_report.py) -->"
END: Final = "<!-- results: end -->"
TITLES: Final = {
    "f1_relevant": "F1 re.",
    "f1_irrelevant": "F1 irre.",
    "f1_avg": "F1 avg.",
    "miou_relevant": "mIoU rel.",
    "ra_miou": "RA mIoU",
    "ra_iou@0.5": "RA R@0.5",
    "rt_iou": "RT-IoU",
    "sbert": "expl.",
    "correction_sim": "corr.",
}
F1: Final = ("f1_relevant", "f1_irrelevant", "f1_avg")
OF_A_SEED: Final = ("f1_avg", "miou_relevant", "ra_miou", "rt_iou")


def results_text(
    arms: Mapping[str, ArmFigures],
    compared: Sequence[Compared],
    found: Sequence[Criterion],
    *,
    thoughts: Mapping[str, Mapping[str, Thoughts]],
    processor_h: Mapping[str, float],
    n_videos: int,
    n_resamples: int,
) -> str:
    """Return everything between the marks of the document."""
    order = [arm for arm in CHAIN if arm in arms]
    n_queries = max((one.counts["n_queries"] // len(one.seeds) for one in arms.values()), default=0)
    parts = [
        f"{n_queries:,} queries on {n_videos:,} videos. All figures in percent; in brackets 95% "
        f"intervals, {n_resamples:,} resamples of the videos, seeds averaged per query.",
        criteria_table(found),
        "Explanation and correction are similarities to the reference; they, and RT-IoU, count a "
        "false grounding as 0. An unparsed reply counts as a refusal.",
        overall_table({arm: arms[arm] for arm in order}),
        "By level: the irrelevant queries of a level and the relevant ones they were made from.",
        level_table({arm: arms[arm] for arm in order}),
        "Paired differences on the same queries, in points. Stars: p < 0.05 by the bootstrap, "
        "corrected by Holm over all figures and pairs of this table.",
        difference_table(compared),
        "The same of F1 avg. by level, not corrected.",
        level_difference_table(compared),
        "Each seed by itself.",
        seed_table({arm: arms[arm] for arm in order}),
        "What replies think: whether a thought finds an event that shows all of the query (`yes`), "
        "and how many ground a query without one, with what mIoU.",
        thought_table({arm: thoughts[arm] for arm in order if arm in thoughts}),
        hours_table(processor_h) if processor_h else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def criteria_table(found: Sequence[Criterion]) -> str:
    """Return the plan's criteria and what came of them."""
    rows = []
    for number, one in enumerate(found, start=1):
        shown = "; ".join(f"{_title(key)} {points(figure)}" for key, figure in one.found.items())
        verdict = {True: "holds", False: "**missed**", None: "not run"}[one.passes]
        rows.append([f"{number}. {one.says}", shown or "–", verdict])
    return _table(["criterion", "difference in points", ""], rows)


def overall_table(arms: Mapping[str, ArmFigures]) -> str:
    """Return every figure of every arm with its interval."""
    rows = [
        [
            f"`{arm}`" if arm != BASE else arm,
            *(bounded(one.overall[key]) for key in TITLES),
            percent(one.unparsed_share),
        ]
        for arm, one in arms.items()
    ]
    return _table(["arm", *TITLES.values(), "unparsed"], rows)


def level_table(arms: Mapping[str, ArmFigures]) -> str:
    """Return F1 of both classes and their mean at each level."""
    rows = [
        [arm, level, *(bounded(one.levels[level][key]) for key in F1)]
        for arm, one in arms.items()
        for level in HARD_LEVELS
    ]
    return _table(["arm", "level", *(TITLES[key] for key in F1)], rows)


def difference_table(compared: Sequence[Compared]) -> str:
    """Return the paired differences of every figure."""
    rows = [[f"{one.a} − {one.b}", *(_starred(one, key) for key in TITLES)] for one in compared]
    return _table(["", *TITLES.values()], rows)


def level_difference_table(compared: Sequence[Compared]) -> str:
    """Return the paired differences of F1-avg at each level."""
    rows = [
        [f"{one.a} − {one.b}", *(points(figure_of(one.levels[x]["f1_avg"])) for x in HARD_LEVELS)]
        for one in compared
    ]
    return _table(["F1 avg.", *HARD_LEVELS], rows)


def seed_table(arms: Mapping[str, ArmFigures]) -> str:
    """Return the main figures of each run."""
    rows = [
        [arm, "–" if arm == BASE else str(seed), *(percent(values[key]) for key in OF_A_SEED)]
        for arm, one in arms.items()
        for seed, values in one.by_seed.items()
    ]
    return _table(["arm", "seed", *(TITLES[key] for key in OF_A_SEED)], rows)


def thought_table(thoughts: Mapping[str, Mapping[str, Thoughts]]) -> str:
    """Return what the replies of each arm think of relevant and of irrelevant queries."""
    heads = ["arm"]
    for kind in ("relevant", "irrelevant"):
        heads += [f"{kind}: `yes`", "grounded without"]
    rows = []
    for arm, kinds in thoughts.items():
        row = [f"`{arm}`" if arm != BASE else arm]
        for kind in ("relevant", "irrelevant"):
            one = kinds.get(kind)
            row += [percent(one and one.with_yes), percent(one and one.grounded_without)]
        relevant = kinds.get("relevant")
        rows.append([*row, percent(relevant and relevant.iou_without)])
    return _table([*heads, "mIoU of relevant ones grounded without"], rows)


def hours_table(processor_h: Mapping[str, float]) -> str:
    """Return the processor hours of training."""
    spent = {**processor_h, "together": sum(processor_h.values())}
    return _table(["", "processor hours"], [[arm, f"{hours:.2f}"] for arm, hours in spent.items()])


def bounded(figure: Figure) -> str:
    """Write a figure in percent with its interval.

    Example:
        >>> bounded(Figure(value=0.5, low=0.4, high=0.625))
        '50.0 [40.0, 62.5]'
    """
    if figure.low is None or figure.high is None:
        return percent(figure.value)
    return f"{percent(figure.value)} [{percent(figure.low)}, {percent(figure.high)}]"


def points(figure: Figure) -> str:
    """Write a difference in points with its sign and its interval.

    Example:
        >>> points(Figure(value=0.125, low=-0.01, high=0.26))
        '+12.5 [-1.0, +26.0]'
    """
    if figure.value is None:
        return percent(None)
    if figure.low is None or figure.high is None:
        return _signed(figure.value)
    return f"{_signed(figure.value)} [{_signed(figure.low)}, {_signed(figure.high)}]"


def write_between_marks(text: str, page: Path) -> None:
    """Put the results where the page has marks for them, at its end where it has none."""
    content = page.read_text(encoding="utf-8")
    if START not in content:
        content = f"{content.rstrip()}\n\n## Results\n\n{START}\n{END}\n"
    written = with_part(content, f"\n\n{text}\n", begin=START, end=END)
    page.write_text(written, encoding="utf-8")


def _signed(fraction: float) -> str:
    return f"{round(100 * fraction, 1) + 0.0:+.1f}"


def _starred(one: Compared, key: str) -> str:
    p = one.p_holm.get(key)
    star = " *" if p is not None and p < 0.05 else ""
    return points(figure_of(one.overall[key])) + star


def _title(key: str) -> str:
    return TITLES.get(key, key)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
