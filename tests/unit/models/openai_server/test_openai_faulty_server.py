"""What a server that fails, or cannot do something, makes of requests."""

import asyncio
import json

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models.openai import load

TOO_LONG = "HTTP 400: This model's maximum context length is 256 tokens. However, you requested 16"


def test_a_bad_video_fails_its_own_request_only(ask, clip_file, tmp_path, a_request):
    broken = tmp_path / "broken.mp4"
    broken.write_text("this is no video")
    asked = [a_request(clip_file), a_request(broken, "b"), a_request(tmp_path / "gone.mp4", "c")]
    good, bad, gone = ask([*asked])
    assert good.failure is None
    assert bad.failure.startswith("broken.mp4: got a file that cannot be decoded")
    assert gone.failure.startswith("gone.mp4: got no such file")


@pytest.mark.parametrize(
    "fault", ["busy", "error_500", "dropped", "dropped_midway", "truncated", "no_json"]
)
def test_a_fault_on_the_way_is_asked_again(ask, look, clip_file, fault, a_request):
    (reply,) = ask([a_request(clip_file)], faults={"fault": fault, "faulty_calls": 1})
    assert reply.failure is None
    assert look()["n_calls"] == 2


@pytest.mark.parametrize(
    ("fault", "reason", "n_calls"),
    [
        ("busy", "HTTP 429: slow down", 2),
        ("dropped", "the connection was dropped", 2),
        ("dropped_midway", "the body of the answer is truncated", 2),
        ("truncated", "the body of the answer is truncated", 2),
        ("no_json", "the body of the answer is truncated", 2),
        ("hangs", "no complete answer within 0.5 s", 2),
        ("refused", "the server refused the content (I cannot watch this.)", 1),
        ("filtered", "the server refused the content (content filter)", 1),
        ("too_long", TOO_LONG, 1),
        ("too_many_images", "HTTP 400: At most 2 image(s) may be provided in one prompt.", 1),
    ],
)
def test_a_fault_that_stays_fails_its_own_request_only(
    ask, look, clip_file, fault, reason, n_calls, a_request
):
    faults = {"fault": fault, "faulty_query": "blue"}
    limits = {"n_attempts": 2, "timeout_s": 0.5 if fault == "hangs" else 20}
    asked = [a_request(clip_file, "a red ball"), a_request(clip_file, "a blue ball")]
    good, bad = ask(asked, faults=faults, **limits)
    assert good.failure is None
    assert bad.failure.startswith(reason)
    assert "\n" not in bad.failure
    assert bad.text is None
    assert look()["n_calls"] == 1 + n_calls


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"key": "another"}, "HTTP 401"),
        ({"expired_after": 0}, "HTTP 401"),
        ({"fault": "forbidden"}, "HTTP 403"),
        ({"fault": "busy_for_long"}, "to wait 86400 s"),
    ],
)
def test_what_no_request_survives_stops_at_once_without_the_key(
    ask, look, clip_file, fault, message, a_request
):
    asked = [a_request(clip_file, f"query {k}") for k in range(8)]
    with pytest.raises(UserError, match=message) as caught:
        ask(asked, faults=fault, n_concurrent=2)
    assert "\n" not in str(caught.value)
    assert "secret-of-nobody" not in str(caught.value)
    assert look()["n_calls"] <= 2


@pytest.mark.parametrize(
    ("fault", "form", "message"),
    [
        ("untrusting", {"video": "joined"}, "expected a vLLM started with --trust-request-mm-kwar"),
        ("no_files", {"video": "url"}, "expected a vLLM started with --allowed-local-media-path"),
        ("no_video", {"video": "url"}, "take video parts; use video=frames"),
        ("no_images", {}, "take images; serve another one"),
        ("text_model", {}, "expected a model that sees images or videos"),
        ("too_many_tokens", {}, "expected fewer new tokens; give --gen_kwargs max_new_tokens"),
    ],
)
def test_a_form_that_a_server_never_takes_stops_at_its_first_answer(
    ask, look, clip_file, fault, form, message, a_request
):
    asked = [a_request(clip_file, f"query {k}") for k in range(8)]
    with pytest.raises(UserError, match=message) as caught:
        ask(asked, faults={"fault": fault}, n_concurrent=2, **form)
    assert "\n" not in str(caught.value)
    assert look()["n_calls"] <= 2


def test_a_form_that_was_answered_once_fails_single_requests_only(ask, clip_file, a_request):
    asked = [a_request(clip_file, "a red ball"), a_request(clip_file, "a blue ball")]
    faults = {"fault": "no_video", "faulty_query": "blue"}
    good, bad = ask(asked, faults=faults, n_concurrent=1, video="url")
    assert good.failure is None
    assert bad.failure.startswith("HTTP 400: Invalid value: 'video_url'")


def test_a_server_that_is_not_there_is_one_line(clip_file, tmp_path, monkeypatch, a_request, card):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    arguments = {"model": "loopback-vl", "base_url": "http://127.0.0.1:9/v1", "server": "other"}
    model = load(
        card,
        model_args=arguments | {"n_attempts": 9},
        generation={},
        batch_size=1,
        seed=0,
        cache=tmp_path,
    )
    with pytest.raises(UserError, match=r"got no connection to http://127\.0\.0\.1:9/v1"):
        model.generate([a_request(clip_file)])
    model.close()


def test_another_model_than_the_pinned_one_is_noticed(ask, clip_file, a_request):
    pinned = {"served_model": "loopback-vl-2026-01-01"}
    (reply,) = ask([a_request(clip_file)], faults=pinned, **pinned)
    assert reply.failure is None
    with pytest.raises(UserError, match="got an answer of the model 'another'"):
        ask([a_request(clip_file)], faults={"served_model": "another"}, **pinned)
    with pytest.raises(UserError, match="got model=nothing, expected one that the server has"):
        ask([a_request(clip_file)], model="nothing")


def test_an_event_loop_may_run_already(ask, clip_file, a_request):
    async def inside():
        return ask([a_request(clip_file)])

    (reply,) = asyncio.run(inside())
    assert reply.failure is None


def test_the_key_is_not_in_what_a_body_holds(ask, look, clip_file, a_request):
    ask([a_request(clip_file)])
    assert "secret-of-nobody" not in json.dumps(look())
