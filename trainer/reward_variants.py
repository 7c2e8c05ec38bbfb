"""Rewards that differ from the paper's equations, off unless they are named.

`refuse_iou_semantic` believes the harness rather than any span. The others are what the authors'
code computes where it differs from the paper; its sum is that of `format`, `refuse_iou_scaled`,
`explain_shifted` and `correct_nil_shifted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rarft.trainer.reward_columns import references
from rarft.trainer.reward_similarities import (
    Encoding,
    correction_terms,
    cosine,
    explanation_terms,
    nil_correction_terms,
    shifted_cosine,
    similarity_rewards,
)
from rarft.trainer.reward_spans import (
    iou_closeness,
    paper_claim,
    scaled_closeness,
    semantic_claim,
    span_rewards,
)
from rarft.trainer.reward_texts import Completion, read_completions

Rewards = list[float | None]


def refuse_iou_semantic(completions: Sequence[Completion], **columns: Any) -> Rewards:
    """Return Eq. 5 with the harness's reading of the answer in place of "names a span".

    A refusal that names times is a refusal. What is neither a span nor a refusal, such as a single
    word, is no refusal: 0.

    Args:
        completions: What the model wrote.
        columns: `relevant` and `spans`, in seconds.

    Example:
        >>> said = ["<answer>The video does not show a dog; from 3.2 to 12.5 a man cooks.</answer>",
        ...         "<answer>hello</answer>"]
        >>> refuse_iou_semantic(said, relevant=[False] * 2, spans=[[]] * 2)
        [1.0, 0.0]
    """
    n_completions = len(completions)
    return span_rewards(
        read_completions(completions),
        references(columns, ("spans",), reward="refuse_iou_semantic", n_completions=n_completions),
        claim=semantic_claim,
        closeness=iou_closeness,
    )


def refuse_iou_scaled(completions: Sequence[Completion], **columns: Any) -> Rewards:
    """Return Eq. 5 with the tIoU lessened for the distance of both ends, as the authors' code.

    tIoU · (1 - |start - start'| / duration) · (1 - |end - end'| / duration); None for relevant
    queries of a video whose duration is unknown.

    Args:
        completions: What the model wrote.
        columns: `relevant`, `spans` and `duration_s`, in seconds.

    Example:
        >>> refuse_iou_scaled(["<answer>2.0 to 6.0</answer>"], relevant=[True],
        ...                   spans=[[[0.0, 4.0]]], duration_s=[10.0])  # 1/3 · 0.8 · 0.8
        [0.21333333333333335]
    """
    names = ("spans", "duration_s")
    n_completions = len(completions)
    return span_rewards(
        read_completions(completions),
        references(columns, names, reward="refuse_iou_scaled", n_completions=n_completions),
        claim=paper_claim,
        closeness=scaled_closeness,
    )


def explain_shifted(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return Eq. 6 with (cos + 1) / 2 for each cosine: half of `explain`, from -1 to 1.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant`, and of its pair the `spans` in seconds and the `refusal`.

    Example:
        >>> said = ["<answer>2.00 to 6.00</answer>"]
        >>> pair = {"spans": [[[2.0, 6.0]]], "refusal": ["No dog is shown."]}
        >>> 0.4 < explain_shifted(said, relevant=[True], **pair)[0] < 0.6
        True
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="explain_shifted",
        terms=explanation_terms,
        scale=shifted_cosine,
        encoding=encoding,
    )


def correct_shifted(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return Eq. 7 with (cos + 1) / 2 for the cosine; no correction is still 0.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant` and `relevant_query`.

    Example:
        >>> said = ["<correct>a cat runs</correct>", "<correct>NIL</correct>"]
        >>> rows = {"relevant": [False] * 2, "relevant_query": ["a cat runs"] * 2}
        >>> [round(reward, 4) for reward in correct_shifted(said, **rows)]
        [1.0, 0.0]
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="correct_shifted",
        terms=correction_terms,
        scale=shifted_cosine,
        encoding=encoding,
    )


def correct_nil(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return Eq. 7, and 1 where the correction of a relevant query is NIL, as the authors' code.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant` and `relevant_query`.

    Example:
        >>> said = ["<correct>NIL</correct>", "<correct>a cat</correct>", "NIL"]
        >>> correct_nil(said, relevant=[True] * 3, relevant_query=[None] * 3)
        [1.0, 0.0, 0.0]
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="correct_nil",
        terms=nil_correction_terms,
        scale=cosine,
        encoding=encoding,
    )


def correct_nil_shifted(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return `correct_nil` with (cos + 1) / 2 for the cosine: the authors' correction reward.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant` and `relevant_query`.

    Example:
        >>> said = ["<correct>NIL</correct>"]
        >>> correct_nil_shifted(said, relevant=[True], relevant_query=[None])
        [1.0]
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="correct_nil_shifted",
        terms=nil_correction_terms,
        scale=shifted_cosine,
        encoding=encoding,
    )
