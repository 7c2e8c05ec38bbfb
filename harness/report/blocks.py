"""The tables of a report: which columns stand together, and which of them apply.

Every run has the results; explanations (RT-IoU, SBERT and LLM as in Table 3 of the paper, by level
as in its Table 5) and the figures over all thresholds of a relevance score come where a run has
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rarft.harness.metrics import METRICS
from rarft.harness.report.columns import COLUMNS, Column, lacks_judgements
from rarft.harness.report.judges import named_judge
from rarft.harness.report.schema import Results, Scores, number_of
from rarft.harness.taxonomy import LEVELS


@dataclass(frozen=True, slots=True)
class Block:
    """The columns of one table; the first table has no title and holds every row."""

    columns: tuple[Column, ...]
    title: str = ""
    note: str = ""

    def applies(self, scores: Scores) -> bool:
        """Whether the table has anything to say of a row."""
        return not self.title or bool(present(self.columns, [scores]))


EXPLANATION_COLUMNS: Final = (
    Column(
        "rt_iou",
        "RT-IoU",
        "irrelevant",
        title="Jaccard of the named with the true categories, over irrelevant queries; grounded 0",
        measure="categories",
    ),
    Column(
        "sbert",
        "SBERT",
        "irrelevant",
        "number",
        "Similarity to the reference refusal, 0 to 1, over irrelevant queries; grounded 0",
        "similarity",
    ),
    Column(
        "llm_score",
        "LLM",
        "irrelevant",
        "number",
        "Reasoning score of a language model, 0 to 5, over irrelevant queries; grounded 0",
        "reasoning",
    ),
    Column(
        "correction_sim",
        "corr.",
        "irrelevant",
        "number",
        "Similarity of the correction to the relevant query, 0 to 1, over irrelevant queries; "
        "grounded 0",
        "correction",
    ),
    Column(
        "rt_iou_refused",
        "RT-IoU",
        "refused",
        title="RT-IoU over the refused irrelevant queries only",
        measure="categories",
    ),
    Column(
        "sbert_refused",
        "SBERT",
        "refused",
        "number",
        "Similarity over the refused irrelevant queries only",
        "similarity",
    ),
    Column(
        "llm_score_refused",
        "LLM",
        "refused",
        "number",
        "Reasoning score over the refused irrelevant queries only",
        "reasoning",
    ),
)
SELECTIVE_COLUMNS: Final = (
    Column(
        "auroc",
        "AUROC",
        "thresholds",
        "number",
        "Probability that a relevant query scores above an irrelevant one",
        digits=3,
    ),
    Column(
        "aurc",
        "AURC",
        "thresholds",
        "number",
        "Mean of 1 − mean IoU of the grounded over all coverages; lower is better",
        digits=3,
    ),
    Column(
        "aurc_excess",
        "E-AURC",
        "thresholds",
        "number",
        "AURC less that of the best order of the same queries; lower is better",
        digits=3,
    ),
    Column(
        "refusal_rate@0.01",
        "ref.@1%",
        "thresholds",
        title="Irrelevant queries refused where 1% of mIoU on relevant queries is lost",
    ),
    Column(
        "refusal_rate@0.05",
        "ref.@5%",
        "thresholds",
        title="Irrelevant queries refused where 5% of mIoU on relevant queries is lost",
    ),
)
LEVEL_COLUMNS: Final = tuple(
    Column(
        f"{column.key}/{level}",
        level,
        column.label,
        column.kind,
        f"{column.label} over irrelevant queries of level {level}; grounded 0",
    )
    for column in EXPLANATION_COLUMNS[:3]
    for level in LEVELS
    if level != "original"
)
"""RT-IoU, SBERT and LLM within each level of irrelevance."""


def present(columns: Sequence[Column], scores: Sequence[Scores]) -> tuple[Column, ...]:
    """Return the columns that at least one row has a figure for, or should have had one.

    A column all of whose judgements failed stays, so that its cells can say so.

    Example:
        >>> [column.key for column in present(EXPLANATION_COLUMNS, [{"sbert,none": 0.4}])]
        ['sbert']
    """
    return tuple(
        column
        for column in columns
        if any(
            number_of(one, column.key) is not None or lacks_judgements(one, column)
            for one in scores
        )
    )


def blocks(runs: Sequence[Results], *, by_level: bool = True) -> tuple[Block, ...]:
    """Return the tables that apply to some run, with the judges of their columns.

    Args:
        runs: the runs that the tables show.
        by_level: whether there is a table of explanations within each level.

    Example:
        >>> from rarft.harness.report.schema import ModelEntry
        >>> run = Results(schema_version=1, model=ModelEntry(name="m"),
        ...               results={"t": {"auroc,none": 0.9}})
        >>> [block.title for block in blocks([run])]
        ['', 'Selective prediction']
    """
    scores = [one for results in runs for one in results.results.values()]
    explained = tuple(
        replace(column, by=named_judge(runs, column.measure))
        for column in present(EXPLANATION_COLUMNS, scores)
    )
    optional = (
        Block(
            explained,
            "Explanations",
            "Over irrelevant queries, a grounded one counting 0, and over refused ones only. "
            f"{scale_note(explained)}".rstrip(),
        ),
        Block(
            present(LEVEL_COLUMNS, scores) if by_level else (),
            "Explanations within each level",
            "Over irrelevant queries of each level, a grounded one counting 0.",
        ),
        _thresholds(present(SELECTIVE_COLUMNS, scores)),
    )
    return (Block(COLUMNS), *(block for block in optional if block.columns))


def _thresholds(columns: tuple[Column, ...]) -> Block:
    return Block(columns, "Selective prediction", scale_note(columns))


def scale_note(columns: Sequence[Column]) -> str:
    """Say which figures are not percentages, and which are better when lower.

    Example:
        >>> scale_note(EXPLANATION_COLUMNS)
        'SBERT, corr. from 0 to 1; LLM from 0 to 5.'
    """
    numbers = [column for column in columns if column.kind == "number"]
    parts = []
    for scale, range_ in (("fraction", "from 0 to 1"), ("score", "from 0 to 5")):
        labels = [column.label for column in numbers if METRICS[column.key].scale == scale]
        if labels:
            parts.append(f"{', '.join(dict.fromkeys(labels))} {range_}")
    lower = [one.label for one in columns if not METRICS[one.key].higher_is_better]
    if lower:
        parts.append(f"lower is better for {' and '.join(lower)}")
    return f"{'; '.join(parts)}." if parts else ""
