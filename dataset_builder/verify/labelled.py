"""How well the checks do on candidates whose faults are known."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rarft.dataset_builder.store import candidate_from_row
from rarft.dataset_builder.types import Candidate, Row, Verdict, row_from_json
from rarft.dataset_builder.verify.limits import Checks
from rarft.dataset_builder.verify.verify import verify
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.errors import NotFoundError, UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A candidate and its true queries; `fault` is a reason of findings, "" where it is sound.

    `half` names the part of the set: figures of a part that rules were tuned on say little.
    """

    candidate: Candidate
    rows: tuple[Row, ...]
    fault: str
    half: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigure:
    """How many items of a kind were rejected, and for how many the reason was the right one."""

    fault: str
    n_items: int
    n_rejected: int
    n_named: int

    @property
    def rejected(self) -> float:
        """Return the recall of a fault, or of sound items the rate of false rejects."""
        return self.n_rejected / self.n_items if self.n_items else 0.0


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Yield the items of a labelled set.

    Each line is an object with `candidate`, `rows` (the original among them), `fault` and `half`.

    Raises:
        NotFoundError: there is no such file.
        UserError: a line is no item.
    """
    if not path.is_file():
        raise NotFoundError(f"got {path}, expected a file of labelled candidates; check the path")
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            value = json.loads(line)
            yield Labelled(
                candidate=candidate_from_row(value["candidate"]),
                rows=tuple(row_from_json(row) for row in value["rows"]),
                fault=value["fault"],
                half=value.get("half", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"got {path}:{number} that is no labelled candidate ({error!r}), expected an "
                "object with candidate, rows, fault and half"
            ) from error


def verdicts_on(items: Sequence[Labelled], checks: Checks) -> list[Verdict]:
    """Return the verdict on each item, in order.

    Raises:
        UserError: the budget ended before the language model had read every item.
    """
    rows = VideoQueries(row for item in items for row in item.rows)
    verdicts = list(verify((item.candidate for item in items), rows=rows, checks=checks))
    if len(verdicts) < len(items):
        raise UserError(
            f"got {len(verdicts)} of {len(items)} verdicts for the budget, expected all of them; "
            "give a larger one, what was answered is cached"
        )
    return verdicts


def figures(items: Sequence[Labelled], verdicts: Sequence[Verdict]) -> list[KindFigure]:
    """Count by fault what was rejected; sound items come first."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for item, verdict in zip(items, verdicts, strict=True):
        groups[item.fault].append(verdict)
    return [
        KindFigure(
            fault=fault,
            n_items=len(group),
            n_rejected=sum(not verdict.accepted for verdict in group),
            n_named=sum(any(f.reason == fault for f in verdict.findings) for verdict in group),
        )
        for fault, group in sorted(groups.items())
    ]
