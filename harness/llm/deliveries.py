"""The requests of a round by digest, and how each answer is stored and then handed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from rarft.harness.llm.answer_cache import AnswerCache, CachedAnswer
from rarft.harness.llm.request import LLMAnswer, LLMRequest
from rarft.harness.llm.settings import LLMSettings

OnAnswers = Callable[[Sequence[tuple[int, LLMAnswer]]], None]


class Deliveries:
    """Hands every index on at most once.

    `left` maps each digest that is still to be asked to the indices that wait for it.
    """

    def __init__(
        self,
        requests: Sequence[LLMRequest],
        settings: LLMSettings,
        *,
        cache: AnswerCache | None,
        on_answers: OnAnswers,
    ) -> None:
        self._requests = requests
        self._model = settings.model
        self._cache = cache
        self._on_answers = on_answers
        self.n_cached = 0
        self.n_delivered = 0
        self.n_failed = 0
        self.left: dict[str, list[int]] = {}
        for index, request in enumerate(requests):
            digest = request.digest(model=settings.model, settings=settings.answer_settings)
            self.left.setdefault(digest, []).append(index)

    def deliver_cached(self) -> None:
        """Hand on, in one group, what the cache holds and its schema still accepts.

        What the schema accepts no longer is removed, or it would keep the new answer out.
        """
        if self._cache is None:
            return
        found: list[tuple[int, LLMAnswer]] = []
        rejected: list[str] = []
        for digest, row in self._cache.get_many(self.left).items():
            answer = answer_of_row(row, self._requests[self.left[digest][0]])
            if answer is None:
                rejected.append(digest)
            else:
                found += [(index, answer) for index in self.left.pop(digest)]
        self._cache.remove(rejected)
        self.n_cached = self.n_delivered = len(found)
        if found:
            self._on_answers(sorted(found, key=lambda pair: pair[0]))

    def request_of(self, digest: str) -> LLMRequest:
        """Return the request that has a digest."""
        return self._requests[self.left[digest][0]]

    def deliver(self, answered: Sequence[tuple[str, LLMAnswer]]) -> None:
        """Store the valid answers of a group in one transaction, then hand the group on."""
        if self._cache is not None:
            rows = [
                row_of_answer(digest, self.request_of(digest), answer, model=self._model)
                for digest, answer in answered
                if answer.value is not None
            ]
            self._cache.put_many(rows)
        group: list[tuple[int, LLMAnswer]] = []
        for digest, answer in answered:
            first, *others = self.left.pop(digest)
            group.append((first, answer))
            group += [(index, _free(answer)) for index in others]
        self.n_delivered += len(group)
        self.n_failed += sum(answer.value is None for _, answer in group)
        self._on_answers(group)


def row_of_answer(
    digest: str, request: LLMRequest, answer: LLMAnswer, *, model: str
) -> CachedAnswer:
    """Return a valid answer as the row that the cache stores.

    Raises:
        ValueError: the answer has no value; failures are not stored.
    """
    if answer.value is None:
        raise ValueError(f"got a failed answer ({answer.failure!r}), expected one with a value")
    return CachedAnswer(
        digest=digest,
        name=request.name,
        version=request.version,
        model=model,
        served_model=answer.served_model,
        value=answer.value.model_dump_json(by_alias=True),
        text=answer.text,
        n_prompt_tokens=answer.n_prompt_tokens,
        n_new_tokens=answer.n_new_tokens,
        usd=answer.usd,
    )


def answer_of_row(row: CachedAnswer, request: LLMRequest) -> LLMAnswer | None:
    """Return a stored answer, which costs nothing now, or None where its schema rejects it."""
    try:
        value = request.schema.model_validate_json(row.value, strict=True)
    except ValidationError:
        return None
    return LLMAnswer(
        value=value, text=row.text, served_model=row.served_model, usd=0.0, cached=True
    )


def _free(answer: LLMAnswer) -> LLMAnswer:
    """Return an answer as it is told for a further request with the same digest."""
    return replace(
        answer,
        n_prompt_tokens=0,
        n_new_tokens=0,
        usd=0.0,
        n_calls=0,
        cached=answer.value is not None,
    )
