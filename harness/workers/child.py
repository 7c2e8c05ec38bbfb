"""One worker process of `data_parallel_size`: answers, and leaves judging to its parent.

It ends when its parent does: the pipe of its stdin is then closed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final, TextIO

from rarft.harness.errors import RarftError, UserError
from rarft.harness.stages.run_lock import DirectoryLocks
from rarft.harness.workers.events import (
    Assignment,
    Event,
    Kind,
    Watch,
    decode_assignment,
    encode_event,
)
from rarft.harness.workers.launcher import Launch

INTERRUPTED: Final = 130


def main() -> int:
    """Read the assignment, answer, and tell the parent what happens."""
    gc.set_threshold(200_000, 50, 50)
    events = _own_stdout()
    line = sys.stdin.readline()
    if not line:
        return 1
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(kind: Kind, n: int) -> None:
        _send(events, Event(kind=kind, n=n))

    try:
        _answer(decode_assignment(line), tell)
    except RarftError as error:
        is_user_error = isinstance(error, UserError)
        _send(events, Event(kind="failed", text=str(error), is_user_error=is_user_error))
        return 2 if is_user_error else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _answer(assignment: Assignment, tell: Watch) -> None:
    from rarft.harness.run import answered_here

    with (
        DirectoryLocks(assignment.directory, alone=False) as locks,
        answered_here(
            assignment.config,
            locks,
            launch=Launch(token=assignment.launch),
            fresh=assignment.fresh,
            watch=tell,
        ),
    ):
        pass


def _own_stdout() -> TextIO:
    """Keep stdout for events: what libraries print goes to stderr."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _send(events: TextIO, event: Event) -> None:
    # A parent that is gone ends this process by itself.
    with suppress(BrokenPipeError):
        events.write(encode_event(event))
        events.flush()


def _end_with_parent() -> None:
    while sys.stdin.read(1):
        pass
    os.killpg(os.getpgid(0), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
