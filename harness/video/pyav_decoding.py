"""Decode the packets of one file that a plan asks for, whatever single packets are damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from rarft.harness.video.packet_index import DecodingPlan
from rarft.harness.video.reader import DecodeError


def video_stream(container: Any) -> Any:
    """Return the stream that a player would show; a cover picture is none.

    Raises:
        DecodeError: there is none.
    """
    stream = container.streams.best("video")
    if stream is None or stream.disposition & av.stream.Disposition.attached_pic:
        raise DecodeError("no video stream")
    return stream


def decoded_frames(path: Path, plan: DecodingPlan | None, *, n_threads: int) -> Iterator[Any]:
    """Yield the frames of the packets in a plan, or of all packets, as they come.

    The packets between are read past: seeking would need an index, which files lack or get wrong.
    """
    with av.open(str(path)) as container:
        stream = video_stream(container)
        context = stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = n_threads
        n_left = None if plan is None else int(plan.sent.sum())
        position = -1
        for packet in container.demux(stream):
            if not packet.size:
                continue
            position += 1
            if plan is not None:
                if position >= len(plan.sent):
                    break
                if not plan.sent[position]:
                    continue
                if position in plan.restarts:
                    yield from _decode(context, None)
                    context.flush_buffers()
            yield from _decode(context, packet)
            if n_left is not None:
                n_left -= 1
                if n_left == 0:
                    break
        yield from _decode(context, None)


def first_frame(path: Path) -> Any:
    """Return the first frame that a file gives out.

    Raises:
        DecodeError: it gives out none.
    """
    for frame in decoded_frames(path, None, n_threads=1):
        return frame
    raise DecodeError("zero usable frames")


def _decode(context: Any, packet: Any) -> list[Any]:
    """Return the frames that are ready; a damaged packet gives none."""
    try:
        return list(context.decode(packet))
    except (av.error.InvalidDataError, av.error.EOFError):
        return []
