from rarft.tasks.rows import doc_to_image, doc_to_target, doc_to_text

RELEVANT = {"text": "a man runs", "relevant": True, "spans": [[0.0, 40.0]], "video": "a.mp4"}


def test_the_prompt_text_is_the_bare_query() -> None:
    assert doc_to_text(RELEVANT) == "a man runs"


def test_the_target_of_a_relevant_query_keeps_every_digit_of_its_span() -> None:
    assert doc_to_target(RELEVANT) == "0.0 to 40.0"
    assert doc_to_target(RELEVANT | {"spans": [[1234.567, 1300.01]]}) == "1234.567 to 1300.01"


def test_the_target_of_a_relevant_query_without_a_span_is_empty() -> None:
    assert doc_to_target(RELEVANT | {"spans": []}) == ""


def test_the_target_of_an_irrelevant_query_is_its_refusal() -> None:
    assert doc_to_target({"relevant": False, "refusal": "Nobody runs."}) == "Nobody runs."
    assert doc_to_target({"relevant": False}) == ""


def test_the_visual_is_the_video_name_in_a_list() -> None:
    assert doc_to_image(RELEVANT) == ["a.mp4"]
