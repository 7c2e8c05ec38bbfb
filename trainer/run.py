"""Build a run from what was asked, and train it: rows, network, trainer, checkpoints.

`prepare_run` loads no weights, so that a dry run and every mistake cost little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transformers import TrainerCallback, set_seed
from trl import get_peft_config

from rarft.harness.cache_directory import cache_directory
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models import find_card, prompt_text, read_prompt
from rarft.harness.models.card import Card
from rarft.harness.stages.run_lock import hold
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.arguments import Arguments, parse_arguments
from rarft.trainer.config import RunArguments
from rarft.trainer.data import DataReport, EpochRows, training_rows
from rarft.trainer.dry_run import DryRun, dry_run
from rarft.trainer.finish import Trained, finish_run, free_memory, trained
from rarft.trainer.given_values import Values
from rarft.trainer.life import add_life
from rarft.trainer.load_network import Base, find_base, load_network, load_processor
from rarft.trainer.networks import freeze_vision
from rarft.trainer.recipe_identity import (
    check_identity,
    fingerprint,
    identity_of,
    write_identity,
)
from rarft.trainer.rewards import check_reward_names, reward_functions
from rarft.trainer.shared_prompts import TAKES_MASK
from rarft.trainer.watched_rewards import watched_rewards
from rarft.trainer.whole_checkpoint import last_whole_checkpoint

Say = Callable[[str], None]
_GB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRun:
    """A run before anything is loaded: what it was asked, what it shows, and where it begins."""

    arguments: Arguments
    card: Card
    prompt: str
    policy: FramesPolicy
    base: Base
    rows: EpochRows
    report: DataReport
    identity: Mapping[str, Any]

    @property
    def output_dir(self) -> Path:
        """Return where checkpoints and records go."""
        return Path(self.arguments.training.output_dir)

    @property
    def n_processes(self) -> int:
        """Return how many processes train, or would where this is a dry run."""
        asked = self.arguments.run
        return asked.processes if asked.dry_run else int(self.arguments.training.world_size)

    @property
    def is_main(self) -> bool:
        """Whether this process writes what all of them share."""
        return bool(self.arguments.training.process_index == 0)


def prepare_run(values: Values) -> TrainRun:
    """Resolve everything a run needs, and check it.

    Raises:
        UserError: a value, the data, the card or the checkpoint cannot be used.
    """
    arguments = parse_arguments(values)
    run = arguments.run
    if run.method == "grpo":
        check_reward_names(run.rewards)
    if arguments.training.push_to_hub and not arguments.training.hub_model_id:
        raise UserError(
            "got push_to_hub without hub_model_id, expected <owner>/<name>; give --hub_model_id"
        )
    card, card_path = find_card(run.card, tuple(map(Path, run.include_path or ())))
    if card.frames is None:
        raise UserError(f"got the card {card.name} without frames, expected them for training")
    prompt = _prompt(run, card, card_path)
    base = find_base(
        card,
        name=arguments.model.model_name_or_path,
        revision=_given_revision(arguments.model.model_revision),
        needs_weights=not run.dry_run,
    )
    training = arguments.training
    seed = training.seed if training.data_seed is None else training.data_seed
    rows, report = training_rows(arguments.data, card=card, prompt=prompt, seed=seed)
    identity = identity_of(
        arguments,
        n_processes=run.processes if run.dry_run else training.world_size,
        base=base.revision,
        prompt=hashlib.sha256(prompt.encode()).hexdigest()[:16],
        rows=rows.digest,
    )
    return TrainRun(
        arguments=arguments,
        card=card,
        prompt=prompt,
        policy=run.policy(card.frames),
        base=base,
        rows=rows,
        report=report,
        identity=identity,
    )


def _prompt(run: RunArguments, card: Card, card_path: Path) -> str:
    if run.prompt_file is None:
        return prompt_text(card, card_path, mode=run.prompt_mode)
    path = Path(run.prompt_file)
    if not path.is_file():
        raise NotFoundError(f"got prompt_file={path}, expected a text file; check the path")
    return read_prompt(path)


def estimate(run: TrainRun) -> DryRun:
    """Return what a run will do and need; of the checkpoint only config.json is read.

    Raises:
        UserError: an epoch is too small.
    """
    arguments = run.arguments
    return dry_run(
        run.base.folder,
        arguments.training,
        run.rows,
        policy=run.policy,
        dtype=arguments.model.dtype,
        adapters=get_peft_config(arguments.model),
        freezes_vision=arguments.run.freeze_vision,
        trains_merger=arguments.run.train_merger,
        shares_prompts=arguments.run.share_prompts
        and (arguments.model.attn_implementation or "sdpa") in TAKES_MASK,
        n_gpus=run.n_processes,
        gpu_memory_gb=arguments.run.gpu_memory_gb,
    )


def train(run: TrainRun, *, say: Say) -> None:
    """Train a run to its end, from its beginning or from a checkpoint, and finish it.

    Raises:
        UserError: the output directory is in use or holds another run, or training cannot go on.
    """
    with ExitStack() as stack:
        if run.is_main:
            stack.enter_context(hold(run.output_dir))
        checkpoint = resume_point(run)
        if checkpoint is not None:
            say(f"going on from {checkpoint}")
        if run.is_main:
            write_identity(run.output_dir, run.identity)
        # What goes to the Hub is the finished model with its card, not each checkpoint.
        training = run.arguments.training
        pushes, training.push_to_hub = training.push_to_hub, False
        ended = _trained_from(run, checkpoint)
        free_memory()
        if run.is_main:
            finish_run(run, ended, pushes=pushes, say=say)


def _trained_from(run: TrainRun, checkpoint: Path | None) -> Trained:
    """Train and save the weights; what is returned holds none of them."""
    training = run.arguments.training
    training.resume_from_checkpoint = checkpoint and str(checkpoint)
    trainer = build_trainer(run)
    add_life(trainer, is_grpo=run.arguments.run.method == "grpo")
    trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
    trainer.save_model(training.output_dir)
    if run.is_main:
        trainer.processing_class.save_pretrained(run.output_dir)
    trainer.save_state()
    return trained(trainer)


def build_trainer(run: TrainRun) -> Any:
    """Load the network and return the trainer of a run, ready to train.

    Raises:
        UserError: the checkpoint or the encoder of the rewards cannot be loaded.
    """
    asked = run.arguments.run
    return _sft_trainer(run) if asked.method == "sft" else _grpo_trainer(run)


def _grpo_trainer(run: TrainRun) -> Any:
    from rarft.trainer.video_grpo import VideoGRPOTrainer

    asked = run.arguments.run
    rewards = watched_rewards(
        reward_functions(asked.rewards, encoder=asked.encoder), form=run.card.output.form
    )
    network = _network(run)
    return VideoGRPOTrainer(
        network,
        rewards,
        run.arguments.training,
        run.rows,
        shares_prompts=asked.share_prompts,
        **_shared_settings(run),
    )


def _sft_trainer(run: TrainRun) -> Any:
    from rarft.trainer.collator import reference_answer
    from rarft.trainer.data.synth_answers import thinking_answer
    from rarft.trainer.sft import VideoSFTTrainer

    answers = {"reference": reference_answer, "synth_hi": thinking_answer}
    return VideoSFTTrainer(
        _network(run),
        run.arguments.training,
        run.rows,
        answer=answers[run.arguments.run.answer],
        **_shared_settings(run),
    )


def _network(run: TrainRun) -> Any:
    arguments = run.arguments
    set_seed(arguments.training.seed)
    network = load_network(
        run.base,
        dtype=arguments.model.dtype,
        attn_implementation=arguments.model.attn_implementation,
    )
    if arguments.run.freeze_vision:
        freeze_vision(network, trains_merger=arguments.run.train_merger)
    return network


def _shared_settings(run: TrainRun) -> dict[str, Any]:
    asked = run.arguments.run
    return {
        "processing_class": load_processor(run.base),
        "policy": run.policy,
        "peft_config": get_peft_config(run.arguments.model),
        "frames_cache": FramesCache(cache_directory() / "frames") if asked.frames_cache else None,
        "max_video_bytes": int(asked.video_memory_gb * _GB),
        "callbacks": [KeepRecipe(run.identity)],
    }


def _given_revision(named: str) -> str | None:
    """Return a revision that was asked for; TRL's own default stands for none."""
    return None if named == "main" else named


def resume_point(run: TrainRun) -> Path | None:
    """Return the checkpoint to go on from, or None to begin.

    Raises:
        UserError: there is no such checkpoint, it is not whole or of another recipe, or the
            directory holds a run that nobody asked to go on with.
    """
    asked = run.arguments.training.resume_from_checkpoint
    last = last_whole_checkpoint(run.output_dir)
    if asked is None or str(asked).lower() == "false":
        if last is not None:
            raise UserError(
                f"{run.output_dir}: got a directory with {last.name} of an earlier run, expected "
                "an empty one; give --resume_from_checkpoint true to go on, or another --output_dir"
            )
        return None
    if str(asked).lower() == "true":
        if last is None:
            return None
        check_identity(last, run.identity)
        return last
    named = Path(asked)
    if not (named / "trainer_state.json").is_file():
        raise UserError(
            f"got resume_from_checkpoint={named}, which is no whole checkpoint, expected true or "
            "a folder checkpoint-<step>; check the path"
        )
    check_identity(named, run.identity)
    return named


class KeepRecipe(TrainerCallback):
    """Writes into each checkpoint which recipe it is of."""

    def __init__(self, identity: Mapping[str, Any]) -> None:
        self._identity = identity

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write beside the checkpoint's own files."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if args.should_save and folder.is_dir():
            write_identity(folder, self._identity)


def describe_run(run: TrainRun) -> list[str]:
    """Return the lines that say what is about to be trained."""
    n_processes = run.n_processes
    lines = [
        f"{run.arguments.run.method}: {run.base.name} with the prompt of {run.card.name}, recipe "
        f"{fingerprint(run.identity)}, {n_processes} process{'es' if n_processes > 1 else ''}",
        *run.report.lines(),
    ]
    written_for = run.arguments.run.processes
    if n_processes != written_for:
        lines.append(
            f"the recipe is written for {written_for} process{'es' if written_for > 1 else ''}: "
            f"with {n_processes} a step has {n_processes / written_for:g} times as many rows"
        )
    return lines
