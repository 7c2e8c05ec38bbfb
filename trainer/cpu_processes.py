"""DeepSpeed's processes on a CPU."""

from __future__ import annotations

import deepspeed
from deepspeed.ops.op_builder.cpu.comm import ShareMemCommBuilder


def join_processes() -> None:
    """Join the processes of a launcher over gloo; its variables say which one this is.

    DeepSpeed would first compile shared memory between them, under a lock in the user's cache. A
    process killed meanwhile leaves the lock, and every later run waits for it and says nothing.
    Gloo does without.
    """
    deepspeed.ops.__compatible_ops__[ShareMemCommBuilder.NAME] = False
    deepspeed.init_distributed("gloo")
