"""`rarft-data annotate`: the page for people, the report of their agreement, and the export."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rarft.harness.errors import NotFoundError, UserError

if TYPE_CHECKING:
    from aiohttp import web

DEFAULT_PORT: Final = 8765
LOOPBACK: Final = "127.0.0.1"
_ANY_ADDRESS: Final = ("0.0.0.0", "::")


def annotate_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER_OR_FILE | report | export",
            help="A build, a file of rows or an official JSON file; or what to do with PATH.",
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="The folder, the file or its database."),
    ] = None,
    videos: Annotated[
        list[Path] | None,
        typer.Option("--videos", help="A folder of videos; repeatable, before RARFT_VIDEOS."),
    ] = None,
    database: Annotated[
        Path | None,
        typer.Option("--database", help="Where annotations are kept [beside the rows]."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Listen beyond this machine; the address then has a token."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = DEFAULT_PORT,
    blank: Annotated[
        bool, typer.Option("--blank", help="Show the query alone, without the row's labels.")
    ] = False,
    every_video: Annotated[
        bool, typer.Option("--every_video", help="Add a row for every video that has none.")
    ] = False,
    annotator: Annotated[
        list[str] | None,
        typer.Option(
            "--annotator", help="export: whom to follow, the first who decided; repeatable."
        ),
    ] = None,
    output_path: Annotated[
        Path | None, typer.Option("--output_path", help="report and export: the file to write.")
    ] = None,
) -> None:
    """Serve a page on which people make, mend, accept and reject rows; report; export."""
    from rarft.dataset_builder.annotate.rows import database_of

    if target in ("report", "export"):
        if path is None:
            raise UserError(f"got {target} alone, expected the folder, file or database after it")
        file = database or database_of(path)
        if target == "report":
            _report(file, output_path or Path("annotation_agreement.json"))
        else:
            _export(file, output_path or Path("annotated_rows.jsonl"), tuple(annotator or ()))
        return
    given = Path(target)
    _serve(
        given,
        database=database or database_of(given),
        roots=tuple(videos or ()),
        host=host,
        port=port,
        blank=blank,
        every_video=every_video,
    )


def _serve(
    given: Path,
    *,
    database: Path,
    roots: tuple[Path, ...],
    host: str | None,
    port: int,
    blank: bool,
    every_video: bool,
) -> None:
    from rarft.dataset_builder.annotate.access import access_for
    from rarft.dataset_builder.annotate.rows import rows_file, rows_of_videos, rows_to_annotate
    from rarft.dataset_builder.annotate.server import make_app, start, url_of
    from rarft.dataset_builder.annotate.store import AnnotationStore
    from rarft.harness.video.locate import video_roots

    roots = (*roots, *video_roots())
    if not roots or not all(root.is_dir() for root in roots):
        raise NotFoundError(
            f"got --videos {', '.join(map(str, roots)) or 'nothing'}, expected folders of videos"
        )
    file = rows_file(given)
    store = AnnotationStore(database)
    try:
        store.add_rows(rows_to_annotate(file))
        if every_video:
            store.add_rows(rows_of_videos(roots, known=store.videos()), behind=True)
        access = access_for(host)
        app = make_app(store, title=given.name, roots=roots, access=access, blank=blank)

        async def serve() -> None:
            runner, taken = await start(app, host=host or LOOPBACK, port=port)
            print(url_of(_shown_host(host), taken, access), flush=True)
            typer.echo(f"annotations are kept in {database}; stop with Ctrl-C", err=True)
            await _until_stopped(runner)

        asyncio.run(serve())
    finally:
        store.close()


def _shown_host(host: str | None) -> str:
    if host in _ANY_ADDRESS:
        import socket

        return socket.gethostname()
    return host or LOOPBACK


async def _until_stopped(runner: web.AppRunner) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        await runner.cleanup()


def _report(database: Path, output_path: Path) -> None:
    import json

    from rich.console import Console

    from rarft.dataset_builder.annotate.agreement import (
        agreement_of,
        agreement_record,
        decisions_of,
    )
    from rarft.dataset_builder.annotate.agreement_table import agreement_tables
    from rarft.dataset_builder.annotate.store import AnnotationStore
    from rarft.harness.atomic_file import write_atomic

    store = AnnotationStore(database, must_exist=True)
    try:
        annotated = list(store.annotations())
    finally:
        store.close()
    pairs, n_decided = agreement_of(annotated), decisions_of(annotated)
    console = Console()
    for table in agreement_tables(pairs, n_decided):
        console.print(table)
    record = agreement_record(pairs, n_decided)
    write_atomic(output_path, json.dumps(record, indent=1).encode() + b"\n")
    typer.echo(f"every number is in {output_path}", err=True)


def _export(database: Path, output_path: Path, annotators: tuple[str, ...]) -> None:
    from rarft.dataset_builder.annotate.export import OUTCOMES, Outcome, exported_rows
    from rarft.dataset_builder.annotate.store import AnnotationStore
    from rarft.dataset_builder.row_files import write_rows

    counts: Counter[Outcome] = Counter()
    draft = output_path.with_name(f".{output_path.name}")
    store = AnnotationStore(database, must_exist=True)
    try:
        output_path.parent.mkdir(parents=True, exist_ok=True)
        write_rows(draft, exported_rows(store.annotations(), counts=counts, annotators=annotators))
        draft.replace(output_path)
    except OSError as error:
        raise UserError(
            f"{output_path}: cannot be written ({error.strerror}), expected a folder to write in; "
            "give another --output_path"
        ) from error
    finally:
        store.close()
    figures = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    typer.echo(
        f"{figures}; accepted rows are written, rows nobody opened are not counted", err=True
    )
    print(output_path)
