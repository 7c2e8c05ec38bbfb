"""A card says `protocol` only if this has run: its runner, a stand-in for the model, one clip."""

from pathlib import Path

import pytest

from rarft.harness.models import card_paths, find_card, load_model, prompt_text
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash

CARDS = {name: find_card(name)[0] for name in card_paths()}
WITH_RUNNER = sorted(name for name, card in CARDS.items() if card.runner is not None)


def test_the_cards_of_level_protocol_are_those_with_a_runner() -> None:
    claimed = [name for name, card in CARDS.items() if card.verified.level == "protocol"]
    assert sorted(claimed) == WITH_RUNNER


@pytest.mark.parametrize("name", WITH_RUNNER)
def test_a_cards_runner_answers_over_the_bridge_in_the_cards_form(
    name: str, make_clip, tmp_path: Path
) -> None:
    card, path = find_card(name)
    clip = make_clip("clip.mp4", n_frames=60, fps=10)
    query = Query(
        id="1", task="t", video=clip.name, text="a dog barks", relevant=True, record="1",
        duration_s=6.0,
    )  # fmt: skip
    model = load_model(
        card,
        model_args={"stand_in": True, "device": "cpu"},
        generation=card.generation,
        batch_size=1,
        seed=0,
        cache=tmp_path,
    )
    requests = [
        Request(
            key=mode,
            query=query,
            prompt=prompt_text(card, path, mode=mode).replace("{query}", query.text),  # type: ignore[arg-type]
            system=card.system,
            video=VideoFile(path=clip, sha256=content_hash(clip)) if card.reads_video else None,
            generation=card.generation,
        )
        for mode in ("refusal", "native")
    ]
    assert "stand-in" in model.engine["runner"]
    replies = model.generate(requests)
    model.close()
    for reply in replies:
        assert reply.failure is None
        if reply.text is None:
            assert card.output.form == "structured"
            assert (reply.relevant, len(reply.spans)) == (reply.relevance_score >= 0.5, 1)
        else:
            prediction = parse_reply(reply.text, form=card.output.form)
            assert (prediction.kind, prediction.format_ok) == ("grounded", True)
