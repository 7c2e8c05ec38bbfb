"""An lm-eval model that answers from stored replies: scoring runs lm-eval's own evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from rarft.harness.replies import ScoredText


class ReplayLM(LM):
    """Stored replies by (task, query id); a query without one is missing."""

    MULTIMODAL = True

    def __init__(self, texts: Mapping[tuple[str, str], ScoredText], *, missing: ScoredText) -> None:
        super().__init__()
        self._texts = texts
        self._missing = missing

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Return the stored reply to each request."""
        return [
            self._texts.get((str(request.task_name), str(request.doc["id"])), self._missing)
            for request in requests
        ]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")
