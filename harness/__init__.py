"""Evaluate any model on refusal-aware video temporal grounding.

Importing this package loads neither torch nor transformers; `evaluate` does when it is called.
"""

from rarft.harness.api import evaluate
from rarft.harness.errors import (
    AnnotationError,
    BusyError,
    NotFoundError,
    RarftError,
    ReplyError,
    UserError,
    VideoError,
)
from rarft.harness.metrics import (
    METRICS,
    QueryOutcome,
    f1,
    figures,
    outcome,
    pair_accuracy,
    ra_iou,
    recall_at,
    tiou,
)
from rarft.harness.parsing import parse_reply
from rarft.harness.statistics import cluster_bootstrap
from rarft.harness.types import Prediction, Query, Reply, Span

__all__ = [
    "METRICS",
    "AnnotationError",
    "BusyError",
    "NotFoundError",
    "Prediction",
    "Query",
    "QueryOutcome",
    "RarftError",
    "Reply",
    "ReplyError",
    "Span",
    "UserError",
    "VideoError",
    "cluster_bootstrap",
    "evaluate",
    "f1",
    "figures",
    "outcome",
    "pair_accuracy",
    "parse_reply",
    "ra_iou",
    "recall_at",
    "tiou",
]
