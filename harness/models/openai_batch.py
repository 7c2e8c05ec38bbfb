"""The requests of one batch, asked at once: each becomes a reply, or the reason why there is none.

Retries, pauses, and what a fault means are those of `rarft.harness.llm`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rarft.harness.errors import UserError, VideoError
from rarft.harness.llm.answer_schema import FormatMemory
from rarft.harness.llm.budget import Ledger
from rarft.harness.llm.call import Completion
from rarft.harness.llm.conversation import send_until_answered
from rarft.harness.llm.endpoint import Endpoint, open_client
from rarft.harness.llm.faults import Fault
from rarft.harness.llm.line import Gate, Line, Reach
from rarft.harness.llm.prices import read_prices
from rarft.harness.llm.settings import LLMSettings
from rarft.harness.models.base import Request
from rarft.harness.models.byte_room import ByteRoom
from rarft.harness.models.card import Card
from rarft.harness.models.openai_body import Json, chat_body, chat_messages_with_parts
from rarft.harness.models.openai_faults import remedy
from rarft.harness.models.openai_settings import ServerKind, ServerSettings
from rarft.harness.models.openai_video import ShownVideo, VideoParts
from rarft.harness.types import Reply

MOST_BYTES: Final = 2**30

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What all batches of a run share; `served` collects the names that answers bear."""

    card: Card
    settings: ServerSettings
    endpoint: Endpoint
    kind: ServerKind
    videos: VideoParts
    seed: int
    rng: random.Random = field(default_factory=random.Random)
    served: list[str] = field(default_factory=list)

    @property
    def limits(self) -> LLMSettings:
        """Return the limits by the names of `rarft.harness.llm`."""
        settings = self.settings
        return LLMSettings(
            model=settings.model,
            base_url=settings.base_url,
            n_concurrent=settings.n_concurrent,
            timeout_s=settings.timeout_s,
            n_attempts=settings.n_attempts,
            response_format="text",
        )


async def answer_batch(
    conversation: Conversation, requests: Sequence[Request], gate: Gate
) -> list[Reply]:
    """Answer requests in order, at most `n_concurrent` at once and within 1 GiB of videos.

    Raises:
        UserError: no request can be answered, for example because the key is wrong.
    """
    limits, endpoint = conversation.limits, conversation.endpoint
    n_workers = min(limits.n_concurrent, len(requests))
    replies: dict[int, Reply] = {}
    waiting = iter(list(enumerate(requests)))
    async with open_client(endpoint, timeout_s=limits.timeout_s) as client:
        line = Line(
            client=client,
            endpoint=endpoint,
            settings=limits,
            gate=gate,
            ledger=Ledger(limits, read_prices(None)),
            formats=FormatMemory("text"),
            reach=Reach(endpoint.base_url, n_workers=n_workers),
            rng=conversation.rng,
        )
        room = ByteRoom(MOST_BYTES)
        workers = [
            asyncio.create_task(_work(waiting, replies, conversation, line, room))
            for _ in range(n_workers)
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    return [replies[position] for position in range(len(requests))]


async def _work(
    waiting: Iterator[tuple[int, Request]],
    replies: dict[int, Reply],
    conversation: Conversation,
    line: Line,
    room: ByteRoom,
) -> None:
    for position, request in waiting:
        async with room.taken(conversation.videos.most_bytes(request)):
            try:
                shown = await asyncio.wrap_future(conversation.videos.start(request))
            except VideoError as error:
                replies[position] = Reply(failure=str(error))
            else:
                replies[position] = await _ask(conversation, request, shown, line)


async def _ask(
    conversation: Conversation, request: Request, shown: ShownVideo, line: Line
) -> Reply:
    body = request_body(conversation, request, shown)
    started_s = time.perf_counter()
    _, sent = await send_until_answered(
        line,
        lambda _: body,
        on_sent=lambda sent: _check_form_taken(conversation, sent.outcome),
    )
    seconds = time.perf_counter() - started_s
    if not isinstance(sent.outcome, Completion):
        return Reply(failure=sent.outcome.reason)
    completion = sent.outcome
    _check_served(conversation, completion.served_model)
    if completion.refusal:
        return Reply(failure=f"the server refused the content ({completion.refusal[:200]})")
    return Reply(
        text=completion.text,
        n_prompt_tokens=sent.n_prompt_tokens or None,
        n_new_tokens=sent.n_new_tokens or None,
        n_frames=shown.n_frames,
        effective_fps=shown.effective_fps,
        seconds=seconds,
    )


def request_body(conversation: Conversation, request: Request, shown: ShownVideo) -> Json:
    """Return what is sent for one request."""
    messages = chat_messages_with_parts(
        request.prompt, shown.parts, system=request.system, order=conversation.card.order
    )
    digest = hashlib.sha256(f"{conversation.seed} {request.key}".encode()).digest()
    return chat_body(
        messages,
        shown.video_settings,
        conversation.settings,
        generation=request.generation,
        kind=conversation.kind,
        seed=int.from_bytes(digest[:4]) // 2,
    )


def _check_form_taken(conversation: Conversation, outcome: Completion | Fault) -> None:
    """Stop where a server that has answered nothing yet says that it takes no such request."""
    if conversation.served or isinstance(outcome, Completion):
        return
    expected = remedy(outcome.reason, conversation.settings)
    if expected:
        raise UserError(f"{conversation.endpoint.base_url}: got {outcome.reason}, {expected}")


def _check_served(conversation: Conversation, name: str) -> None:
    """Stop where another model answers than the one pinned; warn where the name changes."""
    pinned = conversation.settings.served_model
    if pinned and name != pinned:
        raise UserError(
            f"got an answer of the model '{name or '(no name)'}', expected "
            f"served_model={pinned}; mend the name or ask the model behind it"
        )
    if name not in conversation.served:
        conversation.served.append(name)
        if len(conversation.served) > 1:
            _logger.warning(
                "%s: got answers of the models %s to one name, so the replies of this run are "
                "not of one model; pin one by served_model",
                conversation.settings.model,
                ", ".join(conversation.served),
            )
