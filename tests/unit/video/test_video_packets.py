"""Leaving packets out must never change a frame that is sampled."""

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rarft.harness.video.packet_index import PacketIndex, index_packets, plan_decoding
from rarft.harness.video.packets import Use, packet_reader
from rarft.harness.video.pyav_decoding import decoded_frames
from rarft.harness.video.pyav_reader import open_pyav
from rarft.harness.video.reader import open_with

N_FRAMES = 120
# Name, encoder and its options; "bf" and "g" are FFmpeg's names for B-frames and GOP length.
STREAMS = {
    "default.mp4": ("libx264", {}),
    "no_b.mp4": ("libx264", {"bf": "0", "g": "30"}),
    "open_gop.mp4": ("libx264", {"x264-params": "open-gop=1:keyint=20:min-keyint=20"}),
    "refresh.mp4": ("libx264", {"x264-params": "intra-refresh=1:keyint=25"}),
    "short_gop.ts": ("libx264", {"g": "12"}),
    "interlaced.mkv": ("libx264", {"x264-params": "interlaced=1:keyint=24"}),
    "default.mkv": ("libx265", {"x265-params": "log-level=none:keyint=30"}),
    "layers.mp4": ("libx265", {"x265-params": "log-level=none:temporal-layers=3:keyint=30"}),
    "open_gop.ts": ("libx265", {"x265-params": "log-level=none:open-gop=1:keyint=16"}),
    "old.avi": ("mpeg4", {"bf": "2", "g": "15"}),
    "old.mpg": ("mpeg2video", {"bf": "2", "g": "15"}),
    "web.webm": ("libvpx-vp9", {"g": "30", "deadline": "realtime", "cpu-used": "8"}),
    "intra.mkv": ("mjpeg", {}),
}


def write_video(path: Path, codec: str, options: dict[str, str], *, fps: int = 24) -> Path:
    """Moving noise and gradients: every frame differs, and B-frames pay."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (96, 512, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = 128, 96
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.options = options
        for number in range(N_FRAMES):
            pixels = np.ascontiguousarray(texture[:, 2 * number : 2 * number + 128])
            pixels[: number % 96] //= 2
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", STREAMS)
def test_sampled_frames_are_those_of_decoding_everything(name: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, *STREAMS[name])
    whole = [frame.to_ndarray(format="rgb24") for frame in decoded_frames(path, None, n_threads=1)]
    rng = random.Random(name)
    with open_pyav(path) as video:
        assert video.info.n_frames == len(whole) == N_FRAMES
        for n_sampled in (1, 3, 20):
            indices = sorted(rng.sample(range(N_FRAMES), n_sampled))
            pixels = video.read(indices)
            for index, frame in zip(indices, pixels, strict=True):
                np.testing.assert_array_equal(frame, whole[index])


@pytest.mark.parametrize(
    ("name", "most"),
    [("default.mp4", 0.75), ("no_b.mp4", 1.0), ("default.mkv", 0.8), ("short_gop.ts", 0.75)],
)
def test_packets_that_no_sampled_frame_needs_are_left_out(
    name: str, most: float, tmp_path: Path
) -> None:
    path = write_video(tmp_path / name, *STREAMS[name])
    plan = plan_decoding(index_of(path), range(0, N_FRAMES, 12))
    assert plan is not None
    assert plan.sent.sum() <= most * N_FRAMES


def test_whole_groups_without_a_sampled_frame_are_left_out(tmp_path: Path) -> None:
    options = {"x264-params": "keyint=10:bframes=0:scenecut=0"}
    path = write_video(tmp_path / "groups.mp4", "libx264", options)
    plan = plan_decoding(index_of(path), [0, 62, 119])
    assert plan is not None
    assert np.flatnonzero(plan.sent).tolist() == [0, 60, 61, 62, *range(110, 120)]
    assert plan.restarts == {60, 110}


def test_frames_in_temporal_layers_are_all_decoded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "layers.mp4", *STREAMS["layers.mp4"])
    assert not index_of(path).is_unused.any()


def index_of(path: Path) -> PacketIndex:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        return index_packets(container.demux(stream), packet_reader(codec.name, codec.extradata))


@pytest.mark.parametrize(
    ("codec", "packet", "expected"),
    [
        ("h264", b"\0\0\0\1\x09\x10\0\0\1\x01\x9e", Use.NONE),
        ("h264", b"\0\0\0\1\x09\x10\0\0\1\x41\x9e", Use.NEEDED),
        ("h264", b"\0\0\1\x01\x9e\0\0\1\x21\x9e", Use.NEEDED),
        ("h264", b"\0\0\1\x06\x05", Use.NEEDED),
        ("hevc", b"\0\0\1\x00\x01\xff", Use.NONE),
        ("hevc", b"\0\0\1\x02\x01\xff", Use.NEEDED),
        ("hevc", b"\0\0\1\x00\x02\xff", Use.LAYERED),
        ("hevc", b"\0\0\1\x26\x01\xff", Use.NEEDED),
        ("vp9", b"\0\0\1\x01\x9e", Use.NEEDED),
    ],
)
def test_what_a_packet_says_of_itself(codec: str, packet: bytes, expected: Use) -> None:
    assert packet_reader(codec, None).use(packet) is expected


@pytest.mark.parametrize("cut", range(12))
def test_a_packet_that_ends_early_is_read_without_a_fault(cut: int) -> None:
    boxed = b"\0\0\0\2\x09\x10\0\0\0\3\x01\x9e\x00"[:cut]
    avcc = b"\x01\x64\x00\x1f\xff"
    assert packet_reader("h264", avcc).use(boxed) in (Use.NEEDED, Use.NONE)
    assert packet_reader("hevc", b"").use(boxed) in (Use.NEEDED, Use.NONE, Use.LAYERED)


@pytest.mark.parametrize("name", ["default.mp4", "no_b.mp4", "default.mkv"])
def test_both_readers_give_the_same_pixels(name: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, *STREAMS[name])
    read = []
    for decoder in ("av", "decord"):
        with open_with(decoder, path) as video:
            read.append(video.read([0, 17, 60, N_FRAMES - 1], height=56, width=84))
    np.testing.assert_array_equal(*read)
