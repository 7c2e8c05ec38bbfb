"""What files in the wild do, each on a real file."""

import logging
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rarft.harness.errors import VideoError
from rarft.harness.video.frames import decode_frames
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.reader import open_with, probe

PAPER = FramesPolicy()


def quadrants(*, height: int = 48, width: int = 64) -> np.ndarray:
    """Red, green, blue and white from the top left, clockwise; chroma survives any codec."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, width // 2 :] = (0, 0, 255)
    pixels[height // 2 :, : width // 2] = (255, 255, 255)
    return pixels


def corners(pixels: np.ndarray) -> str:
    """Name the colours of the four quarters, clockwise from the top left."""
    height, width, _ = pixels.shape
    names = []
    for row, column in ((1, 1), (1, 3), (3, 3), (3, 1)):
        colour = pixels[row * height // 4, column * width // 4]
        names.append("w" if colour.min() > 127 else "rgb"[int(colour.argmax())])
    return "".join(names)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, "rgbw"), (90, "gbwr"), (180, "bwrg"), (-90, "wrgb")]
)
def test_a_rotation_flag_is_applied(degrees: int, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees)
        for _ in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(stream.encode(None))
    info = probe(path)
    is_lying = degrees % 180 == 0
    assert (info.height, info.width) == ((48, 64) if is_lying else (64, 48))
    frames = decode_frames(path, PAPER)
    assert corners(frames.pixels[0]) == expected
    assert frames.pixels.shape[1:3] == ((112, 140) if is_lying else (140, 112))


@pytest.mark.parametrize(
    ("height", "width", "codec"), [(47, 65, "libvpx-vp9"), (49, 63, "mpeg4"), (1, 64, "mpeg4")]
)
def test_odd_sizes_are_scaled_like_any(height: int, width: int, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        pixels = quadrants(height=height, width=width)
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    assert (probe(path).height, probe(path).width) == (height, width)
    frames = decode_frames(path, PAPER)
    assert frames.pixels.shape[1] % 28 == frames.pixels.shape[2] % 28 == 0
    if height > 1:
        assert corners(frames.pixels[-1]) == "rgbw"


def test_a_variable_rate_gives_the_frames_asked_for_at_their_own_times(make_clip, frame_number):
    ticks = [*range(30), *range(30, 120, 3)]
    frames = decode_frames(make_clip("variable.mp4", n_frames=60, fps=10, ticks=ticks), PAPER)
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)
    assert frames.times_s == pytest.approx([ticks[i] / 10 for i in frames.indices], abs=1e-3)


def with_audio(path: Path, *, video_s: int, audio_s: int, rate: int = 16000) -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=rate)
        for _ in range(video_s * 10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(video.encode(None))
        for number in range(audio_s * rate // 1024):
            silence = np.zeros((1, 1024), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, number * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def test_audio_longer_than_the_video_adds_no_time(tmp_path: Path) -> None:
    path = with_audio(tmp_path / "talk.mp4", video_s=3, audio_s=9)
    frames = decode_frames(path, PAPER)
    assert frames.duration_s == pytest.approx(3.0)
    assert frames.video_fps == pytest.approx(10.0)
    assert frames.n_total_frames == 30
    assert frames.times_s[-1] == pytest.approx(2.9)


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    song = with_audio(tmp_path / "talk.mp4", video_s=1, audio_s=2)
    cover = tmp_path / "song.mp4"
    with av.open(str(song)) as source, av.open(str(cover), "w") as container:
        sound = container.add_stream_from_template(source.streams.audio[0])
        picture = container.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
        picture.disposition = av.stream.Disposition.attached_pic
        container.mux(picture.encode(av.VideoFrame.from_ndarray(quadrants(), format="rgb24")))
        container.mux(picture.encode(None))
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = sound
                container.mux(packet)
    with pytest.raises(VideoError, match="no video stream"):
        probe(cover)


def test_a_stream_without_an_index_is_read(make_clip, frame_number, tmp_path: Path) -> None:
    path = make_clip("cut.mkv", n_frames=200, fps=20)
    content = path.read_bytes()
    cues = content.rindex(b"\x1c\x53\xbb\x6b")
    path.write_bytes(content[: cues * 3 // 4])
    frames = decode_frames(path, PAPER)
    assert 100 < frames.n_total_frames < 200
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)


def test_an_avi_without_its_index_is_read(make_clip, frame_number) -> None:
    path = make_clip("old.avi", n_frames=60, fps=10, codec="mpeg4")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"idx1")])
    frames = decode_frames(path, PAPER)
    assert frames.n_total_frames == 60
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)


def test_damaged_packets_cost_their_frames_only(make_clip, caplog) -> None:
    path = make_clip("scratched.mp4", n_frames=240, fps=24, codec="mjpeg", pixel_format="yuvj420p")
    whole = decode_frames(path, FramesPolicy(max_frames=60, fps=6))
    with av.open(str(path)) as container:
        spans = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    position, size = spans[whole.indices[30]]
    content[position : position + size] = bytes(size)
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING), open_with("av", path) as video:
        pixels = video.read(whole.indices, height=112, width=140)
    assert "1 of the 60 sampled frames do not decode" in caplog.text
    np.testing.assert_array_equal(pixels[30], whole.pixels[29])
    np.testing.assert_array_equal(pixels[31], whole.pixels[31])


def test_a_size_that_changes_on_the_way_is_scaled_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "broadcast.ts"
    parts = []
    for height, width in ((48, 64), (96, 128)):
        part = tmp_path / f"{height}.h264"
        with av.open(str(part), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            pixels = quadrants(height=height, width=width)
            for _ in range(20):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    frames = decode_frames(path, PAPER)
    assert frames.pixels.shape[1:3] == (112, 140)
    assert [corners(frame) for frame in frames.pixels] == ["rgbw"] * frames.n_frames


def test_ten_hours_are_sampled_from_end_to_end(make_clip, tmp_path: Path) -> None:
    minute = make_clip("minute.mp4", n_frames=120, fps=2)
    path = tmp_path / "day.mp4"
    with av.open(str(minute)) as source, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        length = int(Fraction(60) / packets[0].time_base)
        first_pts, first_dts = packets[0].pts, packets[0].dts
        for repeat in range(600):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts = packet.pts - first_pts + repeat * length
                copy.dts = packet.dts - first_dts + repeat * length + first_dts - first_pts
                copy.time_base, copy.stream = packet.time_base, stream
                copy.is_keyframe = packet.is_keyframe
                container.mux(copy)
    frames = decode_frames(path, PAPER)
    assert frames.duration_s == pytest.approx(36_000, rel=1e-3)
    assert frames.n_frames == 768
    assert frames.times_s[-1] == pytest.approx(35_999.5, abs=0.1)
    assert frames.pixels.nbytes < 40e6
