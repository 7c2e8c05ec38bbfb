"""`rarft-leaderboard serve`: a look at a built site, at home."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_PORT: Final = 8766
LOOPBACK: Final = "127.0.0.1"


def serve_command(
    site: Annotated[
        Path, typer.Argument(metavar="SITE_DIR", help="What rarft-leaderboard build wrote.")
    ],
    host: Annotated[
        str | None,
        typer.Option("--host", help="Listen beyond this machine: whoever reaches it may look."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = DEFAULT_PORT,
) -> None:
    """Serve a built site, to this machine alone unless --host says otherwise."""
    import asyncio

    from rarft.leaderboard.publish.local_server import make_app, start, until_stopped

    app = make_app(site, is_loopback_only=host is None)

    async def serve() -> None:
        runner, address = await start(app, host=host or LOOPBACK, port=port)
        print(address, flush=True)
        if host is not None:
            print("whoever reaches this address sees the site", file=sys.stderr)
        print("stop with Ctrl-C", file=sys.stderr, flush=True)
        await until_stopped(runner)

    asyncio.run(serve())
