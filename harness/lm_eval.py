"""Our models inside lm-eval: `python -m rarft.harness.lm_eval run --model tiny --tasks synth_hi`.

Stock lm-eval finds no plug-ins and refuses our tasks, which carry videos. This module registers a
model class per card and hands over to lm-eval's own command line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.judges.rule import judge_reply
from rarft.harness.models import Card, PromptMode, Request, card_paths, find_card, load_model
from rarft.harness.replies import ScoredText
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.infer import answer
from rarft.harness.stages.loaded_task import queries_digest
from rarft.harness.stages.plan import (
    build_request,
    generation_settings,
    model_identity,
    open_video,
    run_prompt,
)
from rarft.harness.task_index import PACKAGED_TASKS
from rarft.harness.types import Query, Reply, query_from_doc


class GroundingLM(LM):
    """A carded model that lm-eval's evaluator can ask.

    Nothing is stored: for a run that can be killed and resumed use `rarft-eval`. The figures of
    the two are the same.
    """

    MULTIMODAL = True
    card_name = ""

    def __init__(
        self,
        model: str | None = None,
        *,
        batch_size: int | str | None = 1,
        max_batch_size: int | None = None,
        device: str | None = None,
        seed: int = 0,
        prompt_mode: PromptMode | None = None,
        include_path: str | Sequence[str] = (),
        **model_args: Any,
    ) -> None:
        super().__init__()
        folders = (include_path,) if isinstance(include_path, str) else tuple(include_path)
        size = str(batch_size)
        self._batch_size = int(size) if size.isdigit() else 1
        self._config = RunConfig(
            model=model or self.card_name,
            tasks=(),
            model_args=model_args,
            include_path=folders,
            batch_size=self._batch_size,
            seed=int(seed),
            prompt_mode=prompt_mode,
        )
        self._card, self._card_path = find_card(self._config.model, self._config.include_folders)
        if device is not None and self._card.reads_video:
            model_args["device"] = device
        self._model = load_model(
            self._card,
            model_args=model_args,
            generation=self._card.generation,
            batch_size=self._batch_size,
            seed=self._config.seed,
            cache=cache_directory(),
        )

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer lm-eval's requests in order; each text carries its prediction."""
        queries = [query_from_doc(r.doc, task=str(r.task_name)) for r in requests]
        by_task: dict[str, list[Query]] = {}
        for query in queries:
            by_task.setdefault(query.task, []).append(query)
        for task_queries in by_task.values():
            self._model.prepare(task_queries)
        digests = {name: queries_digest(members) for name, members in by_task.items()}
        pairs = zip(requests, queries, strict=True)
        identity = self._identity(requests[0])
        built = [
            self._request(instance, query, identity, digests[query.task])
            for instance, query in pairs
        ]
        failures = {request.key: reason for request, reason in built if reason}
        texts: list[str] = []
        size = self._batch_size if self._card.reads_video else len(built)
        for start in range(0, len(built), size):
            batch = [request for request, _ in built[start : start + size]]
            replies = answer(batch, self._model, failures)
            texts += [_scored_text(r, replies[r.key], self._card) for r in batch]
        return texts

    def _identity(self, instance: Instance) -> dict[str, Any]:
        """Return the model's identity, with the generation settings lm-eval hands over."""
        asked: Mapping[str, Any] = instance.args[1]
        identity = model_identity(self._config, self._card, self._model.engine)
        return identity | {"generation": generation_settings(self._card, asked)}

    def _request(
        self, instance: Instance, query: Query, identity: Mapping[str, Any], digest: str
    ) -> tuple[Request, str | None]:
        mode = self._config.prompt_mode or "refusal"
        prompt = run_prompt(self._config, self._card, self._card_path, mode=mode)
        video = open_video(str(instance.args[2]["visual"][0])) if self._card.reads_video else None
        request = build_request(query, prompt, video, self._card, identity, task_digest=digest)
        return request, video if isinstance(video, str) else None

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")


def _scored_text(request: Request, reply: Reply, card: Card) -> ScoredText:
    if reply.missing:
        return ScoredText(status="missing")
    if reply.failure is not None:
        return ScoredText(status="failed")
    query = request.query
    prediction = judge_reply(
        reply, form=card.output.form, duration_s=query.duration_s, clip=query.clip
    )
    return ScoredText(reply.text or "", prediction=prediction)


def register_models(include_path: Sequence[Path] = ()) -> list[str]:
    """Register one lm-eval model per card and return their names."""
    from lm_eval.api.registry import register_model

    names = sorted(card_paths(include_path))
    for name in names:
        register_model(name)(type(f"GroundingLM_{name}", (GroundingLM,), {"card_name": name}))
    return names


def main(arguments: Sequence[str] | None = None) -> None:
    """Hand over to lm-eval's command line, with our models registered and our tasks included."""
    from lm_eval.__main__ import cli_evaluate

    register_models()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"] and "--include_path" not in given:
        given += ["--include_path", str(PACKAGED_TASKS)]
    sys.argv = ["lm-eval", *given]
    try:
        cli_evaluate()
    except UserError as error:
        sys.stderr.write(f"lm-eval: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
