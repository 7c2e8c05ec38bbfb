"""What the replies of the tiny proof think of a query, and what they answer then.

A thought compares the query with every event of the video, and says `yes` of one that shows all of
it. An answer that grounds a query without a `yes` overlooks what the thought has found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarft.harness.errors import NotFoundError
from rarft.trainer.tiny.thoughts import SHOWS_ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Thoughts:
    """Shares of the replies about relevant or about irrelevant queries.

    `with_yes` of them find an event that shows all of the query, `grounded_without` ground it
    although they do not. `iou_without` is the mean tIoU of those spans, None without any.
    """

    n_replies: int
    with_yes: float
    grounded_without: float
    iou_without: float | None


def thoughts_of(samples: Sequence[Mapping[str, Any]]) -> Thoughts | None:
    r"""Return the shares of scored samples, None of none.

    Example:
        >>> sample = {"reply": "<think>up one\n0.0 to 2.0 up two: no count</think>...",
        ...     "prediction": {"kind": "grounded"}, "iou": 0.5}
        >>> thoughts_of([sample])
        Thoughts(n_replies=1, with_yes=0.0, grounded_without=1.0, iou_without=0.5)
    """
    if not samples:
        return None
    without = [one for one in samples if not has_yes(one["reply"])]
    grounded = [one for one in without if one["prediction"]["kind"] == "grounded"]
    n_replies = len(samples)
    return Thoughts(
        n_replies=n_replies,
        with_yes=1 - len(without) / n_replies,
        grounded_without=len(grounded) / n_replies,
        iou_without=sum(one["iou"] or 0.0 for one in grounded) / len(grounded)
        if grounded
        else None,
    )


def has_yes(reply: str) -> bool:
    r"""Whether the thought of a reply finds an event that shows all of the query.

    Example:
        >>> has_yes("<think>up one\n0.0 to 2.0 up one: yes</think><answer>0.0 to 2.0</answer>")
        True
    """
    thought, _, _ = reply.partition("</think>")
    return any(line.endswith(SHOWS_ALL) for line in thought.splitlines())


def read_thoughts(
    folders: Mapping[str, Iterable[Path]], task: str
) -> dict[str, dict[str, Thoughts]]:
    """Read the samples of each arm's evaluations; return `relevant` and `irrelevant` by arm.

    Raises:
        NotFoundError: an evaluation has no samples.
    """
    found: dict[str, dict[str, Thoughts]] = {}
    for arm, evaluations in folders.items():
        samples = [one for folder in evaluations for one in _samples(folder, task)]
        kinds = {"relevant": True, "irrelevant": False}
        shares = {
            name: thoughts_of([one for one in samples if one["relevant"] is value])
            for name, value in kinds.items()
        }
        found[arm] = {name: one for name, one in shares.items() if one is not None}
    return found


def _samples(folder: Path, task: str) -> list[dict[str, Any]]:
    path = folder / f"samples_{task}.jsonl"
    if not path.is_file():
        raise NotFoundError(f"got {folder} without {path.name}; evaluate it again")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [one for one in rows if one["status"] == "scored" and one.get("reply")]
