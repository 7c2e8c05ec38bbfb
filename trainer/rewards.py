"""The rewards of refusal-aware fine-tuning: plain TRL reward functions, found by name.

The paper's reward of a completion is the sum of four (Eq. 3): `format`, `refuse_iou`, `explain` and
`correct`. The variants of `reward_variants` are off unless they are named. Each takes completions
and the columns of their rows and returns one number per completion, or None where a row lacks the
reference to compare with: TRL leaves those out.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.judges.encoder import DEFAULT_ENCODER
from rarft.trainer.checked_rewards import RewardFunction
from rarft.trainer.reward_columns import references
from rarft.trainer.reward_embeddings import text_embeddings
from rarft.trainer.reward_similarities import (
    Encoding,
    ReadTerms,
    correction_terms,
    cosine,
    explanation_terms,
    nil_correction_terms,
    similarity_rewards,
)
from rarft.trainer.reward_spans import iou_closeness, paper_claim, span_rewards
from rarft.trainer.reward_texts import Completion, read_completions
from rarft.trainer.reward_variants import (
    correct_nil,
    correct_nil_shifted,
    correct_shifted,
    explain_shifted,
    refuse_iou_scaled,
    refuse_iou_semantic,
)

Rewards = list[float | None]


def format(completions: Sequence[Completion], **columns: Any) -> Rewards:
    """Return 1 for each completion in the form that is asked for, else 0 (paper, Eq. 4).

    r_for(o) = 1 if o is "<think>…</think> <answer>…</answer> <correct>…</correct>", else 0. The
    authors' code writes the last tag `<correction>`; both are right, each closed by its own name.

    Example:
        >>> format([
        ...     "<think>a</think> <answer>3 to 5</answer> <correct>NIL</correct>",
        ...     "<think>a</think> <answer>3 to 5</answer> <correction>NIL</correction>",
        ...     "<answer>3 to 5</answer> <correct>NIL</correct>",
        ... ])
        [1.0, 1.0, 0.0]
    """
    return [float(said.format_ok) for said in read_completions(completions)]


def refuse_iou(completions: Sequence[Completion], **columns: Any) -> Rewards:
    """Return the tIoU for relevant queries, and 1 for refused irrelevant ones (paper, Eq. 5).

    r_R-IoU(o) = IoU(a_time, â) if q is relevant and â names a span; 1 if q is irrelevant and â
    names none; else 0. â is the last answer block: any span in it is a prediction, whatever the
    words around it say. Without a block that is opened and closed there is no answer: 0.

    Args:
        completions: What the model wrote.
        columns: `relevant` and `spans`, in seconds.

    Example:
        >>> said = ["<answer>2.0 to 6.0</answer>", "<answer>No dog runs.</answer>", "No dog runs."]
        >>> refuse_iou(said, relevant=[True] * 3, spans=[[[0.0, 4.0]]] * 3)
        [0.3333333333333333, 0.0, 0.0]
        >>> refuse_iou(said, relevant=[False] * 3, spans=[[]] * 3)
        [0.0, 1.0, 0.0]
    """
    n_completions = len(completions)
    return span_rewards(
        read_completions(completions),
        references(columns, ("spans",), reward="refuse_iou", n_completions=n_completions),
        claim=paper_claim,
        closeness=iou_closeness,
    )


def explain(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return how much nearer each answer is to the right reference than to the other (Eq. 6).

    r_exp(o) = sim(a_pos, â) - sim(a_neg, â), from -2 to 2, where sim is the cosine similarity of
    Sentence-BERT embeddings. For a relevant query a_pos is the time and a_neg the refusal of its
    pair; for an irrelevant query they change places. Without an answer the reward is 0.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant`, and of its pair the `spans` in seconds and the `refusal`.

    Example:
        >>> said = ["<answer>2.00 to 6.00</answer>", "<answer>No dog is shown.</answer>", "a dog"]
        >>> pair = {"spans": [[[2.0, 6.0]]] * 3, "refusal": ["No dog is shown."] * 3}
        >>> time, refusal, nothing = explain(said, relevant=[True] * 3, **pair)
        >>> time > 0.8, refusal < -0.8, nothing
        (True, True, 0.0)
        >>> explain(said, relevant=[False] * 3, **pair) == [-time, -refusal, 0.0]
        True
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="explain",
        terms=explanation_terms,
        scale=cosine,
        encoding=encoding,
    )


def correct(
    completions: Sequence[Completion], *, encoding: Encoding | None = None, **columns: Any
) -> Rewards:
    """Return how like each corrected query is to the relevant one (paper, Eq. 7).

    r_cor(o) = 0 if q is relevant, else sim(q_r, ĉ), from -1 to 1: the cosine similarity of the
    Sentence-BERT embeddings of the row's own relevant query and the last `<correct>` or
    `<correction>` block. A block that is missing, not closed, empty or NIL corrects nothing: 0.

    Args:
        completions: What the model wrote.
        encoding: The encoder, shared with other rewards; None is the default one.
        columns: `relevant` and `relevant_query`.

    Example:
        >>> said = ["<correct>a cat runs</correct>", "<correction>NIL</correction>"] * 2
        >>> rows = {"relevant": [False, False, True, True], "relevant_query": ["a cat runs"] * 4}
        >>> [round(reward, 4) for reward in correct(said, **rows)]
        [1.0, 0.0, 0.0, 0.0]
    """
    return similarity_rewards(
        read_completions(completions),
        columns,
        reward="correct",
        terms=correction_terms,
        scale=cosine,
        encoding=encoding,
    )


PAPER_REWARDS: Final = ("format", "refuse_iou", "explain", "correct")
REWARDS: Final[Mapping[str, RewardFunction]] = MappingProxyType(
    {
        "format": format,
        "refuse_iou": refuse_iou,
        "explain": explain,
        "correct": correct,
        "refuse_iou_semantic": refuse_iou_semantic,
        "refuse_iou_scaled": refuse_iou_scaled,
        "explain_shifted": explain_shifted,
        "correct_shifted": correct_shifted,
        "correct_nil": correct_nil,
        "correct_nil_shifted": correct_nil_shifted,
    }
)
"""Every reward by its name; a line adds one."""
_ENCODED: Final[Mapping[str, ReadTerms]] = {
    "explain": explanation_terms,
    "correct": correction_terms,
    "explain_shifted": explanation_terms,
    "correct_shifted": correction_terms,
    "correct_nil": nil_correction_terms,
    "correct_nil_shifted": nil_correction_terms,
}
"""What the rewards by similarity compare, so that one of them encodes for all."""


def reward_functions(
    names: Sequence[str], *, encoder: str | None = None, device: str | None = None
) -> list[RewardFunction]:
    """Return reward functions for TRL, whose encoder is loaded and shared.

    Args:
        names: Keys of REWARDS; TRL logs them as `rewards/<name>/mean`.
        encoder: A name of `rarft.harness.judges.ENCODERS`, a Hub id or a folder; None is the one
            that the authors train with, which is installed.
        device: Where the encoder is, such as "cpu"; None is the process's own GPU where there is
            one, else the CPU.

    Raises:
        NotFoundError: there is no such reward; the nearest name is suggested.
        UserError: a reward is named twice, or the encoder cannot be loaded.

    Example:
        >>> [reward.__name__ for reward in reward_functions(["format", "refuse_iou"])]
        ['format', 'refuse_iou']
        >>> reward_functions(["refuse_ious"])
        Traceback (most recent call last):
        rarft.harness.errors.NotFoundError: got an unknown reward 'refuse_ious', expected one of \
format, refuse_iou, explain, correct, refuse_iou_semantic, refuse_iou_scaled, explain_shifted, \
correct_shifted, correct_nil, correct_nil_shifted; did you mean 'refuse_iou'?
    """
    check_reward_names(names)
    encoded = [(name, _ENCODED[name]) for name in names if name in _ENCODED]
    if not encoded:
        return [REWARDS[name] for name in names]
    embeddings = text_embeddings(encoder or DEFAULT_ENCODER, device=device)
    encoding = Encoding(embeddings, tuple(encoded))
    return [
        _bound(REWARDS[name], encoding) if name in _ENCODED else REWARDS[name] for name in names
    ]


def check_reward_names(names: Sequence[str]) -> None:
    """Check names before anything is loaded.

    Raises:
        NotFoundError: there is no such reward; the nearest name is suggested.
        UserError: a reward is named twice.
    """
    for name in names:
        if name not in REWARDS:
            near = get_close_matches(name, REWARDS, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else "see docs/rewards.md"
            raise NotFoundError(
                f"got an unknown reward '{name}', expected one of {', '.join(REWARDS)}; {hint}"
            )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"got the reward {twice[0]} twice, expected each once; give it a weight instead"
        )


def _bound(reward: RewardFunction, encoding: Encoding) -> RewardFunction:
    @functools.wraps(reward)
    def bound(completions: Sequence[Completion], **columns: Any) -> Rewards:
        rewards: Rewards = reward(completions, encoding=encoding, **columns)
        return rewards

    return bound
