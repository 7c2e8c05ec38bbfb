import pytest

from rarft.harness.parsing import parse_reply


@pytest.mark.parametrize(
    "text",
    [
        "It is not until 3.0 to 9.0 seconds that the man sits down.",
        "No person other than the man appears; he cooks from 3.0 to 9.0 seconds.",
        "Nothing happens before; from 3.0 to 9.0 the dog runs.",
        "The video does not only show a cat; from 3.0 to 9.0 seconds a dog runs.",
    ],
)
def test_a_negation_that_refuses_nothing_leaves_a_grounding(text: str) -> None:
    prediction = parse_reply(text)
    assert prediction.kind == "grounded"
    assert [(span.start_s, span.end_s) for span in prediction.spans] == [(3.0, 9.0)]


@pytest.mark.parametrize("text", ["nan to nan", "<answer>nan</answer>", "[nan, nan]"])
def test_numbers_that_are_no_numbers_are_unparsed(text: str) -> None:
    assert parse_reply(text).kind == "unparsed"
