from dataclasses import replace

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import find_card, load_model, named_args
from rarft.harness.models.openai_body import check_generation, check_label
from rarft.harness.models.openai_settings import MODEL_ARGS, read_settings
from rarft.harness.models.revision import named_checkpoint, resolve_revision
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.plan import model_identity

CARD, _ = find_card("openai")
GIVEN = {"model": "m", "base_url": "http://127.0.0.1:1/v1"}
OTHER_WAYS = {
    "base_url": "http://127.0.0.1:2/v1",
    "n_concurrent": 3,
    "timeout_s": 2.5,
    "n_attempts": 2,
    "transport": "base64",
    "server": "vllm",
}
OTHER_QUESTIONS = {
    "model": "another",
    "revision": "step-200",
    "image_format": "png",
    "quality": 60,
    "video": "url",
    "served_model": "m-2026",
    "extra_body": {"reasoning_effort": "low"},
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def identity(tmp_path, **model_args):
    model = load_model(
        CARD, model_args=model_args, generation={}, batch_size=1, seed=0, cache=tmp_path
    )
    try:
        config = RunConfig(model="openai", tasks=(), model_args=model_args)
        return model_identity(config, CARD, model.engine)
    finally:
        model.close()


def test_every_setting_has_a_default_but_the_model():
    settings = read_settings(CARD, GIVEN)
    assert (settings.video, settings.transport, settings.image_format) == ("frames", "file", "jpeg")
    assert (settings.n_concurrent, settings.timeout_s, settings.n_attempts) == (16, 600.0, 6)
    served = CARD.model_copy(update={"checkpoint": "its/own"})
    assert read_settings(served, {"base_url": GIVEN["base_url"]}).model == "its/own"
    assert read_settings(served, GIVEN).model == "m"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"score": "logits"}, "got score=logits for model 'openai' behind a server"),
        ({"pretrained": "a/b"}, "got the model argument pretrained, expected one of model, "),
        ({"model": ""}, "got no model for 'openai', expected --model_args model=NAME"),
        ({"video": "gif"}, "got video=gif, expected one of frames, joined, url"),
        ({"transport": "ftp"}, "got transport=ftp, expected one of file, base64, http"),
        ({"image_format": "webp"}, "got image_format=webp, expected one of jpeg, png"),
        ({"sampling": "ours"}, "got sampling=ours, expected one of card, server"),
        ({"server": "tgi"}, "got server=tgi, expected one of auto, vllm, sglang, other"),
        ({"quality": 101}, "got quality=101, expected a whole number from 1 to 100"),
        ({"n_concurrent": 0}, "got n_concurrent=0, expected a whole number above 0"),
        ({"n_attempts": True}, "got n_attempts=True, expected a whole number above 0"),
        ({"n_attempts": 2.5}, "got n_attempts=2.5, expected a whole number above 0"),
        ({"timeout_s": float("nan")}, "got timeout_s=nan, expected seconds above 0"),
        ({"timeout_s": "soon"}, "got timeout_s=soon, expected seconds above 0"),
        ({"transport": "http"}, "got transport=http and url_prefix=(none), expected both"),
        ({"url_prefix": "http://a/v"}, "got transport=file and url_prefix=http://a/v"),
        ({"transport": "http", "url_prefix": "a/v"}, "expected an address with http://"),
        ({"extra_body": "a"}, "got extra_body=a, expected a JSON object"),
        ({"extra_body": {"messages": []}}, "got messages in extra_body"),
        ({"base_url": "http://me:secret@a/v1"}, "got a base_url with a user, a password"),
    ],
)
def test_a_wrong_argument_is_one_line(changed, message):
    with pytest.raises(UserError) as caught:
        read_settings(CARD, GIVEN | changed)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_address_or_a_key_is_needed(monkeypatch):
    with pytest.raises(UserError, match="got neither an address nor a key for the model 'm'"):
        read_settings(CARD, {"model": "m"})
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert read_settings(CARD, {"model": "m"}).base_url is None
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert read_settings(CARD, {"model": "m"}).base_url is None


def test_how_a_server_is_reached_is_no_part_of_a_reply_and_what_it_is_asked_is(tmp_path):
    asked = identity(tmp_path, **GIVEN)
    for name, value in OTHER_WAYS.items():
        assert identity(tmp_path, **GIVEN | {name: value}) == asked, name
    for name, value in OTHER_QUESTIONS.items():
        assert identity(tmp_path, **GIVEN | {name: value}) != asked, name
    left = {"url_prefix", "sampling"}
    assert {*OTHER_WAYS, *OTHER_QUESTIONS} == set(MODEL_ARGS) - left
    assert "url_prefix" not in named_args(CARD, {"url_prefix": "http://a"})
    by_url = {**GIVEN, "video": "url"}
    assert identity(tmp_path, **by_url) != identity(tmp_path, **by_url, sampling="server")


def test_a_checkpoint_behind_a_server_is_its_name_there_and_is_never_looked_up():
    arguments = {"model": "/models/on another machine", "revision": "r2"}
    assert named_checkpoint(CARD, arguments) == ("/models/on another machine", "r2")
    assert resolve_revision(CARD, model_args=arguments) == "r2"
    assert resolve_revision(CARD, model_args={"model": "m"}) is None


@pytest.mark.parametrize("settings", [{"num_beams": 4}, {"no_repeat_ngram_size": 3}])
def test_decoding_that_no_server_offers_is_refused(settings):
    with pytest.raises(UserError, match="as chat servers do not offer it"):
        check_generation(settings)
    check_generation({"num_beams": 1, "no_repeat_ngram_size": 0, "temperature": None})


@pytest.mark.parametrize("label", ["{seconds} s:", "{time_s:x}", "{", "{}"])
def test_a_label_that_cannot_be_filled_is_named(label):
    with pytest.raises(UserError, match="got frame_label"):
        check_label(CARD.model_copy(update={"frame_label": label}))


def test_the_form_of_a_video_is_named_with_its_defaults():
    settings = read_settings(CARD, GIVEN)
    assert settings.input_form == {"video": "frames", "images": "jpeg 95"}
    assert replace(settings, image_format="png").input_form["images"] == "png"
    assert replace(settings, video="url").input_form == {"video": "url", "sampling": "card"}
