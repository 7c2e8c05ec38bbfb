"""What a coded packet says of itself: whether any other frame is made from it.

ITU-T H.264 §7.4.1 (nal_ref_idc) and H.265 §7.4.2.2 (nal_unit_type, nuh_temporal_id_plus1). The
packets of other codecs say nothing, so that all of them are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

_START_CODE: Final = b"\0\0\1"
_H264_SLICES: Final = range(1, 6)
_HEVC_SLICES: Final = range(32)
# Of the slice types below this one, the even ones are not referred to within their own layer.
_HEVC_FIRST_KEYED: Final = 16

_Units = Iterator[tuple[int, int]]


class Use(IntEnum):
    """What a frame is to others. LAYERED: in a temporal layer, which only the whole file tells."""

    NONE = 0
    NEEDED = 1
    LAYERED = 2


@dataclass(frozen=True, slots=True)
class PacketReader:
    """How one stream writes its packets; `length_size` is 0 where start codes divide them."""

    use_of: Callable[[memoryview, _Units], Use] | None
    length_size: int

    def use(self, packet: Any) -> Use:
        r"""Return what the frame of a packet is to others.

        Args:
            packet: Anything that holds bytes: `av.Packet`, `bytes`.

        Example:
            >>> h264 = packet_reader("h264", b"\x01\x64\x00\x1f\xff")
            >>> h264.use(b"\0\0\0\2\x01\x9e").name, h264.use(b"\0\0\0\2\x41\x9a").name
            ('NONE', 'NEEDED')
        """
        if self.use_of is None:
            return Use.NEEDED
        content = memoryview(packet)
        units = _by_length(content, self.length_size) if self.length_size else _by_code(content)
        return self.use_of(content, units)


def packet_reader(codec: str, extradata: bytes | None) -> PacketReader:
    """Return how to read the packets of a stream; `codec` is FFmpeg's name of it."""
    extra = extradata or b""
    # avcC and hvcC begin with their version, 1; start codes begin with zeros.
    is_boxed = extra[:1] == b"\x01"
    if codec == "h264":
        return PacketReader(_h264_use, (extra[4] & 3) + 1 if is_boxed and len(extra) > 4 else 0)
    if codec == "hevc":
        return PacketReader(_hevc_use, (extra[21] & 3) + 1 if is_boxed and len(extra) > 21 else 0)
    return PacketReader(None, 0)


def _h264_use(content: memoryview, units: _Units) -> Use:
    use = Use.NEEDED
    for start, _ in units:
        header = content[start]
        if header & 31 in _H264_SLICES:
            if header >> 5 & 3:
                return Use.NEEDED
            use = Use.NONE
    return use


def _hevc_use(content: memoryview, units: _Units) -> Use:
    use = Use.NEEDED
    for start, end in units:
        kind = content[start] >> 1 & 63
        if kind not in _HEVC_SLICES or end - start < 2:
            continue
        if content[start + 1] & 7 > 1:
            return Use.LAYERED
        if kind >= _HEVC_FIRST_KEYED or kind % 2:
            return Use.NEEDED
        use = Use.NONE
    return use


def _by_length(content: memoryview, length_size: int) -> _Units:
    """Yield where each unit starts and ends, up to the first that the packet does not hold."""
    start = length_size
    while start < len(content):
        end = start + int.from_bytes(content[start - length_size : start], "big")
        if end <= start or end > len(content):
            return
        yield start, end
        start = end + length_size


def _by_code(content: memoryview) -> _Units:
    whole = bytes(content)
    code = whole.find(_START_CODE)
    while code >= 0:
        following = whole.find(_START_CODE, code + 3)
        end = len(whole) if following < 0 else following
        if end > code + 3:
            yield code + 3, end
        code = following
