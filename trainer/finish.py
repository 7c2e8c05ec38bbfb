"""What a run leaves behind: the model in a folder, its evaluation, train.json and a model card."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.models.revision import resolve_revision
from rarft.trainer.collapse import CollapseWarnings
from rarft.trainer.exported_model import export_model
from rarft.trainer.final_evaluation import (
    CARDS,
    EVALUATION,
    Evaluated,
    evaluate_checkpoint,
    trained_card,
    write_card,
)
from rarft.trainer.model_card import push_model, write_model_card
from rarft.trainer.recipe_identity import fingerprint
from rarft.trainer.train_record import (
    TrainRecord,
    device_name,
    found_versions,
    hours_of,
    last_figures,
    write_train_record,
)

if TYPE_CHECKING:
    from rarft.trainer.run import TrainRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What is known of a run after its last step, without its trainer."""

    n_steps: int
    n_epochs: float
    history: Sequence[Mapping[str, Any]] = ()
    skipped_videos: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def trained(trainer: Any) -> Trained:
    """Return what a trainer knows, so that its memory can be freed."""
    warnings = [
        warning
        for callback in trainer.callback_handler.callbacks
        if isinstance(callback, CollapseWarnings)
        for warning in callback.warnings
    ]
    return Trained(
        n_steps=trainer.state.global_step,
        n_epochs=float(trainer.state.epoch or 0.0),
        history=tuple(trainer.state.log_history),
        skipped_videos=dict(trainer.skipped_videos),
        warnings=tuple(warnings),
    )


def free_memory() -> None:
    """Give back the GPU memory of objects that nothing names any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def finish_run(run: TrainRun, ended: Trained, *, pushes: bool, say: Callable[[str], None]) -> Path:
    """Export, evaluate, record and push a trained model; returns the directory of train.json.

    Args:
        run: What was asked.
        ended: What came of it.
        pushes: Whether the model goes to the Hub, to `hub_model_id`.
        say: Receives lines for the user.

    Raises:
        UserError: a file cannot be written, or the Hub refuses.
    """
    asked, training = run.arguments.run, run.arguments.training
    name = run.output_dir.resolve().name
    model = export_model(run.output_dir, base=run.base.folder, dtype=run.arguments.model.dtype)
    repo_id = training.hub_model_id if pushes else None
    card = _card(run, name=name, model=model)
    cards = run.output_dir / CARDS
    write_card(card, cards)
    directory = run.output_dir / EVALUATION
    evaluated = evaluate_checkpoint(
        model,
        directory,
        card=card,
        tasks=asked.evaluate_on or (),
        mode=asked.prompt_mode,
        limit=asked.evaluate_limit,
        include_path=(*(asked.include_path or ()), str(cards)),
        seed=training.seed,
    )
    if evaluated.reason:
        say(f"not evaluated: {evaluated.reason}")
    record = _record(run, ended, evaluated, name=name, card=card, model=model)
    write_train_record(record, directory)
    published = _card(run, name=name, model=repo_id or model)
    write_card(published, model / CARDS)
    for folder in (model, run.output_dir):
        write_model_card(record, folder, card=published, results=evaluated.results)
    if pushes:
        if not repo_id:
            raise UserError(
                f"got push_to_hub without hub_model_id, expected <owner>/<name>; push {model} "
                "with `hf upload`"
            )
        is_private = bool(training.hub_private_repo)
        address = push_model(model, repo_id, is_private=is_private, token=training.hub_token)
        say(f"pushed to {address}")
    return directory


def _card(run: TrainRun, *, name: str, model: Path | str) -> Card:
    asked = run.arguments.run
    return trained_card(
        run.card,
        name=name,
        method=asked.method,
        policy=run.policy,
        mode=asked.prompt_mode,
        prompt=run.prompt,
        model=model.resolve() if isinstance(model, Path) else model,
    )


def _record(
    run: TrainRun, ended: Trained, evaluated: Evaluated, *, name: str, card: Card, model: Path
) -> TrainRecord:
    asked, training = run.arguments.run, run.arguments.training
    report = run.report
    return TrainRecord(
        name=name,
        method=asked.method,
        base=run.base.name,
        base_revision=run.base.revision,
        checkpoint=resolve_revision(card, model_args={"pretrained": str(model)}),
        recipe=run.identity,
        fingerprint=fingerprint(run.identity),
        seeds={
            "seed": training.seed,
            "data_seed": training.data_seed,
            "synth_seed": run.arguments.data.synth_seed,
        },
        data={
            "name": report.name,
            "negatives": report.negatives,
            "rows_sha256": run.rows.digest,
            "n_videos": report.n_videos,
            "n_relevant": report.n_relevant,
            "n_irrelevant": report.n_irrelevant,
            "n_rows": report.n_rows,
            "left_out": dict(report.left_out),
        },
        n_processes=run.n_processes,
        n_steps=ended.n_steps,
        n_epochs=ended.n_epochs,
        hours=hours_of(ended.history),
        n_skipped_videos=len(ended.skipped_videos),
        skipped_videos=ended.skipped_videos,
        warnings=ended.warnings,
        final_figures=last_figures(ended.history),
        evaluation=evaluated.reason or EVALUATION,
        versions=found_versions(),
        device=device_name(),
    )
