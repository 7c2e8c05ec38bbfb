"""A request's name: the same in every version that gives the same reply."""

from pathlib import Path
from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.models import Request, VideoFile
from rarft.harness.models.card import Card
from rarft.harness.run_config import RunConfig
from rarft.harness.stages.plan import (
    build_request,
    check_asked,
    generation_settings,
    model_identity,
)
from rarft.harness.types import Query, Span
from rarft.harness.video.policy import FramesPolicy

BASE: dict[str, Any] = {"family": "base", "licence": "MIT", "source": "the test"}
WATCHING = Card(
    name="watching", backend="hf", frames=FramesPolicy(), generation={"do_sample": False}, **BASE
)
WORDS = Card(name="words", backend="floors", **BASE)
REPLAY = Card(name="replay", backend="replay", **BASE)
VIDEO = VideoFile(path=Path("a.mp4"), sha256="ab")
QUERY = Query(
    id="1",
    task="t",
    video="a.mp4",
    text="a man cooks",
    relevant=True,
    record="1",
    clip=Span(1.0, 2.0),
)


def config(card: Card, **flags: Any) -> RunConfig:
    return RunConfig(model=card.name, tasks=("t",), **{"gen_kwargs": {"max_gen_toks": 8}, **flags})


def asked(card: Card, video: VideoFile | str | None, *, repeat: int = 0, **flags: Any) -> Request:
    identity = model_identity(config(card, **flags), card, {"engine": "1"})
    return build_request(
        QUERY, "Query: {query}", video, card, identity, task_digest="d", repeat=repeat
    )


@pytest.mark.parametrize(
    ("card", "video", "key"),
    [
        (WATCHING, VIDEO, "439e4431aeac8ca9c97d91f156912910e0d5e9e087ae1873fba860bdd77e82fd"),
        (WATCHING, "gone", "229e430935caaaa9df3be575d5146c8c603710f45a27dfa30ae5e5e91f33cbb1"),
        (WORDS, None, "25dc7678e69fbfc697e8a8086d97290b2611b723891109824ffab43c5ab003eb"),
    ],
)
def test_a_run_of_shown_videos_asked_once_keeps_its_names(
    card: Card, video: VideoFile | str | None, key: str
) -> None:
    assert asked(card, video).key == key


def test_each_repeat_has_a_name_of_its_own_and_the_first_that_of_a_single_run() -> None:
    sampling = {"gen_kwargs": {"temperature": 1.0}}
    single = asked(WATCHING, VIDEO, **sampling)
    repeats = [asked(WATCHING, VIDEO, repeat=n, repeats=4, **sampling) for n in range(4)]
    assert repeats[0].key == single.key
    assert len({request.key for request in repeats}) == 4
    assert [request.repeat for request in repeats] == [0, 1, 2, 3]


def test_what_is_shown_is_part_of_the_name() -> None:
    requests = [asked(WATCHING, VIDEO, video_input=name) for name in ("shown", "black", "other")]
    assert len({request.key for request in requests}) == 3
    assert [request.video_input for request in requests] == ["shown", "black", "other"]
    assert [request.clip for request in requests] == [QUERY.clip, QUERY.clip, None]


def test_a_temperature_samples_unless_the_user_says_otherwise() -> None:
    assert generation_settings(WATCHING, {"temperature": 0.7})["do_sample"] is True
    assert generation_settings(WATCHING, {"temperature": 0})["do_sample"] is False
    assert generation_settings(WATCHING, {})["do_sample"] is False
    both = {"temperature": 0.7, "do_sample": False}
    assert generation_settings(WATCHING, both)["do_sample"] is False


@pytest.mark.parametrize(
    ("card", "flags", "said"),
    [
        (WATCHING, {"repeats": 8}, "--repeats 8 with greedy decoding"),
        (WATCHING, {"repeats": 8, "gen_kwargs": {"temperature": 0}}, "--gen_kwargs temperature"),
        (
            WATCHING,
            {"repeats": 8, "gen_kwargs": {"temperature": 1.0, "do_sample": False}},
            "--repeats 8 with greedy decoding",
        ),
        (WORDS, {"repeats": 2}, "--repeats 2 for model 'words'"),
        (WORDS, {"video_input": "black"}, "--video_input black for model 'words'"),
        (REPLAY, {"video_input": "other"}, "reads no video"),
    ],
)
def test_what_would_ask_the_same_again_is_refused_in_one_line(
    card: Card, flags: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as caught:
        check_asked(config(card, **flags), card)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("card", "flags"),
    [
        (WATCHING, {"repeats": 8, "gen_kwargs": {"temperature": 1.0}}),
        (WATCHING, {"video_input": "other"}),
        (REPLAY, {"repeats": 8}),
        (WORDS, {}),
    ],
)
def test_what_can_be_asked_passes(card: Card, flags: dict[str, Any]) -> None:
    check_asked(config(card, **flags), card)


@pytest.mark.parametrize("flags", [{"repeats": 0}, {"video_input": "upside down"}])
def test_flags_out_of_range_are_refused(flags: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"got --{next(iter(flags))} "):
        config(WATCHING, **flags)
