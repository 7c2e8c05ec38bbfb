"""One step over several processes: each takes its part of the batch, gradients are averaged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

import torch
import torch.distributed as dist


def join_ranks() -> tuple[int, int]:
    """Return this process's rank and their number; `torchrun` says whether there are several."""
    n_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if n_ranks > 1 and not dist.is_initialized():
        dist.init_process_group("gloo", timeout=timedelta(hours=6))
    return int(os.environ.get("RANK", "0")), n_ranks


def wait_for_all() -> None:
    """Return when every rank has come here."""
    if dist.is_initialized():
        dist.barrier()


def average_gradients(parameters: Iterable[torch.nn.Parameter], n_ranks: int) -> None:
    """Give every rank the mean of all gradients, in one exchange."""
    if n_ranks == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= n_ranks
    first = 0
    for gradient in gradients:
        gradient.copy_(flat[first : first + gradient.numel()].view_as(gradient))
        first += gradient.numel()
