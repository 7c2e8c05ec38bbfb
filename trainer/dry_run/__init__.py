"""What a run will do and need, said before anything is loaded."""

from rarft.trainer.dry_run.estimate import dry_run, found_gpu_bytes, plan_of
from rarft.trainer.dry_run.lines import DryRun
from rarft.trainer.dry_run.memory import Batch, Memory, Plan, estimate_memory

__all__ = [
    "Batch",
    "DryRun",
    "Memory",
    "Plan",
    "dry_run",
    "estimate_memory",
    "found_gpu_bytes",
    "plan_of",
]
