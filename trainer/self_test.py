"""What must hold before the first step: the video reaches every pass, and positions agree.

TRL 1.16 trains a video model without its videos and says nothing. Each check costs one or two
passes over one row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch

from rarft.harness.errors import RarftError, UserError
from rarft.harness.models.hf_inputs import video_inputs
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import Message
from rarft.trainer.redraw import GatherObjects, Rows
from rarft.trainer.video_rows import VideoRow

PROBE: Final = "<think>The video shows</think><answer>1.00 to 2.00</answer>"
LogProbs = Callable[[torch.Tensor, Sequence[VideoRow | None], int], torch.Tensor]


def check_prompt_ids(
    processor: Any, messages: Sequence[Message], row: VideoRow, engine_ids: Sequence[int]
) -> None:
    """Make sure that what the rollout engine reads is what the processor writes.

    Raises:
        RarftError: it is not.
    """
    text = PromptEncoder(processor).text(messages)
    expected = video_inputs(processor, [text], [row.frames])["input_ids"][0].tolist()
    if list(engine_ids) != expected:
        raise RarftError(
            f"got a rollout engine that reads {len(engine_ids)} prompt tokens where the processor "
            f"writes {len(expected)}, or others, expected the same; do not train with this engine"
        )


def check_sight(
    log_probs: LogProbs, ids: Sequence[int], row: VideoRow, probe: Sequence[int]
) -> None:
    """Make sure that the model answers otherwise where it sees the video.

    Args:
        log_probs: The trainer's own pass: ids, videos and the number of new tokens to the
            log-probabilities of these.
        ids: The prompt.
        row: Its video.
        probe: The tokens of any reply.

    Raises:
        RarftError: sighted and blind passes give the same log-probabilities.
    """
    tokens = torch.tensor([[*ids, *probe]])
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())), torch.no_grad():
        sighted = log_probs(tokens, [row], len(probe))
        blind = log_probs(tokens, [None], len(probe))
    if not torch.isfinite(sighted).all():
        raise RarftError(
            "got log-probabilities that are not finite before the first step, expected numbers; "
            "check the checkpoint and its dtype"
        )
    if torch.equal(sighted, blind):
        raise RarftError(
            "got the same log-probabilities with and without the video, expected others; the "
            "video does not reach the model: install the pinned trl and transformers"
        )


def check_rows(
    rows: Rows, columns: Sequence[str], gather: GatherObjects, *, seed: int | None
) -> None:
    """Make sure that every process reads the same usable rows in the same order.

    Goes before anything that processes do together, so that none is left waiting for another.

    Args:
        rows: The rows of the first epoch.
        columns: What prompts and rewards are made from.
        gather: Returns the objects of all processes, in order.
        seed: What the order of the rows is drawn from.

    Raises:
        UserError: two processes differ, there are no rows, or a column is missing.
    """
    check_ranks_agree(rows, gather, seed=seed)
    check_columns(rows, columns)


def check_ranks_agree(rows: Rows, gather: GatherObjects, *, seed: int | None) -> None:
    """Make sure that every process reads the same rows in the same order.

    Raises:
        UserError: two processes do not; every process raises.
    """
    digest = hashlib.sha256(f"{len(rows)} {seed}".encode())
    for position in range(len(rows)):
        digest.update(json.dumps(rows[position], sort_keys=True, default=str).encode())
    digests = gather([digest.hexdigest()])
    for rank, one in enumerate(digests):
        if one != digests[0]:
            raise UserError(
                f"got other training rows in process {rank} than in process 0, or another seed, "
                "expected the same; give every process the same files and seed"
            )


def check_columns(rows: Rows, columns: Sequence[str]) -> None:
    """Make sure that the rows hold what prompts and rewards are made from.

    Raises:
        UserError: there are no rows, or a column is missing.
    """
    if len(rows) == 0:
        raise UserError("got no training rows, expected at least one; check the filters")
    missing = [name for name in columns if name not in rows[0]]
    if missing:
        raise UserError(
            f"got training rows without the column {missing[0]}, expected {', '.join(columns)}; "
            "add the column"
        )
