"""Does a runner keep the protocol of docs/bridge.md? A list of checks, each with what was seen.

A runner that passes is one the harness can rely on; what its model answers is not looked at.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rarft.harness.errors import UserError
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.bridge_messages import (
    Answer,
    Failure,
    Hello,
    Ready,
    WrongMessageError,
    encode_message,
    read_message,
    request_message,
)
from rarft.harness.models.bridge_process import Launch, RunnerLostError, RunnerProcess
from rarft.harness.types import Query

N_REQUESTS: Final = 100
UNUSUAL_QUERIES: Final = (
    "a café, “quoted” and 'quoted'",
    "猫が走る 🐈‍⬛ \u202eright to left\u202c",
    'line\u2028separator, tab\t, newline\n, back\\slash, "quotes", NUL \0',
    "{placeholders} %s %d {}",
    " ",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule of the protocol: whether a runner keeps it, and what was seen where it does not."""

    name: str
    passed: bool
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a runner is tried with: its command, a real video, a folder for logs, and patience."""

    arguments: tuple[str, ...]
    video: Path
    folder: Path
    cwd: Path | None = None
    timeout_s: float = 60.0
    n_requests: int = N_REQUESTS


def check_runner(trial: Trial) -> list[Check]:
    """Try a runner against every rule.

    A runner that does not even say hello is tried no further.
    """
    checks = []
    for name, rule in RULES.items():
        try:
            seen = rule(trial)
        except (UserError, RunnerLostError, _BrokenRuleError) as error:
            seen = str(error)
        checks.append(Check(name=name, passed=not seen, seen=seen))
        if seen and name == "says hello":
            break
    return checks


class _BrokenRuleError(Exception):
    """What a runner did against a rule."""


class _Talk:
    """One process of a runner, and what has been heard from it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        log = trial.folder / "conformance.stderr.log"
        launch = Launch(arguments=trial.arguments, log=log, cwd=trial.cwd)
        self.process = RunnerProcess(launch)
        self.n_noise = 0

    def hear(self) -> Hello | Ready | Answer | Failure:
        """Return the next message."""
        deadline_s = time.monotonic() + self.trial.timeout_s
        while True:
            try:
                line = self.process.receive(deadline_s=deadline_s)
                message = read_message(line)
            except WrongMessageError as error:
                raise _BrokenRuleError(f"wrote a wrong message: {error}") from error
            except RunnerLostError as error:
                words = self.process.last_words()
                raise _BrokenRuleError(f"{error}{f'; {words}' if words else ''}") from error
            if isinstance(message, (Hello, Ready, Answer, Failure)):
                return message
            self.n_noise += bool(line.strip())

    def open(self) -> Hello:
        """Hear the hello and have the weights loaded."""
        hello = self.hear()
        if not isinstance(hello, Hello):
            raise _BrokenRuleError(f"said {_kind(hello)} before hello")
        if hello.capabilities.prepare:
            prepare = {"type": "prepare", "seed": 0, "batch_size": 1, "generation": {}}
            self.process.send(encode_message({**prepare, "frames": None}))
            ready = self.hear()
            if isinstance(ready, Failure):
                raise _BrokenRuleError(f"gave up: {ready.line}")
            if not isinstance(ready, Ready):
                raise _BrokenRuleError(f"answered {_kind(ready)} to prepare, expected ready")
        return hello

    def ask(self, requests: Sequence[tuple[str, Request]], hello: Hello) -> dict[str, bool]:
        """Send requests in batches and return, by id, whether each was answered or refused."""
        answered: dict[str, bool] = {}
        size = hello.capabilities.batch
        for start in range(0, len(requests), size):
            batch = requests[start : start + size]
            for n_sent, (request_id, request) in enumerate(batch, start=1):
                message = request_message(
                    request,
                    request_id,
                    n_more=len(batch) - n_sent,
                    capabilities=hello.capabilities,
                )
                # A field of a later protocol, to be passed over.
                self.process.send(encode_message({**message, "not_yet_known": [1]}))
            for _ in batch:
                self._note(self.hear(), {request_id for request_id, _ in batch}, answered)
        return answered

    def _note(
        self, message: Hello | Ready | Answer | Failure, asked: set[str], answered: dict[str, bool]
    ) -> None:
        if not isinstance(message, (Answer, Failure)):
            raise _BrokenRuleError(f"said {_kind(message)} in place of an answer")
        if message.id is None:
            reason = message.line if isinstance(message, Failure) else ""
            raise _BrokenRuleError(f"gave up: {reason}")
        if message.id not in asked or message.id in answered:
            raise _BrokenRuleError(f"answered id {message.id}, which nobody waits for")
        answered[message.id] = isinstance(message, Answer)


@contextmanager
def _talk(trial: Trial) -> Iterator[_Talk]:
    talk = _Talk(trial)
    try:
        yield talk
    finally:
        talk.process.close()


def _kind(message: object) -> str:
    return type(message).__name__.lower()


def _request(trial: Trial, *, text: str = "a dog runs", video: Path | None = None) -> Request:
    path = video or trial.video
    query = Query(id="0", task="conformance", video=path.name, text=text, relevant=True, record="0")
    query = replace(query, duration_s=4.0)
    named = VideoFile(path=path, sha256="0" * 64)
    return Request(
        key="conformance", query=query, prompt=f"When does this happen: {text}", video=named
    )


def _says_hello(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.hear()
        if isinstance(hello, Failure):
            return f"gave up: {hello.line}"
        if not isinstance(hello, Hello):
            return f"said {_kind(hello)} before hello"
        return "" if hello.protocol == 1 else f"speaks protocol {hello.protocol}, expected 1"


def _answers_by_id(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        ids = ["1", "a-b_c", "zwölf", "3"]
        answered = talk.ask([(name, _request(trial)) for name in ids], hello)
        failed = [name for name in ids if not answered[name]]
        return f"did not answer id {failed[0]}" if failed else ""


def _refuses_a_missing_video(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        if not hello.capabilities.video:
            return ""
        absent = _request(trial, video=trial.folder / "absent.mp4")
        if talk.ask([("absent", absent)], hello)["absent"]:
            return "answered about a video that is not there"
        return "" if talk.ask([("after", _request(trial))], hello)["after"] else "failed after it"


def _reads_any_text(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        asked = [(str(n), _request(trial, text=text)) for n, text in enumerate(UNUSUAL_QUERIES)]
        # A query of blanks may be refused; it must not end the runner.
        answered = talk.ask(asked, hello)
        failed = [text for n, text in enumerate(UNUSUAL_QUERIES[:-1]) if not answered[str(n)]]
        return f"failed at the query {failed[0]!r}" if failed else ""


def _answers_many(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        asked = [(f"m{n}", _request(trial, text=f"query {n}")) for n in range(trial.n_requests)]
        n_answered = sum(talk.ask(asked, hello).values())
        return "" if n_answered == len(asked) else f"answered {n_answered} of {len(asked)}"


def _writes_nothing_else(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        talk.ask([("1", _request(trial))], hello)
        return f"wrote {talk.n_noise} lines that are no messages" if talk.n_noise else ""


def _passes_over_unknown_messages(trial: Trial) -> str:
    with _talk(trial) as talk:
        hello = talk.open()
        talk.process.send(encode_message({"type": "of_a_later_protocol"}))
        talk.process.send(b"not JSON\n")
        return "" if talk.ask([("1", _request(trial))], hello)["1"] else "failed after it"


def _starts_again_when_killed(trial: Trial) -> str:
    with _talk(trial) as talk:
        first = talk.open()
        os.kill(talk.process.pid, signal.SIGKILL)
    with _talk(trial) as talk:
        again = talk.open()
        if again != first:
            return "said another hello the second time"
        return "" if talk.ask([("1", _request(trial))], again)["1"] else "did not answer"


def _ends(trial: Trial, farewell: bytes) -> str:
    with _talk(trial) as talk:
        talk.open()
        started_s = time.monotonic()
        talk.process.close(farewell=farewell, patience_s=trial.timeout_s)
        code = talk.process.exit_code
        seconds = time.monotonic() - started_s
        return "" if code == 0 else f"ended with exit code {code} after {seconds:.0f} s"


def _ends_at_bye(trial: Trial) -> str:
    return _ends(trial, encode_message({"type": "bye"}))


def _ends_with_its_input(trial: Trial) -> str:
    return _ends(trial, b"\n")


RULES: Final[dict[str, Callable[[Trial], str]]] = {
    "says hello": _says_hello,
    "answers by id": _answers_by_id,
    "refuses a missing video and goes on": _refuses_a_missing_video,
    "reads any text": _reads_any_text,
    "answers many requests": _answers_many,
    "writes nothing but messages to stdout": _writes_nothing_else,
    "passes over messages it does not know": _passes_over_unknown_messages,
    "starts again after it was killed": _starts_again_when_killed,
    "ends at bye": _ends_at_bye,
    "ends when its input ends": _ends_with_its_input,
}
