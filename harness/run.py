"""The four stages in order: plan, infer, judge, score; each resumes where it stopped.

Any number of processes may run the same in one directory: they share the requests, and one of them
judges and scores.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from rarft.harness.errors import UserError, WorkerError
from rarft.harness.judges.judge_config import JudgeEffort
from rarft.harness.prepared_run import Prepared, prepare, running_backend, take_n_workers
from rarft.harness.progress import track
from rarft.harness.rescore import Say, judge_run, score_run
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.append_log import AppendLog
from rarft.harness.stages.infer import infer, shared_rows
from rarft.harness.stages.judge import JUDGEMENTS
from rarft.harness.stages.loaded_task import LoadedTask
from rarft.harness.stages.response_store import JOURNAL, RESPONSES, read_responses
from rarft.harness.stages.run_lock import DirectoryLocks
from rarft.harness.stages.run_record import (
    REQUESTS,
    RUN,
    RunRecord,
    make_record,
    record_content,
    write_record,
)
from rarft.harness.stages.score import RESULTS
from rarft.harness.stages.session import SESSION, Session, wait_for_finish
from rarft.harness.workers.devices import see_own_devices
from rarft.harness.workers.events import Watch
from rarft.harness.workers.launcher import Launch, launched

OWN_FILES = (
    *(RESPONSES, JOURNAL, JUDGEMENTS, REQUESTS, RUN, RESULTS, SESSION),
    *("batches.jsonl", "report.html"),
)


def run(
    config: RunConfig,
    directory: Path,
    *,
    fresh: bool = False,
    show_progress: bool = False,
    effort: JudgeEffort | None = None,
    say: Say = lambda line: None,
    launch: Launch | None = None,
) -> dict[str, Any] | None:
    """Run all stages in an output directory, together with whoever runs the same there.

    `effort` limits the judges that ask an LLM, `say` receives a line about what they cost. `launch`
    says who started this process, and is read from the environment where it is None.

    Returns:
        The results, or None where another worker judges and scores.

    Raises:
        UserError: the input is wrong, the disk is full, or a run of other settings is there.
    """
    n_workers, config = take_n_workers(config)
    launch = launch or launched(os.environ)
    _check_launch(launch, n_workers, fresh=fresh)
    with DirectoryLocks(directory, alone=False) as locks:
        answering: AbstractContextManager[tuple[Session, tuple[LoadedTask, ...] | None]]
        if n_workers > 1:
            from rarft.harness.workers.parallel import answered_in_parallel

            answering = answered_in_parallel(
                config, locks, n_workers, fresh=fresh, show_progress=show_progress, say=say
            )
        else:
            answering = answered_here(
                config, locks, launch=launch, fresh=fresh, show_progress=show_progress
            )
        with answering as (session, tasks):
            is_finisher, name = session.finishes()
            if not is_finisher:
                say(f"every request is answered; {name} judges and scores {directory}")
                return None
            judged = judge_run(
                directory,
                tasks,
                effort=effort or JudgeEffort(),
                show_progress=show_progress,
                say=say,
            )
            results = score_run(judged)
            session.finish()
            return results


def run_to_results(config: RunConfig, directory: Path, **options: Any) -> dict[str, Any]:
    """Run as `run` does, and wait for the results where another worker scores.

    Raises:
        UserError: as `run` does.
    """
    while (results := run(config, directory, **options)) is None:
        if wait_for_finish(directory):
            return dict(json.loads((directory / RESULTS).read_text(encoding="utf-8")))
    return results


def _check_launch(launch: Launch, n_workers: int, *, fresh: bool) -> None:
    if launch.is_ranked and n_workers > 1:
        raise UserError(
            f"got data_parallel_size={n_workers} in one of {launch.n_ranks} processes of a "
            "launcher, expected one of both; leave it out, or start the command by itself"
        )
    if fresh and launch.n_local_ranks < launch.n_ranks:
        raise UserError(
            "got --fresh on several machines, which cannot agree on who forgets, expected "
            "--resume; remove the directory first"
        )


@contextmanager
def answered_here(
    config: RunConfig,
    locks: DirectoryLocks,
    *,
    launch: Launch,
    fresh: bool,
    show_progress: bool = False,
    watch: Watch = lambda event, n: None,
) -> Iterator[tuple[Session, tuple[LoadedTask, ...] | None]]:
    """Answer what is left as one worker; yields when every request is done, by whomever.

    Raises:
        UserError: the input is wrong, or a run of other settings is in the directory.
    """
    directory = locks.directory
    # Before minutes of planning; what the flags do not say is compared afterwards.
    flags = {"config": config.to_json()}
    Session(locks, settings=flags, launch=launch.token, fresh=fresh).check()
    if launch.is_ranked:
        see_own_devices(
            launch.local_rank,
            launch.n_local_ranks,
            backend=running_backend(config),
            model_args=config.model_args,
        )
    prepared = prepare(
        config, directory, fresh=fresh, show_progress=show_progress, mutex=locks.append
    )
    record = make_record(
        config,
        prepared.card,
        prepared.tasks,
        card_backend=prepared.card_backend,
        identity=prepared.identity,
        prompts=prepared.prompts,
    )
    settings = {**record_content(record), "chunks": prepared.workload.digest}
    with Session(locks, settings=settings, launch=launch.token, fresh=fresh) as session:
        with closing(prepared.model), _own_errors(launch):
            session.check()
            watch("planned", 0)
            _answer(session, prepared, record, show_progress=show_progress, watch=watch)
        yield session, prepared.tasks


@contextmanager
def _own_errors(launch: Launch) -> Iterator[None]:
    """Say which rank cannot go on: from here on, the others may."""
    try:
        yield
    except UserError as error:
        if not launch.is_ranked:
            raise
        raise WorkerError(f"rank {launch.rank}: {error}") from error


def _answer(
    session: Session,
    prepared: Prepared,
    record: RunRecord,
    *,
    show_progress: bool,
    watch: Watch,
) -> None:
    """Load the model where something is left, take part, and send."""
    has_loaded = bool(prepared.workload.left)
    if has_loaded:
        _load(prepared)
    # Only now: a wrong flag or a model that cannot be loaded must not cost stored replies.
    session.enter(lambda fresh: begin(prepared, record, session.directory, fresh=fresh))
    n_left = len({request.key for request in prepared.plan.requests} - session.done)
    if n_left and not has_loaded:
        _load(prepared)
    watch("entered", n_left)
    with track("replies", n_left, shown=show_progress) as advance:

        def tell(n: int) -> None:
            advance(n)
            watch("done", n)

        infer(prepared.plan, prepared.model, session, prepared.workload, advance=tell)


def _load(prepared: Prepared) -> None:
    for task in prepared.tasks:
        prepared.model.prepare(task.queries)


def begin(prepared: Prepared, record: RunRecord, directory: Path, *, fresh: bool) -> None:
    """Write what the run is, and what other runs have answered for it."""
    if fresh:
        clear(directory)
    write_record(record, prepared.plan, directory)
    rows = shared_rows(prepared.plan, read_responses(directory))
    with AppendLog(directory / RESPONSES) as log:
        log.append(rows)


def clear(directory: Path) -> None:
    """Remove what earlier runs wrote here."""
    for name in OWN_FILES:
        (directory / name).unlink(missing_ok=True)
    for path in directory.glob("samples_*.jsonl"):
        path.unlink()
