"""A reply's text that carries its prediction through lm-eval.

lm-eval hands a model's answers to a task as strings and nothing else. What the card's declared
output form made of the text, and whether the text is missing, would be lost on the way.
"""

from __future__ import annotations

from typing import Literal

from rarft.harness.types import Prediction

Policy = Literal["paper", "strict"]
Status = Literal["scored", "missing", "failed", "unjudged"]
"""Why a query is not scored, if it is not; unjudged where the relevance judge gave no value."""


class ScoredText(str):
    """A reply's text with its prediction, whether it can be scored, and the scoring policy.

    Example:
        >>> text = ScoredText("none", prediction=Prediction(kind="refused"))
        >>> text, text.prediction.kind, text.status
        ('none', 'refused', 'scored')
    """

    __slots__ = ("policy", "prediction", "status")

    prediction: Prediction | None
    status: Status
    policy: Policy

    def __new__(
        cls,
        text: str = "",
        *,
        prediction: Prediction | None = None,
        status: Status = "scored",
        policy: Policy = "paper",
    ) -> ScoredText:
        """Attach the prediction to the text."""
        self = super().__new__(cls, text)
        self.prediction = prediction
        self.status = status
        self.policy = policy
        return self
