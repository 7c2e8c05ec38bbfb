from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rarft.harness.errors import VideoError
from rarft.harness.video.frames import decode_frames
from rarft.harness.video.policy import FramesPolicy
from rarft.harness.video.reader import decoder_names, open_with, probe

CLIPS = {
    "film.mp4": {"n_frames": 50, "fps": 24},
    "tv.mp4": {"n_frames": 60, "fps": Fraction(30000, 1001)},
    "phone.mkv": {"n_frames": 40, "fps": 30},
    "slow.avi": {"n_frames": 30, "fps": 10, "codec": "mpeg4"},
    "odd.mp4": {"n_frames": 20, "fps": 30, "height": 47, "width": 65, "pixel_format": "yuv444p"},
    "predicted.mp4": {"n_frames": 200, "fps": 30},
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("decoder", ["decord", "av"])
def test_both_decoders_read_rate_size_and_the_very_frames(name, decoder, make_clip, frame_number):
    asked = CLIPS[name]
    path = make_clip(name, **asked)
    n_frames = asked["n_frames"]
    indices = [0, 1, n_frames // 3, n_frames // 2, n_frames - 1, n_frames - 1]
    with open_with(decoder, path) as video:
        assert video.info.fps == pytest.approx(float(asked["fps"]), rel=1e-6)
        assert video.info.n_frames == n_frames
        assert (video.info.height, video.info.width) == (
            asked.get("height", 48),
            asked.get("width", 64),
        )
        assert [frame_number(frame) for frame in video.read(indices)] == indices
        seconds = [index / float(asked["fps"]) for index in indices]
        assert video.times_s(indices) == pytest.approx(seconds, abs=1.1e-3)


def test_probe_says_how_long_a_video_is(make_clip):
    info = probe(make_clip("film.mp4", n_frames=48, fps=24))
    assert info.duration_s == pytest.approx(2.0)
    assert info.decoder == decoder_names()[0]


@pytest.mark.parametrize("decoder", ["decord", "av"])
def test_times_of_a_variable_rate_are_those_in_the_file(decoder, make_clip):
    ticks = [*range(20), *range(20, 80, 3)]
    path = make_clip("variable.mp4", n_frames=40, fps=10, ticks=ticks)
    with open_with(decoder, path) as video:
        assert video.info.n_frames == 40
        assert video.times_s([0, 10, 20, 39]) == pytest.approx([0.0, 1.0, 2.0, 7.7], abs=1e-3)


def test_pyav_reads_what_decord_does_not(make_clip, frame_number):
    path = make_clip("modern.mp4", n_frames=30, fps=10, codec="libsvtav1", height=64)
    frames = decode_frames(path, FramesPolicy())
    assert frames.decoder == "av"
    assert [frame_number(frame) for frame in frames.pixels] == list(frames.indices)


def corrupted(path: Path, kind: str) -> Path:
    content = path.read_bytes()
    if kind == "header_only":
        path.write_bytes(content[:100])
    elif kind == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        path.write_text("this is no video\n" * 50)
    return path


@pytest.mark.parametrize("kind", ["header_only", "cut", "empty", "text"])
def test_a_file_that_is_no_video_is_refused_in_one_line_that_names_it(kind, make_clip):
    path = corrupted(make_clip("broken.mp4"), kind)
    with pytest.raises(VideoError) as caught:
        decode_frames(path, FramesPolicy())
    message = str(caught.value)
    assert message.startswith("broken.mp4: got ")
    assert "\n" not in message
    assert str(path.parent) not in message
    if kind != "empty":
        assert "decord: " in message
        assert "av: " in message


def test_a_file_cut_off_after_its_header_is_refused(make_clip):
    path = make_clip("cut.mp4", n_frames=200, options={"movflags": "faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])
    with pytest.raises(VideoError, match=r"cut\.mp4: .* of the 200 frames it names"):
        decode_frames(path, FramesPolicy())


def test_a_file_without_a_video_stream_is_refused(tmp_path):
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        silence = np.zeros((1, 1024), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="no video stream"):
        probe(path)


def test_a_file_with_zero_frames_is_refused(tmp_path):
    import av

    path = tmp_path / "nothing.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(VideoError, match=r"nothing\.mkv: "):
        probe(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(VideoError, match=r"gone\.mp4: got no such file"):
        probe(tmp_path / "gone.mp4")
