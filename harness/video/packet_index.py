"""Which packets of a file have to be decoded to see some of its frames.

The packets' own timestamps order the frames, so that a variable rate, a missing index and frames
stored in another order than shown are all alike.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarft.harness.video.packets import PacketReader, Use


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PacketIndex:
    """All packets of a video stream, in decoding order. Shape: (n_packets,) each.

    `shown` is false for packets that an edit list cuts off; `pts` is None where not every shown
    packet has one of its own, so that frames can only be counted.
    """

    pts: NDArray[np.int64] | None
    shown: NDArray[np.bool_]
    is_key: NDArray[np.bool_]
    is_unused: NDArray[np.bool_]

    @property
    def n_frames(self) -> int:
        """Return how many frames are shown."""
        return int(self.shown.sum())

    def frame_pts(self) -> NDArray[np.int64] | None:
        """Return the timestamps of the frames in the order in which they are shown."""
        return None if self.pts is None else np.sort(self.pts[self.shown])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecodingPlan:
    """Which packets go to the decoder, and before which of them it starts anew."""

    sent: NDArray[np.bool_]
    restarts: frozenset[int]


def index_packets(packets: Iterable[Any], reader: PacketReader) -> PacketIndex:
    """Read every packet once and keep nothing of it but 11 bytes."""
    pts, shown, is_key, uses = array("q"), bytearray(), bytearray(), bytearray()
    has_pts = True
    for packet in packets:
        # A flush packet ends the stream; an empty one holds no frame.
        if not packet.size:
            continue
        has_pts = has_pts and packet.pts is not None
        pts.append(packet.pts or 0)
        shown.append(not packet.is_discard)
        is_key.append(packet.is_keyframe)
        uses.append(Use.NONE if packet.is_disposable else reader.use(packet))
    use = np.frombuffer(uses, dtype=np.uint8)
    stamps = np.frombuffer(pts, dtype=np.int64)
    is_shown = np.frombuffer(shown, dtype=np.bool_)
    is_unique = has_pts and len(np.unique(stamps[is_shown])) == is_shown.sum()
    return PacketIndex(
        pts=stamps if is_unique else None,
        shown=is_shown,
        is_key=np.frombuffer(is_key, dtype=np.bool_),
        is_unused=(use == Use.NONE) & ~np.any(use == Use.LAYERED),
    )


def plan_decoding(index: PacketIndex, frames: Sequence[int]) -> DecodingPlan | None:
    """Return the fewest packets that make these frames, or None where all have to be decoded.

    A frame is made from the packets since the last keyframe that comes before it both in the file
    and on the screen: a frame stored after a keyframe and shown before it may need what precedes
    that keyframe.
    """
    if index.pts is None:
        return None
    order = np.flatnonzero(index.shown)
    order = order[np.argsort(index.pts[order], kind="stable")]
    wanted = np.unique(order[np.asarray(frames)])
    keys = np.flatnonzero(index.is_key)
    sent = np.zeros(len(index.pts), dtype=np.bool_)
    restarts: set[int] = set()
    reached = -1
    for position in wanted:
        start = _start(index.pts, keys, int(position))
        if start > reached + 1:
            restarts.add(start)
        sent[max(start, reached + 1) : position + 1] = True
        reached = int(position)
    is_wanted = np.zeros_like(sent)
    is_wanted[wanted] = True
    return DecodingPlan(sent=sent & (is_wanted | ~index.is_unused), restarts=frozenset(restarts))


def _start(pts: NDArray[np.int64], keys: NDArray[np.int64], position: int) -> int:
    for nth in range(int(np.searchsorted(keys, position, side="right")) - 1, -1, -1):
        if pts[keys[nth]] <= pts[position]:
            return int(keys[nth])
    return 0
