"""The values of a run as typed configurations: our own, TRL's or transformers', and the model's."""

from __future__ import annotations

import dataclasses
import os
import socket
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from transformers import TrainingArguments
from trl import GRPOConfig, ModelConfig, TrlParser

from rarft.harness.errors import UserError
from rarft.trainer.config import METHODS, DataArguments, Method, RunArguments
from rarft.trainer.given_values import Values, as_tokens, is_true
from rarft.trainer.recipe_files import deepspeed_file

_CONFIGS: dict[Method, Any] = {"grpo": GRPOConfig, "sft": TrainingArguments}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """All a run was asked for; `training` is a `GRPOConfig`, or transformers' own for sft."""

    run: RunArguments
    data: DataArguments
    training: Any
    model: ModelConfig


class _Parser(TrlParser):
    """TRL's parser, which says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with its usage.

        Raises:
            UserError: always.
        """
        raise UserError(f"{' '.join(message.split())}; see docs/training.md")


def known_keys(*methods: Method) -> list[str]:
    """Return every key of recipes of some methods, by default of all."""
    configs = [_CONFIGS[method] for method in methods or METHODS]
    types = (RunArguments, DataArguments, *configs, ModelConfig)
    return [field.name for one in types for field in dataclasses.fields(one) if field.init]


def check_method(values: Values) -> None:
    """Make sure that no key is of another method.

    Raises:
        UserError: one is, or there is no such method.
    """
    method = method_of(values)
    known = set(known_keys(method))
    for key in values:
        if key not in known:
            raise UserError(
                f"got the key {key}, which method={method} does not have; leave it out, or give "
                f"--{key} null where the recipe has it"
            )


def method_of(values: Values) -> Method:
    """Return the method that a run is asked to use.

    Raises:
        UserError: there is no such method.
    """
    named = values.get("method", ("grpo",))[0]
    for method in METHODS:
        if named == method:
            return method
    raise UserError(f"got method={named}, expected one of {', '.join(METHODS)}")


def parse_arguments(values: Values) -> Arguments:
    """Turn the values of a run into configurations.

    TRL's and transformers' configurations start torch.distributed where a launcher asks for it, so
    this is done once. For a dry run nothing is started, and no GPU has to be there.

    Raises:
        UserError: a value has the wrong type, or values exclude each other.
    """
    values = {**_defaults(values), **values}
    if "deepspeed" in values and not values["deepspeed"][0].startswith("{"):
        values["deepspeed"] = (deepspeed_file(values["deepspeed"][0]),)
    if is_true(values, "dry_run"):
        return _parsed_for_dry_run(values)
    start_processes(values)
    return _parsed(values)


def _parsed(values: Values) -> Arguments:
    parser = _Parser((RunArguments, DataArguments, _CONFIGS[method_of(values)], ModelConfig))
    try:
        run, data, training, model = parser.parse_args_and_config(as_tokens(values))
    except (ValueError, TypeError, ImportError) as error:
        raise UserError(f"got values that do not fit: {' '.join(str(error).split())}") from error
    return Arguments(run=run, data=data, training=training, model=model)


def _parsed_for_dry_run(values: Values) -> Arguments:
    """Parse as if all processes were this one, and put back what is of each of them."""
    here = {"use_cpu": ("true",), "bf16": ("false",), "fp16": ("false",)}
    accumulation = _whole(values, "gradient_accumulation_steps")
    n_processes = _whole(values, "processes")
    kept = {key: value for key, value in values.items() if key not in ("deepspeed", "tf32")}
    alone = {**kept, **here, "gradient_accumulation_steps": (str(accumulation * n_processes),)}
    if "steps_per_generation" in values:
        steps = _whole(values, "steps_per_generation")
        alone["steps_per_generation"] = (str(steps * n_processes),)
    arguments = _parsed(alone)
    training = arguments.training
    training.gradient_accumulation_steps = accumulation
    if method_of(values) == "grpo":
        training.steps_per_generation //= n_processes
    training.bf16, training.fp16 = is_true(values, "bf16"), is_true(values, "fp16")
    training.use_cpu = is_true(values, "use_cpu")
    training.deepspeed = values.get("deepspeed", (None,))[0]
    return arguments


def _whole(values: Values, key: str) -> int:
    given = values.get(key, ("1",))[0]
    if not given.isdecimal() or int(given) < 1:
        raise UserError(f"got {key}={given}, expected a whole number from 1")
    return int(given)


def _defaults(values: Values) -> dict[str, tuple[str, ...]]:
    """Return what differs from TRL's and transformers' own defaults."""
    return {
        "report_to": ("none",),
        "bf16": (str(not is_true(values, "use_cpu")).lower(),),
        "remove_unused_columns": ("false",),
    }


def start_processes(values: Values) -> None:
    """Start torch.distributed where transformers would not do it as needed.

    DeepSpeed asks MPI when no launcher named the process, and on a CPU looks for oneCCL.
    """
    is_launched = os.environ.get("ACCELERATE_USE_DEEPSPEED", "").lower() == "true"
    if not ("deepspeed" in values or is_launched) or torch.distributed.is_initialized():
        return
    if "RANK" not in os.environ:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        alone = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 1, "MASTER_PORT": port}
        os.environ |= {name: str(value) for name, value in alone.items()}
        os.environ["MASTER_ADDR"] = "127.0.0.1"
    if is_true(values, "use_cpu"):
        from rarft.trainer.cpu_processes import join_processes

        join_processes()
