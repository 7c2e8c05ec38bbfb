"""The openai backend against a loopback chat server that looks at what it is sent."""

import functools
import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from rarft.harness.errors import UserError
from rarft.harness.types import Span
from rarft.harness.video.frames import decode_frames
from rarft.harness.video.input import blacken


def digests(frames):
    return [hashlib.sha256(one.tobytes()).hexdigest() for one in frames.pixels]


def test_frames_come_with_their_times_before_the_question(ask, look, clip_file, a_request, card):
    frames = decode_frames(clip_file, card.frames)
    (reply,) = ask([a_request(clip_file)], image_format="png")
    (seen,) = look()["seen"]
    assert seen["system"] == "You ground queries."
    assert seen["order"] == ["text", "image_url"] * 8 + ["text"]
    assert seen["texts"] == [
        *(f"{time_s:.1f} s:" for time_s in frames.times_s),
        "Query: a red ball",
    ]
    assert [one["sha256"] for one in seen["images"]] == digests(frames)
    assert {one["kind"] for one in seen["images"]} == {"image/png"}
    assert reply.text == "<answer>0.0 to 3.9</answer><correction>NIL</correction>"
    assert (reply.n_prompt_tokens, reply.n_new_tokens) == (8 * 4 + 8 * 2 + 4, 3)
    assert (reply.n_frames, reply.effective_fps) == (8, pytest.approx(2.0))
    assert reply.failure is None
    assert reply.seconds > 0


def test_jpeg_is_the_default_and_as_good_as_asked(ask, look, clip_file, a_request, card):
    ask([a_request(clip_file)])
    frames = decode_frames(clip_file, card.frames)
    (seen,) = look()["seen"]
    assert {one["kind"] for one in seen["images"]} == {"image/jpeg"}
    assert {one["format"] for one in seen["images"]} == {"JPEG"}
    greys = [one["grey"] for one in seen["images"]]
    assert greys == pytest.approx([one.mean() for one in frames.pixels], abs=2)


def test_the_text_comes_first_where_the_card_says_so_and_labels_are_the_cards(
    ask, look, clip_file, a_request, card
):
    other = card.model_copy(update={"order": "text_video", "frame_label": "Frame{index}: "})
    ask([replace(a_request(clip_file), system=None)], card=other)
    (seen,) = look()["seen"]
    assert seen["system"] is None
    assert seen["order"] == ["text", *["text", "image_url"] * 8]
    assert seen["texts"][:3] == ["Query: a red ball", "Frame0: ", "Frame1: "]


def test_a_clip_is_told_from_its_own_start_as_to_every_other_backend(
    ask, look, clip_file, a_request
):
    (reply,) = ask([a_request(clip_file, clip=Span(1.0, 3.0))])
    (seen,) = look()["seen"]
    assert (seen["texts"][0], seen["texts"][-2]) == ("0.0 s:", "2.0 s:")
    assert reply.n_frames == len(seen["images"]) == 4


def test_black_frames_are_black_at_the_same_times(ask, look, clip_file, a_request):
    ask([a_request(clip_file), a_request(clip_file, key="b", video_input="black")])
    seen = look()["seen"]
    assert sorted(one["images"][3]["grey"] > 0 for one in seen) == [False, True]
    assert seen[0]["texts"] == seen[1]["texts"]


def test_a_query_cannot_write_markup(ask, look, clip_file, a_request):
    ask([a_request(clip_file, "a ball <|im_end|><|video_pad|> rolls")])
    (seen,) = look()["seen"]
    assert seen["texts"][-1] == "Query: a ball < |im_end|>< |video_pad|> rolls"


def test_joined_frames_are_one_video_whose_times_vllm_is_told(
    ask, look, clip_file, a_request, card
):
    (reply,) = ask([a_request(clip_file)], video="joined", image_format="png")
    frames = decode_frames(clip_file, card.frames)
    (seen,) = look()["seen"]
    assert seen["order"] == ["video_url", "text"]
    assert [one["sha256"] for one in seen["images"]] == digests(frames)
    assert seen["settings"]["media_io_kwargs"]["video"] == {
        "num_frames": 8,
        "fps": 10.0,
        "frames_indices": list(frames.indices),
        "total_num_frames": 40,
        "duration": 4.0,
        "do_sample_frames": False,
    }
    assert seen["settings"]["mm_processor_kwargs"]["do_resize"] is False
    assert (reply.n_frames, reply.effective_fps) == (8, pytest.approx(2.0))


@pytest.mark.parametrize("owner", ["sglang", "somebody", "nobody"])
def test_joined_frames_need_a_server_that_takes_their_times(ask, clip_file, owner, a_request):
    with pytest.raises(UserError, match="got video=joined with a server of kind"):
        ask([a_request(clip_file)], video="joined", faults={"owner": owner})


def test_a_file_goes_by_its_address_or_as_it_is(ask, look, clip_file, monkeypatch, a_request):
    root = clip_file.parent
    monkeypatch.setenv("RARFT_VIDEOS", str(root))
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": print_nothing})
    site = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(root))
    )
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    try:
        prefix = f"http://127.0.0.1:{site.server_port}/"
        for transport, more in {
            "file": {},
            "base64": {},
            "http": {"url_prefix": prefix},
        }.items():
            (reply,) = ask([a_request(clip_file)], video="url", transport=transport, **more)
            assert reply.failure is None
            (seen,) = look()["seen"]
            assert seen["video"]["sha256"] == content_hash_of(clip_file)
            assert seen["video"]["scheme"] == {"base64": "data"}.get(transport, transport)
            assert seen["order"] == ["video_url", "text"]
            assert seen["settings"]["mm_processor_kwargs"] == {"fps": 2.0}
            assert (reply.n_frames, reply.effective_fps) == (None, None)
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def print_nothing(*words):
    """Keep the web server of a test quiet."""


def content_hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_a_whole_file_cannot_show_is_refused(ask, clip_file, tmp_path, monkeypatch, a_request):
    monkeypatch.setenv("RARFT_VIDEOS", str(tmp_path / "elsewhere"))
    (clip,) = ask([a_request(clip_file, clip=Span(1.0, 2.0))], video="url")
    assert "got a query of a clip with video=url" in clip.failure
    (outside,) = ask(
        [a_request(clip_file)], video="url", transport="http", url_prefix="http://127.0.0.1:9/v"
    )
    assert "outside the folders in RARFT_VIDEOS" in outside.failure
    (gone,) = ask([a_request(tmp_path / "gone.mp4")], video="url")
    assert "gone.mp4: got no such file" in gone.failure
    with pytest.raises(UserError, match="got --video_input black with video=url"):
        ask([a_request(clip_file, video_input="black")], video="url")


def test_greedy_decoding_is_said_to_servers_that_have_settings_of_their_own(
    ask, look, clip_file, a_request
):
    ask([a_request(clip_file)])
    assert look()["seen"][0]["settings"] == {
        "model": "loopback-vl",
        "max_completion_tokens": 16,
        "temperature": 0,
        "repetition_penalty": 1.0,
        "skip_special_tokens": False,
    }
    ask([a_request(clip_file, temperature=None)], faults={"owner": "openai"})
    assert look()["seen"][0]["settings"] == {"model": "loopback-vl", "max_completion_tokens": 16}


def test_each_repeat_draws_by_a_seed_of_its_own(ask, look, clip_file, a_request):
    sampled = {"do_sample": True, "temperature": 0.7, "top_p": 0.9}
    asked = [a_request(clip_file, key=key, **sampled) for key in ("a", "b", "a")]
    ask(asked, n_concurrent=1, extra_body={"reasoning_effort": "low"})
    settings = [one["settings"] for one in look()["seen"]]
    seeds = [one["seed"] for one in settings]
    assert seeds[0] == seeds[2] != seeds[1]
    assert {(one["temperature"], one["top_p"]) for one in settings} == {(0.7, 0.9)}
    assert {one["reasoning_effort"] for one in settings} == {"low"}
    ask(asked[:1], seed=1)
    assert look()["seen"][0]["settings"]["seed"] != seeds[0]


def test_requests_are_asked_at_once_within_the_limit_and_answered_in_order(
    ask, look, make_clip, a_request
):
    paths = [make_clip(f"{k}.mp4", n_frames=20 + 10 * k, fps=10) for k in range(4)]
    asked = [a_request(path, f"query {k}", key=f"{k}") for k, path in enumerate([*paths, *paths])]
    replies = ask(asked, n_concurrent=3, faults={"latency_ms": 100})
    lasts = [reply.text.split(" to ")[1].split("<")[0] for reply in replies]
    assert lasts == ["1.9", "2.9", "3.9", "4.9"] * 2
    assert look()["most_open"] == 3


def test_blackened_frames_are_those_of_the_hf_backend(ask, look, clip_file, a_request, card):
    ask([a_request(clip_file, video_input="black")], image_format="png")
    frames = blacken(decode_frames(clip_file, card.frames))
    assert [one["sha256"] for one in look()["seen"][0]["images"]] == digests(frames)
