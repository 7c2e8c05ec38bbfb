"""Our models inside lm-eval: `python -m rarft.harness.lm_eval run --model tiny --tasks synth_hi`.

Stock lm-eval finds no plug-ins and refuses our tasks, which carry videos. This module registers a
model class per card, includes the packaged tasks and hands over to lm-eval's own command line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import UserError
from rarft.harness.judges.rule import judge_reply
from rarft.harness.models import (
    Card,
    PromptMode,
    VideoFile,
    card_paths,
    find_card,
    load_model,
)
from rarft.harness.models.backend_choice import with_backend
from rarft.harness.parsing import Form
from rarft.harness.replies import ScoredText
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.infer import answer, make_workload
from rarft.harness.stages.loaded_task import queries_digest
from rarft.harness.stages.plan import (
    Plan,
    build_request,
    generation_settings,
    model_identity,
    open_video,
    run_prompt,
)
from rarft.harness.stages.response_store import NO_RESPONSES
from rarft.harness.task_index import PACKAGED_TASKS, check_folders
from rarft.harness.types import Query, Reply, query_from_doc

_ON_ONE_DEVICE: Final = ("bridge", "hf")
"""The backends that are told their device; vLLM chooses its own, a server has it elsewhere."""


class GroundingLM(LM):
    """A carded model that lm-eval's evaluator can ask.

    Nothing is stored: for a run that can be killed and resumed use `rarft-eval`. The figures of
    the two are the same.
    """

    MULTIMODAL = True
    card_name = ""
    card_folders: tuple[str, ...] = ()

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
        folders = (*self.card_folders, *map(str, folders))
        check_folders(tuple(map(Path, folders)))
        found, self._card_path = find_card(model or self.card_name, tuple(map(Path, folders)))
        self._card, model_args = with_backend(found, model_args)
        _refuse_train_task(self._card, model_args)
        # lm-eval names cuda:0 where the user named nothing, GPU or no GPU.
        takes_device = self._card.reads_video and self._card.backend in _ON_ONE_DEVICE
        if device is not None and takes_device and _is_there(device):
            model_args["device"] = device
        size = str(batch_size)
        self._batch_size = int(size) if size.isdigit() else 1
        self._config = RunConfig(
            model=self._card.name,
            tasks=(),
            model_args=model_args,
            include_path=folders,
            batch_size=self._batch_size,
            seed=int(seed),
            prompt_mode=prompt_mode,
        )
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
        plan = self._plan(requests)
        size = self._batch_size if self._card.reads_video else max(1, len(requests))
        replies: dict[str, Reply] = {}
        for batch in make_workload(plan, NO_RESPONSES, batch_size=size).batches:
            replies |= answer(batch, self._model, plan.failures)
        form = self._config.model_args.get("form", self._card.output.form)
        return [_scored_text(r.query, replies[r.key], form) for r in plan.requests]

    def _plan(self, instances: Sequence[Instance]) -> Plan:
        """Build one request an instance, and let the model see each task's queries."""
        queries = [query_from_doc(each.doc, task=str(each.task_name)) for each in instances]
        by_task: dict[str, list[Query]] = {}
        for query in queries:
            by_task.setdefault(query.task, []).append(query)
        for members in by_task.values():
            self._model.prepare(members)
        digests = {name: queries_digest(members) for name, members in by_task.items()}
        mode = self._config.prompt_mode or "refusal"
        prompt = run_prompt(self._config, self._card, self._card_path, mode=mode)
        identity = model_identity(self._config, self._card, self._model.engine)
        videos = self._open_videos(instances)
        requests = []
        failures = {}
        for instance, query in zip(instances, queries, strict=True):
            video = videos[_visual(instance)] if self._card.reads_video else None
            settings = {"generation": generation_settings(self._card, instance.args[1])}
            request = build_request(
                query,
                prompt,
                video,
                self._card,
                identity | settings,
                task_digest=digests[query.task],
            )
            if isinstance(video, str):
                failures[request.key] = video
            requests.append(request)
        return Plan(tasks=(), requests=tuple(requests), failures=failures)

    def _open_videos(self, instances: Sequence[Instance]) -> Mapping[str, VideoFile | str]:
        """Return each distinct video, or why it cannot be used; none for a model of words."""
        named = map(_visual, instances) if self._card.reads_video else ()
        return {visual: open_video(visual) for visual in dict.fromkeys(named)}

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> Any:
        """Refuse: grounding tasks ask for text only."""
        raise NotImplementedError("grounding tasks are generate_until")


def _refuse_train_task(card: Card, model_args: Mapping[str, Any]) -> None:
    """Refuse what only a run can resolve: lm-eval hands a model no task but those it evaluates."""
    if card.backend == "blind" and "train_task" in model_args:
        raise UserError(
            f"got train_task={model_args['train_task']} inside lm-eval, expected no train_task; "
            "leave it out to cross-fit, or use rarft-eval"
        )


def _visual(instance: Instance) -> str:
    return str(instance.args[2]["visual"][0])


def _is_there(device: str) -> bool:
    import torch

    return not device.startswith("cuda") or torch.cuda.is_available()


def _scored_text(query: Query, reply: Reply, form: Form) -> ScoredText:
    if reply.missing:
        return ScoredText(status="missing")
    if reply.failure is not None:
        return ScoredText(status="failed")
    prediction = judge_reply(reply, form=form, duration_s=query.duration_s, clip=query.clip)
    return ScoredText(reply.text or "", prediction=prediction)


def register_models(include_path: Sequence[Path] = ()) -> list[str]:
    """Register one lm-eval model per card, packaged or of these folders, and return their names.

    Raises:
        UserError: lm-eval knows a model of a card's name already.
    """
    from lm_eval.api.registry import register_model

    folders = tuple(map(str, include_path))
    names = sorted(card_paths(include_path))
    for name in names:
        fields = {"card_name": name, "card_folders": folders}
        try:
            register_model(name)(type(f"GroundingLM_{name}", (GroundingLM,), fields))
        except ValueError as error:
            raise UserError(
                f"got the model '{name}' when lm-eval knows one of that name, expected a new name; "
                "rename the card, and register once a process"
            ) from error
    return names


def main(arguments: Sequence[str] | None = None) -> None:
    """Hand over to lm-eval's command line, with our models registered and our tasks included."""
    sys.argv = ["lm-eval", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        _evaluate()
    except UserError as error:
        sys.stderr.write(f"lm-eval: {error}\n")
        sys.exit(2)


def _evaluate() -> None:
    """Do what lm-eval's own entry point does, between its two steps naming our folders."""
    from lm_eval._cli import HarnessCLI
    from lm_eval.config.evaluate_config import EvaluatorConfig
    from lm_eval.utils import setup_logging

    command = HarnessCLI()
    given = command.parse_args()
    # lm-eval takes one folder from its flags, and a flag hides the folder of a config file.
    folder = getattr(given, "include_path", None)
    if folder is None and getattr(given, "config", None):
        folder = EvaluatorConfig.load_yaml_config(given.config).get("include_path")
    named = [folder] if isinstance(folder, str) else folder or []
    folders = tuple(map(Path, named))
    check_folders(folders)
    register_models(folders)
    given.include_path = [str(PACKAGED_TASKS), *map(str, folders)]
    setup_logging()
    command.execute(given)


if __name__ == "__main__":
    main()
