"""The sentence encoder that comes with the package: real weights, no network."""

import pytest

from rarft.harness.errors import UserError
from rarft.harness.judges.encoder import DEFAULT_ENCODER, encoder_identity, load_encoder
from rarft.harness.judges.similarity import judge_correction, judge_similarity, similarities

TEXTS = [
    "The animal is a cat, not a dog.",
    "No dog is shown; a cat runs instead.",
    "The man wears a blue shirt.",
    "The video does not contain a relevant segment for the query.",
    "Short.",
    "The video shows a person who walks to the window, opens it and looks out for a long while.",
]
PAIRS = [(a, b) for a in TEXTS for b in TEXTS]


def found(pairs, **options):
    return similarities(pairs, encoder=DEFAULT_ENCODER, **options)


def test_a_text_is_wholly_like_itself():
    assert found([(text, f" {text}\n") for text in TEXTS]) == pytest.approx([1.0] * 6, abs=1e-12)


def test_similarities_are_the_clipped_cosines_of_the_library():
    from sentence_transformers import util

    vectors = load_encoder(DEFAULT_ENCODER).encode(TEXTS, show_progress_bar=False)
    expected = util.cos_sim(vectors, vectors).clamp(0.0, 1.0).flatten().tolist()
    assert found(PAIRS) == pytest.approx(expected, abs=1e-5)


def test_batches_and_order_change_nothing():
    whole = dict(zip(PAIRS, found(PAIRS), strict=True))
    for batch_size, pairs in ((1, PAIRS), (2, PAIRS[::-1]), (64, PAIRS[5:20])):
        parts = found(pairs, batch_size=batch_size)
        assert parts == pytest.approx([whole[pair] for pair in pairs], abs=1e-5)


def test_an_opposite_is_not_below_0():
    values = found([("a", text) for text in TEXTS])
    assert all(0.0 <= value <= 1.0 for value in values)


@pytest.mark.parametrize("pair", [("", "a cat"), ("a cat", ""), (" \n", "a cat"), ("", "")])
def test_an_empty_text_is_like_nothing(pair):
    assert found([pair]) == [0.0]


def test_no_pairs_are_no_similarities():
    assert found([]) == []


def test_every_pair_is_told_when_done():
    done = []
    found(PAIRS, batch_size=1, on_done=done.append)
    assert done == [16, 16, 4]


def test_an_explanation_is_compared_with_the_reference_refusal(make_case):
    cases = [make_case(f"<answer>{text}</answer>") for text in TEXTS[:3]]
    judged = judge_similarity(cases, encoder=DEFAULT_ENCODER)
    assert judged[0].value == pytest.approx(1.0)
    assert judged[0].value > judged[1].value > judged[2].value
    assert {(one.measure, one.judge, one.version, one.model) for one in judged} == {
        ("similarity", "sbert", "1", encoder_identity(DEFAULT_ENCODER))
    }


def test_a_corrected_query_is_compared_with_the_relevant_query(make_case):
    replies = [
        "<answer>No dog.</answer><correction>a cat runs left</correction>",
        "<answer>No dog.</answer><correction>a dog runs left</correction>",
        "<answer>No dog.</answer><correction>NIL</correction>",
    ]
    judged = judge_correction([make_case(r) for r in replies], encoder=DEFAULT_ENCODER)
    assert judged[0].value == pytest.approx(1.0)
    assert 0.0 < judged[1].value < 0.9
    assert judged[2].value == 0.0
    assert {one.measure for one in judged} == {"correction"}


def test_an_encoder_is_loaded_once():
    assert load_encoder(DEFAULT_ENCODER) is load_encoder(DEFAULT_ENCODER)


def test_a_folder_is_known_by_its_content_and_not_by_its_place(tmp_path):
    identities = set()
    for parent, content in (("a", "{}"), ("b", "{}"), ("c", '{"x": 1}')):
        folder = tmp_path / parent / "encoder"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(content, encoding="utf-8")
        identities.add(encoder_identity(str(folder)))
    assert len(identities) == 2
    assert all(identity.startswith("encoder@sha256:") for identity in identities)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["all-mpnet-base-v2", "no-one/no-such-encoder", "a//b"])
def test_an_encoder_that_is_not_here_is_one_line_offline(name):
    with pytest.raises(UserError) as caught:
        similarities([("a", "b")], encoder=name)
    message = str(caught.value)
    assert message.startswith(f"got the encoder {name}, which cannot be loaded (")
    assert "expected a folder or a Hub id" in message
    assert message.endswith("or use all-MiniLM-L6-v2, which is installed")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["", " "])
def test_an_encoder_without_a_name_is_refused(name):
    with pytest.raises(UserError, match="expected a name, a folder or a Hub id"):
        encoder_identity(name)


def test_a_folder_without_an_encoder_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"the folder has no config\.json"):
        encoder_identity(str(tmp_path))


def test_a_damaged_folder_is_one_line(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"', encoding="utf-8")
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        similarities([("a", "b")], encoder=str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.fixture
def offline(monkeypatch):
    """Ask no hub: RARFT_OFFLINE works whenever it is set, unlike the library's own switch."""
    monkeypatch.setenv("RARFT_OFFLINE", "1")
