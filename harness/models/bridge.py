"""Backend for a model that lives in its own environment: a runner process, JSON lines, no shell.

A card names the runner's script (`runner: runners/trace.py`). --model_args `python` is the program
of its environment, `pretrained` its checkpoint; what the harness does not know is an option of the
script, `project=/src/TRACE` becoming `--project /src/TRACE`. `command` replaces all of that.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from rarft.harness.errors import UserError
from rarft.harness.models.base import Request
from rarft.harness.models.bridge_command import BridgeSettings, bridge_settings, scripts_digest
from rarft.harness.models.bridge_messages import (
    PROTOCOL,
    Answer,
    Capabilities,
    Failure,
    Hello,
    Ready,
    WrongMessageError,
    encode_message,
    read_message,
    request_message,
)
from rarft.harness.models.bridge_process import Launch, RunnerLostError, RunnerProcess
from rarft.harness.models.card import Card
from rarft.harness.types import Query, Reply

CLOSE_PATIENCE_S: Final = 5.0
MAX_NOISE_BYTES: Final = 1024**2

_logger = logging.getLogger(__name__)
_Wanted = TypeVar("_Wanted", Hello, Ready)


def load(
    card: Card,
    *,
    model_args: Mapping[str, Any],
    generation: Mapping[str, Any],
    batch_size: int,
    seed: int,
    cache: Path,
) -> BridgeModel:
    """Check the command of a runner; it is started when its name and versions are first asked for.

    Raises:
        UserError: there is no command, or an argument is unknown, missing or wrong.
    """
    settings = bridge_settings(card, model_args)
    prepare = {
        "type": "prepare",
        "seed": seed,
        "batch_size": batch_size,
        "generation": dict(generation),
        "frames": card.frames.to_json() if card.frames else None,
    }
    stamp = f"{card.name}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}"
    return BridgeModel(settings, prepare, log=cache / "bridge" / f"{stamp}.stderr.log")


class BridgeModel:
    """One runner, restarted when it dies.

    `counts` holds what was passed over: lines that are no message (`noise`), answers to requests
    that nobody waits for (`unasked`), and deaths.
    """

    def __init__(self, settings: BridgeSettings, prepare: Mapping[str, Any], *, log: Path) -> None:
        self._settings = settings
        self._prepare_message = prepare
        self._log = log
        self._noise_log = log.with_name(log.name.replace(".stderr.", ".stdout."))
        self._n_noise_bytes = 0
        self._runner: RunnerProcess | None = None
        self._hello: Hello | None = None
        self._has_prepared = False
        self._n_deaths_in_a_row = 0
        self._last_loss = ""
        self._ids = itertools.count(1)
        self.counts: Counter[str] = Counter()

    @property
    def engine(self) -> Mapping[str, str]:
        """Return the runner's name and the versions it works with, starting it the first time.

        Raises:
            UserError: it cannot be started, says no hello in time, or says a wrong one.
        """
        digest = scripts_digest(self._settings.arguments, cwd=self._settings.cwd)
        script = {"runner_sha256": digest} if digest else {}
        hello = self._greeted
        return {**hello.engine, "bridge": str(PROTOCOL), "runner": hello.name, **script}

    @property
    def licence(self) -> str:
        """Return the licence that the runner states."""
        return self._greeted.licence

    @property
    def _greeted(self) -> Hello:
        if self._hello is None:
            try:
                self._start()
            except RunnerLostError as error:
                raise UserError(self._lost(error, "before it said hello")) from error
        assert self._hello is not None
        return self._hello

    def prepare(self, queries: Sequence[Query]) -> None:
        """Have the weights loaded, so that what is wrong with them shows before the first batch.

        Raises:
            UserError: the runner cannot load them.
        """
        hello = self._greeted
        if self._has_prepared or not hello.capabilities.prepare:
            return
        self._has_prepared = True
        try:
            if self._runner is None:
                self._start()
            else:
                self._load_weights(self._runner)
        except RunnerLostError as error:
            raise UserError(self._lost(error, "while it loaded its weights")) from error

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer one batch, in order; a request at which the runner dies twice becomes a failure.

        Raises:
            UserError: the runner can never answer, or died too often in a row.
        """
        capabilities = self._greeted.capabilities
        replies: dict[int, Reply] = {}
        able = []
        for position, request in enumerate(requests):
            failure = _unable(request, capabilities)
            if failure is None:
                able.append(position)
            else:
                replies[position] = Reply(failure=failure)
        for start in range(0, len(able), capabilities.batch):
            sent = {position: requests[position] for position in able[start:][: capabilities.batch]}
            replies |= self._ask(sent)
            # One by one: of a batch at which the runner died, one request alone is to blame.
            for position in [position for position in sent if position not in replies]:
                again = self._ask({position: sent[position]})
                replies |= again or {position: Reply(failure=self._last_loss)}
        return [replies[position] for position in range(len(requests))]

    def close(self) -> None:
        """Say bye, end the runner and all it started, and tell what was passed over."""
        if self._runner is not None:
            self._runner.close(
                farewell=encode_message({"type": "bye"}), patience_s=CLOSE_PATIENCE_S
            )
            self._runner = None
        if self.counts:
            told = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
            _logger.warning("runner %s: %s; see %s", self._settings.command, told, self._log)
            self.counts.clear()

    def _ask(self, requests: Mapping[int, Request]) -> dict[int, Reply]:
        """Send requests as one batch; return the replies, by position, that came before a death."""
        replies: dict[int, Reply] = {}
        if not requests:
            return replies
        try:
            runner = self._runner or self._start()
            waiting = self._send(runner, requests)
            while waiting:
                deadline_s = time.monotonic() + self._settings.timeout_s * len(waiting)
                position, reply = self._next_reply(runner, waiting, deadline_s)
                replies[position] = reply
                self._n_deaths_in_a_row = 0
        except RunnerLostError as error:
            self._bury(error)
        return replies

    def _send(self, runner: RunnerProcess, requests: Mapping[int, Request]) -> dict[str, int]:
        capabilities = self._greeted.capabilities
        waiting = {}
        for n_sent, (position, request) in enumerate(requests.items(), start=1):
            request_id = str(next(self._ids))
            message = request_message(
                request, request_id, n_more=len(requests) - n_sent, capabilities=capabilities
            )
            runner.send(encode_message(message))
            waiting[request_id] = position
        return waiting

    def _next_reply(
        self, runner: RunnerProcess, waiting: dict[str, int], deadline_s: float
    ) -> tuple[int, Reply]:
        """Return the next answer to a request that waits for one, and its position."""
        for message in self._messages(runner, deadline_s):
            if isinstance(message, WrongMessageError):
                request_id, reply = message.request_id, Reply(failure=f"wrong answer, {message}")
                if request_id is None and len(waiting) == 1:
                    # Waiting for another answer would end in a timeout that says less.
                    request_id = next(iter(waiting))
            elif isinstance(message, Answer):
                request_id, reply = message.id, message.to_reply()
            elif isinstance(message, Failure):
                request_id, reply = message.id, Reply(failure=message.line)
            else:
                continue
            if request_id in waiting:
                return waiting.pop(request_id), reply
            self.counts["unasked"] += 1
        raise AssertionError("messages end with an exception only")

    def _messages(
        self, runner: RunnerProcess, deadline_s: float
    ) -> Iterator[Hello | Ready | Answer | Failure | WrongMessageError]:
        """Yield what a runner says until it is lost; what is no message goes to a log.

        Raises:
            RunnerLostError: the runner ended, or the deadline passed.
            UserError: the runner says that it cannot go on.
        """
        while True:
            line = runner.receive(deadline_s=deadline_s)
            try:
                message = read_message(line)
            except WrongMessageError as wrong:
                self._keep_noise(line)
                yield wrong
                continue
            if isinstance(message, Failure) and message.id is None:
                self._discard()
                raise UserError(
                    f"runner {self._settings.command}: {message.line} (its log is {self._log})"
                )
            if isinstance(message, (Hello, Ready, Answer, Failure)):
                yield message
            elif line.strip():
                self.counts["noise"] += 1
                self._keep_noise(line)

    def _start(self) -> RunnerProcess:
        """Start the runner and wait for its hello, and for its weights where they were asked for.

        Raises:
            RunnerLostError: it ended, or was too slow.
            UserError: it cannot be started, or is another than before.
        """
        settings = self._settings
        self._runner = runner = RunnerProcess(
            Launch(
                arguments=settings.arguments,
                log=self._log,
                cwd=settings.cwd,
                environment=settings.environment,
            )
        )
        hello = self._wait_for(runner, Hello)
        if hello.protocol != PROTOCOL:
            raise self._refused(f"a hello of protocol {hello.protocol}, expected {PROTOCOL}")
        if self._hello is not None and hello != self._hello:
            raise self._refused("another hello after a restart, expected the same versions")
        self._hello = hello
        if self._has_prepared:
            self._load_weights(runner)
        return runner

    def _load_weights(self, runner: RunnerProcess) -> None:
        runner.send(encode_message(self._prepare_message))
        self._wait_for(runner, Ready)

    def _wait_for(self, runner: RunnerProcess, kind: type[_Wanted]) -> _Wanted:
        deadline_s = time.monotonic() + self._settings.hello_timeout_s
        for message in self._messages(runner, deadline_s):
            if isinstance(message, kind):
                return message
            if isinstance(message, WrongMessageError):
                raise self._refused(f"a wrong message, {message}")
            self.counts["unasked"] += 1
        raise AssertionError("messages end with an exception only")

    def _refused(self, what: str) -> UserError:
        self._discard()
        return UserError(
            f"got {what}, from the runner {self._settings.command}; mend it (see docs/bridge.md)"
        )

    def _lost(self, error: RunnerLostError, when: str) -> str:
        """Put a loss into one line, with the runner's last words, and end what is left of it."""
        words = self._runner.last_words() if self._runner else ""
        self._discard()
        last = f"; its last lines: {words}" if words else ""
        return f"runner {self._settings.command} {error} {when}{last} (its log is {self._log})"

    def _bury(self, error: RunnerLostError) -> None:
        """Note one death, or stop the run where there were too many in a row."""
        self.counts["deaths"] += 1
        self._n_deaths_in_a_row += 1
        self._last_loss = self._lost(error, "at this request")
        if self._n_deaths_in_a_row >= self._settings.max_deaths:
            raise UserError(
                f"got {self._n_deaths_in_a_row} deaths in a row without an answer, expected fewer "
                f"than max_deaths={self._settings.max_deaths}; the last: {self._last_loss}"
            )

    def _discard(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _keep_noise(self, line: bytes) -> None:
        if self._n_noise_bytes > MAX_NOISE_BYTES:
            return
        kept = line[:2000] + b"\n"
        self._n_noise_bytes += len(kept)
        with self._noise_log.open("ab") as log:
            log.write(kept)


def _unable(request: Request, capabilities: Capabilities) -> str | None:
    """Return why a runner must not be asked a request, None where it may."""
    if request.video_input == "black" and not capabilities.black:
        raise UserError(
            "got --video_input black for a runner that cannot show black frames; leave it out"
        )
    if request.clip is not None and not capabilities.clip and capabilities.video:
        return "got a part of a video, expected a whole one: this runner reads no parts"
    return None
