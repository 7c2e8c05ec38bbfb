"""The steps of a batch, each written down so that it can be taken up again after a kill."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rarft.harness.atomic_file import write_atomic
from rarft.harness.llm.batch_lines import RequestLine, completion_of, usd_of
from rarft.harness.llm.batch_log import ENDED, LOST, BatchLog, SentBatch
from rarft.harness.llm.batch_server import BatchServer, NotMadeError
from rarft.harness.llm.batch_state import read_result_files
from rarft.harness.llm.prices import Prices
from rarft.harness.llm.settings import LLMSettings

if TYPE_CHECKING:
    from openai.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where steps are taken: the directory's log, the server, and the terms."""

    log: BatchLog
    server: BatchServer
    settings: LLMSettings
    prices: Prices


def settle(place: Place, *, settle_s: float) -> None:
    """Ask the server for batches that were begun and of which it is not known that they exist."""
    begun = [batch for batch in place.log.batches if not batch.batch_id and not batch.has_ended]
    if not begun:
        return
    since_s = min(batch.begun_s for batch in begun)
    found = place.server.find({batch.local_id for batch in begun}, since_s=since_s)
    for batch in begun:
        if batch.local_id in found:
            made = found[batch.local_id]
            place.log.update(batch, batch_id=made.id)
        elif time.time() - batch.begun_s > settle_s:
            place.log.update(batch, status=LOST, reason="never arrived", usd=0.0)


def affordable(lines: Iterator[RequestLine], place: Place) -> Iterator[RequestLine]:
    """Yield lines while their estimate fits what the budget leaves."""
    budget_usd = place.settings.budget_usd
    if budget_usd is None:
        yield from lines
        return
    planned_usd = sum(batch.usd or 0.0 for batch in place.log.batches)
    for line in lines:
        planned_usd += line.usd or 0.0
        if budget_usd == 0 or planned_usd > budget_usd:
            return
        yield line


def make(place: Place, group: Sequence[RequestLine]) -> None:
    """Make one batch; at every point the log tells what may exist on the server."""
    local_id = uuid.uuid4().hex
    costs = [line.usd for line in group]
    content = b"".join(line.content for line in group)
    file_id = place.server.upload(f"{local_id}.jsonl", content)
    batch = SentBatch(
        local_id=local_id,
        digests=tuple(line.digest for line in group),
        begun_s=time.time(),
        usd=None if None in costs else sum(usd for usd in costs if usd is not None),
    )
    place.log.begin(batch)
    try:
        made = place.server.make(file_id, local_id)
    except NotMadeError:
        place.log.update(batch, status=LOST, reason="refused", usd=0.0)
        raise
    place.log.update(batch, batch_id=made.id, status=made.status)


def poll(place: Place, batch: SentBatch) -> None:
    """Store what the server says of a batch; its result files before that it has ended."""
    found = place.server.poll(batch.batch_id)
    if found.status not in ENDED:
        place.log.update(batch, status=found.status)
        return
    reason: str = found.status if found.status != "completed" else ""
    if found.errors and found.errors.data:
        first = found.errors.data[0]
        reason = f"{found.status}: {first.code or first.message}"
    if not _store_results(place, batch, found):
        reason = "the server keeps the results no longer"
    place.log.update(batch, status=found.status, reason=reason, usd=_cost_usd(place, batch))


def _store_results(place: Place, batch: SentBatch, found: Batch) -> bool:
    """Keep both result files, where there are such; say whether the server still had them."""
    files = {"output": found.output_file_id, "errors": found.error_file_id}
    contents = {kind: place.server.download(file_id) for kind, file_id in files.items() if file_id}
    for kind, content in contents.items():
        if content is not None:
            write_atomic(batch.results_path(place.log.directory, kind), content)
    return None not in contents.values()


def _cost_usd(place: Place, batch: SentBatch) -> float | None:
    rows = read_result_files(batch, place.log.directory).values()
    costs = [usd_of(completion_of(row), place.settings, place.prices) for row in rows]
    known = [usd for usd in costs if usd is not None]
    return sum(known, 0.0) if len(known) == len(costs) else None
