"""The command `rarft-train`: a recipe, any of its keys on the command line, and one run of it.

Nothing heavy is imported before the keys are read: `--help` and `--list` answer at once, and
DeepSpeed learns from the environment that there is no GPU.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rarft.harness.errors import RarftError, UserError
from rarft.trainer.config import DataArguments, RunArguments
from rarft.trainer.given_values import (
    check_keys,
    command_values,
    is_true,
    merged,
    recipe_values,
)
from rarft.trainer.recipe_files import Recipe, find_recipe, packaged_recipes, read_recipe

INTERRUPTED: Final = 130
_USAGE: Final = """\
usage: rarft-train --config RECIPE [--KEY VALUE ...]

Train a model to ground a query in a video or refuse it and say why.

RECIPE is a YAML file or the name of a packaged recipe. Any key of a recipe can be given on the
command line, where it counts more; `--KEY null` gives a key its default back. Several processes:
  torchrun --nproc_per_node 8 -m rarft.trainer.cli --config RECIPE
  accelerate launch --num_processes 8 -m rarft.trainer.cli --config RECIPE
  deepspeed --num_gpus 8 --module rarft.trainer.cli --config RECIPE

  --list                         the packaged recipes
  --dry_run                      steps, tokens and memory; nothing is loaded
  --resume_from_checkpoint true  go on from the last whole checkpoint of output_dir, or from a path
  --output_dir FOLDER            where checkpoints and records go [runs/train/RECIPE]

Every key of TRL's GRPOConfig and ModelConfig (of transformers' TrainingArguments for method sft)
is a key of a recipe, and these are ours:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; a user's mistake prints one line and returns 2."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if not tokens or tokens[0] in ("--help", "-h"):
        print(help_text(), end="")
        return 0
    if tokens == ["--list"]:
        for recipe in packaged_recipes():
            print(f"{recipe.name:<22} {recipe.purpose}")
        return 0
    try:
        return _run(tokens)
    except UserError as error:
        _complain(str(error))
        return 2
    except RarftError as error:
        _complain(f"stopped, {error}")
        return 1
    except KeyboardInterrupt:
        _complain(
            "interrupted; add --resume_from_checkpoint true to go on from the last checkpoint"
        )
        return INTERRUPTED


def help_text() -> str:
    """Return the usage, with every key that is ours."""
    lines = []
    for one in (RunArguments, DataArguments):
        for field in dataclasses.fields(one):
            default = field.default
            if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
                default = " ".join(field.default_factory())
            shown = "" if default is None else f" [{str(default).lower()}]"
            lines.append(f"  --{field.name:<28} {field.metadata['help']}{shown}")
    return _USAGE + "\n".join(lines) + "\n"


def _run(tokens: Sequence[str]) -> int:
    command = command_values(tokens)
    named = command.pop("config", None)
    recipe = read_recipe(find_recipe(named[0])) if named else Recipe(name="", purpose="", values={})
    written = dict(recipe.values)
    _set_environment(written.pop("env", None) or {})
    values = merged(recipe_values(written), command)
    if is_true(values, "use_cpu"):
        # Read by DeepSpeed when it is imported, which transformers does early.
        os.environ.setdefault("DS_ACCELERATOR", "cpu")

    from rarft.trainer.arguments import check_method, known_keys

    check_keys(written, known_keys(), source=named[0] if named else "")
    check_keys(command, known_keys(), source="the command line")
    check_method(values)
    values.setdefault("output_dir", (f"runs/train/{recipe.name or 'run'}",))

    from rarft.trainer.run import describe_run, estimate, prepare_run, train

    run = prepare_run(values)
    if run.arguments.run.dry_run:
        for line in (*describe_run(run), *estimate(run).lines()):
            print(line)
        return 0
    say = _say if run.is_main else _say_nothing
    for line in describe_run(run):
        say(line)
    train(run, say=say)
    if run.is_main:
        print(run.output_dir)
    _leave_processes()
    return 0


def _set_environment(named: Any) -> None:
    if not isinstance(named, Mapping):
        raise UserError(f"got env={named!r} in a recipe, expected names and values; mend it")
    for name, value in named.items():
        os.environ.setdefault(str(name), str(value))


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _say_nothing(line: str) -> None:
    """Leave it to the main process."""


def _complain(message: str) -> None:
    rank = os.environ.get("RANK", "0")
    where = "rarft-train" if rank == "0" else f"rarft-train, process {rank}"
    print(f"{where}: {message}", file=sys.stderr)


def _leave_processes() -> None:
    """Close torch.distributed where it was started, which it asks for before a process ends."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available():
        return
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
