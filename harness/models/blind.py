"""A model that reads the query and no video, and grounds the whole video or refuses.

Cross-fitted, it learns from the other queries of the task it is asked about; trained on another
task, from that task's. It shows how far a benchmark can be solved by its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rarft.harness.audit import blind_probabilities, blind_probabilities_from
from rarft.harness.errors import UserError
from rarft.harness.models.base import Model, Request
from rarft.harness.models.card import Card
from rarft.harness.models.floors import whole_video
from rarft.harness.types import Query, Reply

QueryKey = tuple[str, str]


class BlindModel:
    """A text classifier of relevance; P(relevant) of at least 0.5 grounds the whole video.

    A refusal names the whole video too, as what it would have answered at a lower threshold.
    A task it cannot learn from (one class, or one video) is not applicable: its requests fail
    with that reason, and the run goes on.
    """

    def __init__(self, train_queries: Sequence[Query] | None = None, *, seed: int = 0) -> None:
        """Learn from `train_queries`, or cross-fitted from each task's own queries."""
        self._train_queries = None if train_queries is None else tuple(train_queries)
        self._seed = seed
        self._probability: dict[QueryKey, float] = {}
        self._not_applicable: dict[str, str] = {}

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the version of the library that fits the classifier."""
        return {"scikit-learn": version("scikit-learn")}

    def prepare(self, queries: Sequence[Query]) -> None:
        """Compute P(relevant) of every query of a task.

        Raises:
            UserError: the training queries are of one class.
        """
        if self._train_queries is not None:
            probabilities = blind_probabilities_from(self._train_queries, queries)
        else:
            try:
                probabilities = blind_probabilities(queries, seed=self._seed)
            except UserError as error:
                self._not_applicable |= {query.task: str(error) for query in queries}
                return
        for query, probability in zip(queries, probabilities.tolist(), strict=True):
            self._probability[query.task, query.id] = probability

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer every request, in order."""
        return [self._answer(request.query) for request in requests]

    def close(self) -> None:
        """Forget what was learned."""
        self._probability.clear()
        self._not_applicable.clear()

    def _answer(self, query: Query) -> Reply:
        if query.task in self._not_applicable:
            return Reply(failure=self._not_applicable[query.task])
        probability = self._probability.get((query.task, query.id))
        if probability is None:
            return Reply(failure=f"query {query.id} of task {query.task} was not prepared")
        return Reply(
            relevant=probability >= 0.5, spans=whole_video(query), relevance_score=probability
        )


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> Model:
    """Return a blind model; `model_args["train_queries"]` holds another task's queries.

    Raises:
        UserError: another argument is given, or a `train_task` whose queries nobody has read.
    """
    unknown = ", ".join(sorted(set(model_args) - {"train_queries"}))
    if unknown:
        raise UserError(
            f"got model_args {unknown} for model '{card.name}', expected train_task, whose queries "
            "rarft-eval reads; mend the name or leave it out"
        )
    return BlindModel(model_args.get("train_queries"), seed=seed)
