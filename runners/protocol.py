"""The runner's side of the bridge: one JSON object a line, requests in, replies out.

Needs Python 3.7 and its standard library, and nothing of rarft: copy this file wherever a runner
lives. What the model's code prints goes to stderr, so that it cannot disturb the conversation.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
import traceback
from typing import Any, Callable, Dict, List

PROTOCOL = 1
MAX_REASON = 500
LOOK_FOR_HARNESS_S = 1.0

Message = Dict[str, Any]
Answer = Callable[[Message], Message]
AnswerBatch = Callable[[List[Message]], List[Message]]


class CannotAnswerError(Exception):
    """One request cannot be answered; its text is the reason, in one line."""


class CannotStartError(Exception):
    """The runner cannot work at all; its text is the reason, in one line."""


def video_path(request: Message) -> str:
    """Return the request's video file.

    Raises:
        CannotAnswerError: the request names none, or it is not there.
    """
    path = request.get("video")
    if not path:
        raise CannotAnswerError("got a request without a video, expected one")
    if not os.path.isfile(path):  # noqa: PTH113
        raise CannotAnswerError(f"got the video {path}, which is not there; check the path")
    return str(path)


def serve(
    answer: Answer | None,
    hello: Message | Callable[[], Message],
    *,
    load: Callable[[Message], None] | None = None,
    answer_batch: AnswerBatch | None = None,
) -> int:
    """Say hello and answer requests until the harness says bye or goes away.

    Args:
        answer: From a request to the fields of its reply: `text`, or `relevant` with `spans`.
        hello: The fields name, licence, capabilities and engine, or a function that returns them.
            It comes before the weights are loaded, so that a finished run costs no loading.
        load: Loads the weights; called once, with the harness's `prepare` message.
        answer_batch: In place of `answer`, for capability `batch` above 1: from requests to the
            fields of their replies, in order.

    Returns:
        An exit code: 0, or 1 where the runner could not start.
    """
    conversation = _Conversation(answer, load, answer_batch)
    try:
        said = dict(hello() if callable(hello) else hello)
    except Exception as error:
        return conversation.give_up(error)
    capabilities = dict(said.get("capabilities") or {})
    capabilities["prepare"] = load is not None
    said.update(type="hello", protocol=PROTOCOL, capabilities=capabilities)
    try:
        conversation.send(said)
        return conversation.run()
    except BrokenPipeError:
        return 1


class _Conversation:
    """The two pipes, taken away from everything else in this process."""

    def __init__(
        self,
        answer: Answer | None,
        load: Callable[[Message], None] | None,
        answer_batch: AnswerBatch | None,
    ) -> None:
        self._answer = answer
        self._load = load
        self._answer_batch = answer_batch
        self._requests = os.fdopen(os.dup(0), "rb")
        self._replies = os.fdopen(os.dup(1), "wb")
        # Numbers 0 and 1, and not only sys.stdout: libraries in C and child processes write too.
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.stdout.flush()
        os.dup2(2, 1)
        # A model at work does not read, and so would not see that the harness was killed.
        watched = (os.getppid(), self._requests.fileno())
        threading.Thread(target=_end_with_harness, args=watched, daemon=True).start()

    def send(self, message: Message) -> None:
        self._replies.write(json.dumps(message, allow_nan=False).encode("ascii") + b"\n")
        self._replies.flush()

    def give_up(self, error: BaseException) -> int:
        """Say that nothing can be answered."""
        self.send({"type": "error", "id": None, "reason": _reason(error)})
        return 1

    def run(self) -> int:
        waiting = []  # type: List[Message]
        is_loaded = self._load is None
        for line in self._requests:
            message = _message(line)
            kind = message.get("type")
            if kind == "bye":
                self.send({"type": "bye"})
                return 0
            if kind in ("prepare", "request") and not is_loaded and self._load is not None:
                try:
                    self._load(message if kind == "prepare" else {})
                except Exception as error:
                    return self.give_up(error)
                is_loaded = True
            if kind == "prepare":
                self.send({"type": "ready"})
            if kind == "request":
                waiting.append(message)
                # A batch is answered as a whole, so that its make-up is the harness's choice.
                if self._answer_batch is None or not message.get("n_more"):
                    self._answer_all(waiting)
                    waiting = []
        return 0

    def _answer_all(self, requests: list[Message]) -> None:
        if self._answer_batch is None:
            for request in requests:
                self._reply(request, self._one)
            return
        try:
            replies = self._answer_batch(requests)
            for request, fields in zip(requests, replies):
                self._reply(request, lambda _, fields=fields: fields)
        except Exception as error:
            for request in requests:
                self.send({"type": "error", "id": request.get("id"), "reason": _reason(error)})

    def _one(self, request: Message) -> Message:
        if self._answer is None:
            raise CannotAnswerError("this runner has no function that answers")
        return self._answer(request)

    def _reply(self, request: Message, answer: Answer) -> None:
        try:
            fields = answer(request)
            kind = "error" if "reason" in fields else "reply"
            self.send(dict(fields, type=kind, id=request.get("id")))
        except BrokenPipeError:
            raise
        except Exception as error:
            self.send({"type": "error", "id": request.get("id"), "reason": _reason(error)})


def _end_with_harness(parent: int, descriptor: int) -> None:
    """End this process once the harness is gone: its end of the pipe closed, another parent here.

    Either alone is none: a file as input ends too, and a launcher may leave its child behind.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLHUP)
    while os.getppid() == parent or not poll.poll(0):
        time.sleep(LOOK_FOR_HARNESS_S)
    os._exit(1)


def _message(line: bytes) -> Message:
    """Read one line; what is no message is passed over, as a later protocol may say more."""
    try:
        message = json.loads(line.decode("utf-8"))
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _reason(error: BaseException) -> str:
    """Return one line; what is not expected is named with its kind, and traced on stderr."""
    text = " ".join(str(error).split())
    if not isinstance(error, (CannotAnswerError, CannotStartError)):
        traceback.print_exception(type(error), error, error.__traceback__)
        text = f"{type(error).__name__}: {text}"
    return text[:MAX_REASON]
