from collections.abc import Callable

import pytest

from rarft.dataset_builder.rewrite_relevant import Paraphrase, fault_of
from rarft.dataset_builder.types import Row
from rarft.dataset_builder.verify import Rules
from rarft.harness.llm import LLMAnswer


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I cannot help with that.",
        "Here is the query: a person opens a door.",
        "<query>someone opens the kitchen door</query>",
        "door",
    ],
)
def test_an_answer_that_reads_like_no_query_never_stands_for_a_relevant_one(
    make_rows: Callable[..., list[Row]], text: str
) -> None:
    row = make_rows()[0]
    fault = fault_of(row, LLMAnswer(value=Paraphrase(query=text)), Rules())
    assert fault.startswith("the query does not read well")


def test_a_query_in_other_words_stands_for_it_and_no_answer_has_its_reason(
    make_rows: Callable[..., list[Row]],
) -> None:
    row = make_rows()[0]
    told = LLMAnswer(value=Paraphrase(query="someone opens up the kitchen's door."))
    assert fault_of(row, told, Rules()) == ""
    assert fault_of(row, LLMAnswer(failure="it was cut off"), Rules()) == "it was cut off"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("a person closes the door of the kitchen.", "'open' > 'close'"),
        ("a person opens the window of the kitchen.", "'door' > 'window'"),
        ("a person opens the red door of the kitchen.", "'-' > 'red'"),
        ("two persons open the door of the kitchen.", "'"),
    ],
)
def test_words_that_say_something_else_never_stand_for_a_relevant_query(
    make_rows: Callable[..., list[Row]], text: str, changed: str
) -> None:
    fault = fault_of(make_rows()[0], LLMAnswer(value=Paraphrase(query=text)), Rules())
    assert fault.startswith(changed)
    assert fault.endswith("changes what it says")
