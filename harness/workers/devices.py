"""Which GPUs each of several workers on one machine may see."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from rarft.harness.errors import UserError

VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
ON_DEVICES: Final = ("bridge", "hf", "vllm")
"""The backends whose models run on this machine."""


def device_slices(
    n_workers: int, *, backend: str, model_args: Mapping[str, Any], visible: Sequence[str]
) -> list[str | None]:
    """Return the value of CUDA_VISIBLE_DEVICES for each worker; None leaves it as it is.

    vLLM gets as many as one engine needs, any other backend an equal share.

    Raises:
        UserError: there are too few, or a worker's device is named.

    Example:
        >>> device_slices(2, backend="hf", model_args={}, visible=["0", "1", "2", "3"])
        ['0,1', '2,3']
        >>> device_slices(2, backend="vllm", model_args={"tensor_parallel_size": 1},
        ...               visible=["4", "5", "6"])
        ['4', '5']
        >>> device_slices(2, backend="hf", model_args={}, visible=[])
        [None, None]
    """
    device = str(model_args.get("device", "auto"))
    if ":" in device and n_workers > 1:
        raise UserError(
            f"got device={device} with {n_workers} workers, expected each to have its own; leave "
            "device out"
        )
    on_ray = "ray" in map(model_args.get, ("distributed_executor_backend", "data_parallel_backend"))
    if not visible or backend not in ON_DEVICES or device == "cpu" or on_ray:
        return [None] * n_workers
    n_each = max(len(visible) // n_workers, 1)
    if backend == "vllm":
        sizes = (model_args.get(f"{kind}_parallel_size", 1) for kind in ("tensor", "pipeline"))
        n_each = 1
        for size in sizes:
            n_each *= size if isinstance(size, int) else 1
    if n_each * n_workers > len(visible):
        raise UserError(
            f"got {n_workers} workers with {n_each} GPU each, but {len(visible)} can be seen here, "
            f"expected at least {n_each * n_workers}; start fewer, or free GPUs in {VISIBLE}"
        )
    return [
        ",".join(visible[start : start + n_each]) for start in range(0, n_each * n_workers, n_each)
    ]


def visible_devices(environ: Mapping[str, str], *, backend: str) -> list[str]:
    """Return the GPUs that this process may see; starts none of them."""
    if backend not in ON_DEVICES:
        return []
    if VISIBLE in environ:
        named = [name.strip() for name in environ[VISIBLE].split(",")]
        # As CUDA reads it: what follows a number that is no device counts for nothing.
        end = next((k for k, name in enumerate(named) if name in ("", "-1")), len(named))
        return named[:end]
    import torch

    return [str(index) for index in range(torch.cuda.device_count())]


def see_own_devices(
    place: int,
    n_workers: int,
    *,
    backend: str,
    model_args: Mapping[str, Any],
    environ: MutableMapping[str, str] | None = None,
) -> None:
    """Let this process, one of several on this machine, see its share of the GPUs alone.

    Raises:
        UserError: there are too few, or CUDA is in use already.
    """
    environ = os.environ if environ is None else environ
    visible = visible_devices(environ, backend=backend)
    slices = device_slices(n_workers, backend=backend, model_args=model_args, visible=visible)
    share = slices[place]
    if share is None:
        return
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        raise UserError(
            "got a process of several that has used CUDA before the run, expected it to choose its "
            f"GPU first; set {VISIBLE} when the process starts"
        )
    environ[VISIBLE] = share
